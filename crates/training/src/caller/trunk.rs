//! A caller on a PBX's trunk: baresip, which we did not write, over plain SIP and RTP.
//!
//! baresip speaks from a file and is told what to do over its control port. What the caller hears is
//! taken from the packets that reach baresip, by the [`Trunk`] between it and the PBX, because a file
//! that baresip writes has no gaps where nothing came: it would hide what we look for.

use super::{Caller, CallerState, KEYS, NUMBER};
use crate::sound::{Ear, RATE, Speaker};
use anyhow::{Context, ensure};
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use siaga_media::playout::Playout;
use siaga_media::{Codec, FRAME_DURATION, MediaStats, Waveform};
use siaga_testkit::{Delivered, LinkModel, Trunk, TrunkConfig};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::codec::Framed;

mod netstring;

use netstring::Netstring;

/// The program.
pub(crate) const BARESIP: &str = "baresip";

/// Where Debian keeps its modules.
const MODULES: &str = "/usr/lib/baresip/modules";

/// For how long a caller can talk: the file that baresip speaks from ends then.
const LONGEST_CALL: Duration = Duration::from_secs(240);

/// How long baresip may take to start, and to send its INVITE.
const STARTS_WITHIN: Duration = Duration::from_secs(15);

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
    /// Codecs as baresip names them, the best first, e.g. `opus/48000/1`.
    pub(crate) codecs: String,
    /// The network between; `None` is a perfect one.
    pub(crate) link: Option<LinkModel>,
}

/// Dials 110.
///
/// # Errors
/// When baresip is not there, does not start or does not dial.
pub(super) async fn dial(config: TrunkCallerConfig) -> anyhow::Result<Caller> {
    let (trunk, delivered) = Trunk::start(TrunkConfig {
        trunk: SocketAddr::new(config.line.trunk, 0),
        pbx: config.line.pbx,
        telephone: None,
        asserted: Some(config.number.clone()),
        link: config.link.unwrap_or_default(),
    })
    .await
    .context("the trunk")?;
    let outward = trunk.facing_telephone();
    let mut baresip = Baresip::start(&config, outward, 0).await?;
    baresip.order("dial", &format!("sip:{NUMBER}@{outward}")).await?;
    let deadline = Instant::now() + STARTS_WITHIN;
    let dialled_at = loop {
        match trunk.invited_at() {
            Some(at) => break at,
            None => ensure!(Instant::now() < deadline, "baresip does not dial"),
        }
        tokio::time::sleep(LOOK).await;
    };
    converse(baresip, trunk, delivered, dialled_at)
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
        let listens = free_port().await?;
        let (trunk, delivered) = Trunk::start(TrunkConfig {
            trunk: SocketAddr::new(config.line.trunk, config.line.pbx.port()),
            pbx: config.line.pbx,
            telephone: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, listens))),
            asserted: None,
            link: config.link.unwrap_or_default(),
        })
        .await
        .context("the trunk's own port")?;
        Ok(Self { config, trunk, delivered, listens })
    }

    /// Answers the next call, whose ring is repeated (RFC 3261 section 17.1.1.2) until baresip hears
    /// it.
    ///
    /// # Errors
    /// When baresip does not start.
    pub(crate) async fn answer(mut self, speaker: Speaker) -> anyhow::Result<Caller> {
        self.config.speaker = speaker;
        let outward = self.trunk.facing_telephone();
        let baresip = Baresip::start(&self.config, outward, self.listens).await?;
        converse(baresip, self.trunk, self.delivered, Instant::now())
    }
}

/// Lets a started baresip talk in the background.
fn converse(
    baresip: Baresip,
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
        baresip,
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

/// A baresip that runs; killed when this is dropped.
struct Baresip {
    line: Framed<TcpStream, Netstring>,
    process: Child,
    _home: tempfile::TempDir,
}

impl Baresip {
    /// Starts it. `listens`: its SIP port, 0 for any.
    async fn start(
        config: &TrunkCallerConfig,
        outward: SocketAddr,
        listens: u16,
    ) -> anyhow::Result<Self> {
        let home = tempfile::tempdir().context("a folder for baresip")?;
        let control = free_port().await?;
        furnish(home.path(), config, control, outward, listens)?;
        let process = Command::new(BARESIP)
            .arg("-f")
            .arg(home.path())
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(home.path().join("baresip.log"))?)
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("baresip cannot be started")?;
        let line = Framed::new(reach(control).await?, Netstring);
        Ok(Self { line, process, _home: home })
    }

    async fn order(&mut self, command: &str, params: &str) -> anyhow::Result<()> {
        Ok(self.line.send(serde_json::to_string(&Order { command, params })?).await?)
    }

    /// What it says next.
    async fn said(&mut self) -> anyhow::Result<Said> {
        Ok(serde_json::from_str(&self.line.next().await.context("baresip is gone")??)?)
    }
}

/// What is ordered of baresip.
#[derive(Serialize)]
struct Order<'a> {
    command: &'a str,
    params: &'a str,
}

/// What baresip says: answers to orders, which hold no event, and events.
#[derive(Deserialize)]
struct Said {
    #[serde(default, rename = "type")]
    event: String,
    #[serde(default)]
    param: String,
}

