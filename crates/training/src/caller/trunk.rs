//! A caller on a PBX's trunk, with a telephone that we did not write, over plain SIP and RTP: baresip,
//! or sipp where nothing but G.711 is spoken.
//!
//! What the caller hears is taken from the packets that reach the telephone, by the [`Trunk`] between it
//! and the PBX, because a file that a telephone writes has no gaps where nothing came: it would hide
//! what we look for.

mod baresip;
mod netstring;
mod rtp;
mod sipp;

use super::{Caller, CallerState, KEYS, NUMBER};
use crate::sound::{Ear, Speaker};
use anyhow::{Context, bail, ensure};
use baresip::Baresip;
pub(crate) use rtp::Rtp;
use siaga_media::playout::Playout;
use siaga_media::{Codec, FRAME_DURATION, MediaStats, Waveform};
use siaga_testkit::{Delivered, LinkModel, Trunk, TrunkConfig};
use sipp::Sipp;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

/// The program of a telephone on a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrunkProgram {
    /// Speaks every codec, hangs up and presses keys.
    #[default]
    Baresip,
    /// Speaks G.711. It hears nothing of us once it has dialled, so it neither hangs up nor presses keys.
    Sipp,
}

impl TrunkProgram {
    /// What it is called, as in its `User-Agent`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baresip => "baresip",
            Self::Sipp => "sipp",
        }
    }

    /// What it speaks unless it is told.
    pub(crate) fn codec(self) -> Codec {
        match self {
            Self::Baresip => Codec::Opus,
            Self::Sipp => Codec::Waveform(Waveform::Pcma),
        }
    }
}

/// For how long a caller can talk: the file that a telephone speaks from ends then.
const LONGEST_CALL: Duration = Duration::from_secs(240);

/// How long a telephone may take to start, and to send its INVITE.
const STARTS_WITHIN: Duration = Duration::from_secs(15);

/// How long a telephone waits for its ring.
const RINGS_WITHIN: Duration = Duration::from_secs(45);

/// From the ring to the hand that answers it.
const REACH: Duration = Duration::from_millis(700);

/// How often something that has just been started is asked for again.
const LOOK: Duration = Duration::from_millis(20);

/// The two ends of a PBX's trunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrunkLine {
    /// Where the PBX expects its provider.
    pub(crate) trunk: IpAddr,
    /// Where the PBX takes calls from it.
    pub(crate) pbx: SocketAddr,
}

/// Who calls over a trunk, and what they say.
pub(crate) struct TrunkCallerConfig {
    /// The trunk.
    pub(crate) line: TrunkLine,
    /// The number that the trunk vouches for.
    pub(crate) number: String,
    /// What they say.
    pub(crate) speaker: Speaker,
    /// With which telephone. One that is called is always baresip.
    pub(crate) program: TrunkProgram,
    /// The only codec that it speaks.
    pub(crate) codec: Codec,
    /// The network between; `None` is a perfect one.
    pub(crate) link: Option<LinkModel>,
}

/// Dials 110.
///
/// # Errors
/// When the telephone is not there, does not start or does not dial.
pub(super) async fn dial(config: TrunkCallerConfig) -> anyhow::Result<Caller> {
    let (trunk, delivered) = Trunk::start(TrunkConfig {
        trunk: SocketAddr::new(config.line.trunk, 0),
        pbx: config.line.pbx,
        asserted: Some(config.number.clone()),
        link: config.link.unwrap_or_default(),
    })
    .await
    .context("the trunk")?;
    let outward = trunk.facing_telephone();
    let telephone = match config.program {
        TrunkProgram::Baresip => {
            let mut baresip = Baresip::start(&config, outward, 0).await?;
            baresip.dial(&format!("sip:{NUMBER}@{outward}")).await?;
            Telephone::Baresip(baresip)
        }
        TrunkProgram::Sipp => Telephone::Sipp(Sipp::dial(&config, outward)?),
    };
    let deadline = Instant::now() + STARTS_WITHIN;
    let dialled_at = loop {
        match trunk.invited_at() {
            Some(at) => break at,
            None => ensure!(Instant::now() < deadline, "{} does not dial", config.program.name()),
        }
        tokio::time::sleep(LOOK).await;
    };
    converse(telephone, trunk, delivered, dialled_at)
}

