//! sipp as a telephone on a trunk: it dials, speaks G.711 from a file until the other side hangs up, and
//! ends. What it does stands in `sipp.xml`.

use super::{LONGEST_CALL, Said, TrunkCallerConfig};
use anyhow::{Context, bail};
use siaga_media::codec::waveform::Encoder;
use siaga_media::{Codec, Frame, Waveform};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// The program.
const SIPP: &str = "sipp";

/// What it plays; says on standard error how far it has come.
const SCENARIO: &str = include_str!("sipp.xml");

/// A sipp that runs; killed when this is dropped.
pub(super) struct Sipp {
    said: Lines<BufReader<ChildStderr>>,
    process: Child,
    _home: tempfile::TempDir,
}

impl Sipp {
    /// Starts it; it dials at once.
    pub(super) fn dial(config: &TrunkCallerConfig, outward: SocketAddr) -> anyhow::Result<Self> {
        let (Codec::Waveform(codec @ (Waveform::Pcma | Waveform::Pcmu)), Some(payload_type)) =
            (config.codec, config.codec.static_payload_type())
        else {
            bail!("sipp does not speak {}", config.codec.name());
        };
        let home = tempfile::tempdir().context("a folder for sipp")?;
        let scenario = SCENARIO
            .replace("{payload_type}", &payload_type.to_string())
            .replace("{codec}", config.codec.name());
        std::fs::write(home.path().join("110.xml"), scenario)?;
        let mut coder = Encoder::new(codec);
        let frames = config.speaker.said_in(LONGEST_CALL);
        let voice: Vec<u8> = frames.flat_map(|frame| coder.encode(&Frame(frame))).collect();
        std::fs::write(home.path().join("voice.raw"), voice)?;
        let here = Ipv4Addr::LOCALHOST.to_string();
        let mut process = Command::new(SIPP)
            .current_dir(home.path())
            .args(["-sf", "110.xml", "-m", "1", "-l", "1", "-nostdin"])
            .args(["-i", &here, "-mi", &here, "-ci", &here])
            .args(["-s", super::NUMBER, "-key", "caller", &config.number])
            .args(["-timeout", &format!("{}s", LONGEST_CALL.as_secs())])
            .arg(outward.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("sipp cannot be started")?;
        let said = BufReader::new(process.stderr.take().context("sipp's standard error")?).lines();
        Ok(Self { said, process, _home: home })
    }

    /// What it says next.
    pub(super) async fn said(&mut self) -> anyhow::Result<Said> {
        Ok(match self.said.next_line().await?.as_deref() {
            Some("siaga: ringing") => Said::Ringing,
            Some("siaga: answered") => Said::Answered,
            Some(_) => Said::Nothing,
            None => Said::Over(self.process.wait().await?.to_string()),
        })
    }
}
