//! baresip as a telephone on a trunk: it speaks from a file and is told what to do over its control port.

use super::netstring::Netstring;
use super::{LONGEST_CALL, LOOK, STARTS_WITHIN, Said, TrunkCallerConfig};
use crate::sound::RATE;
use anyhow::{Context, ensure};
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use siaga_media::{Codec, Waveform};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio_util::codec::Framed;

/// The program.
const BARESIP: &str = "baresip";

/// Where Debian keeps its modules.
const MODULES: &str = "/usr/lib/baresip/modules";

/// A baresip that runs; killed when this is dropped.
pub(super) struct Baresip {
    line: Framed<TcpStream, Netstring>,
    process: Child,
    _home: tempfile::TempDir,
}

impl Baresip {
    /// Starts it. `listens`: its SIP port, 0 for any.
    pub(super) async fn start(
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
        let mut baresip = Self { line, process, _home: home };
        let heard = tokio::time::timeout(STARTS_WITHIN, baresip.listens()).await;
        heard.context("baresip does not answer")??;
        Ok(baresip)
    }

    /// Waits until it has taken our connection, which is longer than until it can be made: events that
    /// come before are told to nobody. Nothing has happened to it yet.
    async fn listens(&mut self) -> anyhow::Result<()> {
        self.order("listcalls", "").await?;
        loop {
            let line = self.line.next().await.context("baresip is gone")??;
            if serde_json::from_str::<Reply>(&line)?.response {
                return Ok(());
            }
        }
    }

    /// Dials this address.
    pub(super) async fn dial(&mut self, address: &str) -> anyhow::Result<()> {
        self.order("dial", address).await
    }

    /// Answers what rings.
    pub(super) async fn accept(&mut self) -> anyhow::Result<()> {
        self.order("accept", "").await
    }

    /// Presses a key.
    pub(super) async fn press(&mut self, key: char) -> anyhow::Result<()> {
        self.order("sndcode", &key.to_string()).await
    }

    /// Hangs up, and lets baresip say goodbye: of a call that it ends itself it tells nothing, but it
    /// ends only when that is done.
    pub(super) async fn hang_up(&mut self) -> anyhow::Result<()> {
        self.order("hangup", "").await?;
        let quits = async {
            self.order("quit", "").await?;
            anyhow::Ok(self.process.wait().await?)
        };
        match tokio::time::timeout(STARTS_WITHIN, quits).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "baresip is gone already"),
            Err(_) => tracing::warn!("baresip does not end and is killed"),
        }
        Ok(())
    }

    /// What it says next.
    pub(super) async fn said(&mut self) -> anyhow::Result<Said> {
        let line = self.line.next().await.context("baresip is gone")??;
        let event: Event = serde_json::from_str(&line)?;
        Ok(match event.name.as_str() {
            "CALL_INCOMING" => Said::Rung,
            "CALL_RINGING" | "CALL_PROGRESS" => Said::Ringing,
            "CALL_ESTABLISHED" => Said::Answered,
            "CALL_CLOSED" => Said::Over(event.param),
            _ => Said::Nothing,
        })
    }

    async fn order(&mut self, command: &str, params: &str) -> anyhow::Result<()> {
        Ok(self.line.send(serde_json::to_string(&Order { command, params })?).await?)
    }
}

/// What is ordered of baresip.
#[derive(Serialize)]
struct Order<'a> {
    command: &'a str,
    params: &'a str,
}

/// Whether what baresip says is an answer to an order.
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    response: bool,
}

/// What baresip says: answers to orders, which hold no event, and events.
#[derive(Deserialize)]
struct Event {
    #[serde(default, rename = "type")]
    name: String,
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
    let said: Vec<i16> = config.speaker.said_in(LONGEST_CALL).flatten().collect();
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
        codec_of(config.codec)
    );
    std::fs::write(home.join("accounts"), account)?;
    // Without it baresip writes one with examples.
    std::fs::write(home.join("contacts"), "")?;
    Ok(())
}

/// A codec as baresip calls it.
const fn codec_of(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "opus/48000/1",
        Codec::Waveform(Waveform::G722) => "g722/16000/1",
        Codec::Waveform(Waveform::Pcma) => "pcma/8000/1",
        Codec::Waveform(Waveform::Pcmu) => "pcmu/8000/1",
    }
}

/// A port that nobody listens on. Another program may take it before baresip does; then baresip cannot
/// be reached, and the caller says so.
pub(super) async fn free_port() -> anyhow::Result<u16> {
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