/// A telephone behind a trunk that can be called.
pub(crate) struct TrunkTelephone {
    config: TrunkCallerConfig,
    trunk: Trunk,
    delivered: mpsc::Receiver<Delivered>,
    /// Where baresip will listen.
    listens: u16,
}

impl TrunkTelephone {
    /// It is there from now on; its owner picks it up in [`Self::answer`].
    ///
    /// # Errors
    /// When the trunk's own port is taken.
    pub(crate) async fn at(config: TrunkCallerConfig) -> anyhow::Result<Self> {
        // Taken by nobody a moment ago; of TCP, but baresip listens on both.
        let listens = baresip::free_port().await?;
        let (trunk, delivered) = Trunk::start(TrunkConfig {
            trunk: SocketAddr::new(config.line.trunk, config.line.pbx.port()),
            pbx: config.line.pbx,
            asserted: None,
            link: config.link.unwrap_or_default(),
        })
        .await
        .context("the trunk's own port")?;
        Ok(Self { config, trunk, delivered, listens })
    }

    /// The telephone, to which calls pass from now on: it would not tell of one that came before it
    /// could be told what to do.
    async fn picked_up(&self) -> anyhow::Result<Baresip> {
        let outward = self.trunk.facing_telephone();
        let baresip = Baresip::start(&self.config, outward, self.listens).await?;
        self.trunk.telephone_is_at(SocketAddr::from((Ipv4Addr::LOCALHOST, self.listens)));
        Ok(baresip)
    }

    /// Says that it is busy when it is called.
    ///
    /// # Errors
    /// When baresip does not start, or does not ring.
    pub(crate) async fn is_busy(&mut self) -> anyhow::Result<()> {
        let mut baresip = self.picked_up().await?;
        let rings = async {
            while !matches!(baresip.said().await?, Said::Rung) {}
            anyhow::Ok(())
        };
        tokio::time::timeout(RINGS_WITHIN, rings).await.context("it does not ring")??;
        // Of a call that nobody has accepted: 486.
        baresip.hang_up().await
    }

    /// Answers the next call, whose ring is repeated (RFC 3261 section 17.1.1.2) until baresip hears
    /// it.
    ///
    /// # Errors
    /// When baresip does not start.
    pub(crate) async fn answer(mut self, speaker: Speaker) -> anyhow::Result<Caller> {
        self.config.speaker = speaker;
        let baresip = self.picked_up().await?;
        converse(Telephone::Baresip(baresip), self.trunk, self.delivered, Instant::now())
    }
}

/// Lets a telephone talk in the background.
fn converse(
    telephone: Telephone,
    trunk: Trunk,
    delivered: mpsc::Receiver<Delivered>,
    dialled_at: Instant,
) -> anyhow::Result<Caller> {
    let (state, shown) = watch::channel(CallerState::Dialling);
    let (stats_in, stats) = watch::channel(MediaStats::default());
    let (hang_up, hang_ups) = mpsc::channel(1);
    let (keys, presses) = mpsc::channel(KEYS);
    let ear = Ear::default();
    let run = Run {
        telephone,
        trunk,
        delivered,
        voice: Playout::new()?,
        received: 0,
        ear: ear.clone(),
        state,
        stats: stats_in,
        hang_ups,
        presses,
    };
    tokio::spawn(run.run());
    Ok(Caller { dialled_at, ear, state: shown, stats, hang_up, keys })
}

/// A telephone that runs; killed when this is dropped.
enum Telephone {
    Baresip(Baresip),
    Sipp(Sipp),
}

/// What a telephone tells.
enum Said {
    /// Somebody calls it.
    Rung,
    /// It rings at the other end.
    Ringing,
    /// The call was answered.
    Answered,
    /// The other side has ended it; why, in the telephone's words.
    Over(String),
    /// Something else.
    Nothing,
}