/// Writes baresip's configuration and the file that it speaks from.
fn furnish(
    home: &Path,
    config: &TrunkCallerConfig,
    control: u16,
    outward: SocketAddr,
    listens: u16,
) -> anyhow::Result<()> {
    let voice = home.join("voice.wav");
    let mut speaker = config.speaker.clone();
    let samples = LONGEST_CALL.as_secs() as usize * RATE as usize;
    let mut said = Vec::with_capacity(samples);
    while said.len() < samples {
        said.extend_from_slice(&speaker.next_frame());
    }
    siaga_testkit::wav::write(&voice, &said, RATE).context("the caller's voice")?;
    let mut text = format!(
        "sip_listen {ip}:{listens}\n\
         audio_source aufile,{voice}\n\
         audio_player aubridge,nil\n\
         audio_alert aubridge,nil\n\
         ausrc_srate {RATE}\nauplay_srate {RATE}\nausrc_channels 1\nauplay_channels 1\n\
         rtcp_mux no\n\
         module_path {MODULES}\n",
        ip = Ipv4Addr::LOCALHOST,
        voice = voice.display(),
    );
    for module in ["opus", "g711", "g722", "aufile", "aubridge"] {
        writeln!(text, "module {module}.so")?;
    }
    text.push_str("module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n");
    writeln!(text, "ctrl_tcp_listen {}:{control}", Ipv4Addr::LOCALHOST)?;
    text.push_str("opus_stereo no\nopus_sprop_stereo no\nopus_inbandfec yes\nopus_bitrate 28000\n");
    std::fs::write(home.join("config"), text)?;
    let account = format!(
        "<sip:{}@{}>;regint=0;ptime=20;audio_codecs={}\n",
        config.number,
        outward.ip(),
        config.codecs
    );
    std::fs::write(home.join("accounts"), account)?;
    // Without it baresip writes one with examples.
    std::fs::write(home.join("contacts"), "")?;
    Ok(())
}

/// A port that nobody listens on. Another program may take it before baresip does; then baresip cannot
/// be reached, and the caller says so.
async fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?.port())
}

async fn reach(control: u16) -> anyhow::Result<TcpStream> {
    let deadline = Instant::now() + STARTS_WITHIN;
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, control)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => ensure!(Instant::now() < deadline, "baresip does not start: {error}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

struct Run {
    baresip: Baresip,
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
                said = self.baresip.said() => {
                    let said = said?;
                    match said.event.as_str() {
                        "CALL_INCOMING" => {
                            self.state.send_replace(CallerState::Ringing);
                            tokio::time::sleep(REACH).await;
                            self.baresip.order("accept", "").await?;
                        }
                        "CALL_RINGING" | "CALL_PROGRESS" => {
                            self.state.send_replace(CallerState::Ringing);
                        }
                        "CALL_ESTABLISHED" => {
                            self.state.send_replace(CallerState::Answered);
                        }
                        "CALL_CLOSED" => {
                            tracing::debug!(why = said.param, "the call of baresip is over");
                            return Ok(false);
                        }
                        _ => {}
                    }
                }
                Some(delivered) = self.delivered.recv() => self.take(&delivered),
                Some(key) = self.presses.recv(), if answered => {
                    self.baresip.order("sndcode", &key.to_string()).await?;
                }
                // Whoever only listens on has let go of the handset without hanging up.
                Some(()) = self.hang_ups.recv() => {
                    self.baresip.order("hangup", "").await?;
                    self.state.send_replace(CallerState::Ended { by_me: true });
                    self.goodbye().await;
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

    /// Lets baresip say goodbye: of a call that it ends itself it tells nothing, but it ends only when
    /// that is done.
    async fn goodbye(&mut self) {
        let quits = async {
            self.baresip.order("quit", "").await?;
            anyhow::Ok(self.baresip.process.wait().await?)
        };
        match tokio::time::timeout(STARTS_WITHIN, quits).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "baresip is gone already"),
            Err(_) => tracing::warn!("baresip does not end and is killed"),
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

/// What is needed of an RTP packet (RFC 3550 section 5.1).
struct Rtp<'a> {
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    payload: &'a [u8],
}

impl<'a> Rtp<'a> {
    fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (head, rest) = datagram.split_first_chunk::<12>()?;
        if head[0] >> 6 != 2 {
            return None;
        }
        let mut payload = rest.get(4 * usize::from(head[0] & 0x0f)..)?;
        if head[0] & 0x10 != 0 {
            let words = u16::from_be_bytes([*payload.get(2)?, *payload.get(3)?]);
            payload = payload.get(4 + 4 * usize::from(words)..)?;
        }
        if head[0] & 0x20 != 0 {
            let padding = usize::from(*payload.last()?);
            payload = payload.get(..payload.len().checked_sub(padding)?)?;
        }
        Some(Self {
            payload_type: head[1] & 0x7f,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_its_payload_without_sources_extension_and_padding() {
        let mut packet = vec![0x80 | 0x20 | 0x10 | 1, 0x80 | 111, 0, 7, 0, 0, 3, 0xc0, 0, 0, 0, 1];
        packet.extend([9; 4]); // a contributing source
        packet.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // an extension of one word
        packet.extend([5, 6, 7, 0, 2]); // three bytes of voice, two of padding
        let rtp = Rtp::parse(&packet).expect("RTP");
        assert_eq!((rtp.payload_type, rtp.sequence, rtp.timestamp), (111, 7, 960));
        assert_eq!(rtp.payload, [5, 6, 7]);
        assert!(Rtp::parse(&packet[..14]).is_none());
        assert!(Rtp::parse(&[0; 20]).is_none());
    }
}