impl Telephone {
    async fn said(&mut self) -> anyhow::Result<Said> {
        match self {
            Self::Baresip(baresip) => baresip.said().await,
            Self::Sipp(sipp) => sipp.said().await,
        }
    }

    /// The baresip that it is.
    fn baresip(&mut self) -> anyhow::Result<&mut Baresip> {
        match self {
            Self::Baresip(baresip) => Ok(baresip),
            Self::Sipp(_) => bail!("sipp is told nothing once it has dialled"),
        }
    }
}

struct Run {
    telephone: Telephone,
    trunk: Trunk,
    delivered: mpsc::Receiver<Delivered>,
    voice: Playout,
    received: u64,
    ear: Ear,
    state: watch::Sender<CallerState>,
    stats: watch::Sender<MediaStats>,
    hang_ups: mpsc::Receiver<()>,
    presses: mpsc::Receiver<char>,
}

impl Run {
    async fn run(mut self) {
        let by_me = match self.converse().await {
            Ok(by_me) => by_me,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a caller's telephone broke");
                false
            }
        };
        self.state.send_replace(CallerState::Ended { by_me });
    }

    /// Until the end; gives whether the caller hung up.
    async fn converse(&mut self) -> anyhow::Result<bool> {
        let mut ticks = tokio::time::interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let answered = *self.state.borrow() == CallerState::Answered;
            tokio::select! {
                said = self.telephone.said() => match said? {
                    Said::Rung => {
                        self.state.send_replace(CallerState::Ringing);
                        tokio::time::sleep(REACH).await;
                        self.telephone.baresip()?.accept().await?;
                    }
                    Said::Ringing => {
                        self.state.send_replace(CallerState::Ringing);
                    }
                    Said::Answered => {
                        self.state.send_replace(CallerState::Answered);
                    }
                    Said::Over(why) => {
                        tracing::debug!(why, "the other side has ended the call");
                        return Ok(false);
                    }
                    Said::Nothing => {}
                },
                Some(delivered) = self.delivered.recv() => self.take(&delivered),
                Some(key) = self.presses.recv(), if answered => {
                    self.telephone.baresip()?.press(key).await?;
                }
                // Whoever only listens on has let go of the handset without hanging up.
                Some(()) = self.hang_ups.recv() => {
                    self.state.send_replace(CallerState::Ended { by_me: true });
                    self.telephone.baresip()?.hang_up().await?;
                    return Ok(true);
                }
                _ = ticks.tick(), if answered => {
                    self.ear.hear(&self.voice.pull(Instant::now()));
                    self.stats.send_replace(MediaStats {
                        packets_received: self.received,
                        ..MediaStats::default()
                    });
                }
            }
        }
    }

    /// Takes a packet that the telephone was sent.
    fn take(&mut self, delivered: &Delivered) {
        let Some(packet) = Rtp::parse(&delivered.datagram) else { return };
        self.received += 1;
        let format = self.trunk.codec(packet.payload_type).unwrap_or_default();
        if format == "telephone-event" {
            self.voice.insert_event(packet.sequence);
            return;
        }
        // What nobody has agreed on is heard as nothing.
        let Some(codec) = codec_named(&format) else { return };
        if codec != self.voice.codec() {
            self.voice.restart_as(codec);
        }
        let payload = bytes::Bytes::copy_from_slice(packet.payload);
        self.voice.insert(delivered.at, packet.sequence, packet.timestamp, payload);
    }
}

/// A codec by its name in SDP.
fn codec_named(name: &str) -> Option<Codec> {
    match name.to_ascii_uppercase().as_str() {
        "OPUS" => Some(Codec::Opus),
        "G722" => Some(Codec::Waveform(Waveform::G722)),
        "PCMA" => Some(Codec::Waveform(Waveform::Pcma)),
        "PCMU" => Some(Codec::Waveform(Waveform::Pcmu)),
        _ => None,
    }
}
