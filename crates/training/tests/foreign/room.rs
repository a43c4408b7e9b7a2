//! What both tests need of a Polda: a stage, people with voices of their own, and judgement by ear.

use super::telephone::{Programs, Telephone};
use anyhow::Context;
use siaga_call_flow::{FlowConfig, FlowEvent};
use siaga_hub::HubNews;
use siaga_model::{Danger, Redacted, SeatId, Tri, UnitId};
use siaga_switch::LegReport;
use siaga_testkit::{correlate, voice, wav};
use siaga_training::{Ear, Operator, POLDA, Stage, StageConfig, SwitchKind, seat_of};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, broadcast};

/// Samples a second of everything here.
pub(crate) const RATE: u32 = 48_000;

/// How long everybody talks before somebody asks whether it was understood: longer than a voice.
const TALK: Duration = Duration::from_secs(8);

/// How often it is said again. A busy machine garbles some of it, as a bad line does.
const MOST_TALKS: usize = 6;

/// Each test plays in real time and needs the machine's processors for itself.
pub(crate) static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// From the ring to the hand.
pub(crate) const REACH: Duration = Duration::from_millis(400);

/// Longer than the hub takes for anything on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The Polres of these tests.
pub(crate) const POLRES: &str = "pmj.depok";

/// Its unit.
pub(crate) fn polres() -> UnitId {
    POLRES.parse().expect("a unit's id")
}

/// Its only seat.
pub(crate) fn polres_seat() -> SeatId {
    seat_of(&polres(), 1)
}

/// The first seat of the Polda.
pub(crate) fn polda_seat() -> SeatId {
    seat_of(&POLDA.parse().expect("a unit's id"), 1)
}

/// What each of the three says, 48 kHz mono.
pub(crate) struct Voices {
    pub(crate) caller: Arc<[i16]>,
    pub(crate) polda: Arc<[i16]>,
    pub(crate) polres: Arc<[i16]>,
}

impl Voices {
    pub(crate) fn made_up() -> Self {
        let [caller, polda, polres] = [41, 42, 43].map(|seed| voice::speech_like(seed, 6.0).into());
        Self { caller, polda, polres }
    }
}

/// Whether a test can run here. What is missing is said as `cargo xtask test` counts it.
pub(crate) fn equipment(test: &str) -> Option<(Programs, PathBuf)> {
    let plugins = std::env::var_os("SIAGA_PLUGINS").map(PathBuf::from);
    let why = match (Programs::find(), plugins) {
        (Ok(programs), Some(plugins)) => return Some((programs, plugins)),
        (Err(why), _) => why,
        (Ok(_), None) => "SIAGA_PLUGINS does not name the folder of the plugins".to_owned(),
    };
    siaga_testkit::skip(test, &why);
    None
}

/// A hub with this switch, and a folder that lives as long.
pub(crate) async fn stage(
    switch: SwitchKind,
    plugins: PathBuf,
) -> anyhow::Result<(Stage, tempfile::TempDir)> {
    let dir = tempfile::tempdir()?;
    let config = StageConfig {
        dir: dir.path().to_owned(),
        plugins,
        flow: FlowConfig::polda_first(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    };
    let stage = Stage::open_on(switch, config).await?;
    Ok((stage, dir))
}

/// Writes what somebody says as the browser's microphone wants it.
pub(crate) fn spoken(dir: &tempfile::TempDir, voice: &[i16]) -> anyhow::Result<PathBuf> {
    let file = dir.path().join("spoken.wav");
    wav::write(&file, voice, RATE)?;
    Ok(file)
}

/// The Polda operator writes what the caller reports, and picks the Polres.
pub(crate) async fn take_the_report(polda: &mut Operator) -> anyhow::Result<()> {
    polda
        .write(|form| {
            form.location = Redacted::new("Kelapa Dua, Kel. Tugu, Cimanggis, Depok".to_owned());
            form.narrative =
                Redacted::new("Plp lapor rumah neneknya kebakaran, nenek terjebak.".to_owned());
            form.kind = "pelaporan/kebakaran".to_owned();
            form.danger = Danger { trapped: Tri::Yes, ongoing: Tri::Yes, ..Danger::default() };
            form.unit = Some(polres());
        })
        .await
}

/// The browser's user and somebody of ours talk until each has understood the other, or nobody would
/// go on. Gives all that the browser has heard, and where in it and in `ear` this talk began.
pub(crate) async fn talk(
    browser: &mut Telephone,
    browser_says: &[i16],
    ear: &Ear,
    we_say: &[i16],
) -> anyhow::Result<(Vec<i16>, usize, usize)> {
    let (there, here) = (browser.heard().await?.len(), ear.heard().samples.len());
    let mut heard = Vec::new();
    for _ in 0..MOST_TALKS {
        tokio::time::sleep(TALK).await;
        heard = browser.heard().await?;
        if is_understood(we_say, &heard[there..])
            && is_understood(browser_says, &ear.heard().samples[here..])
        {
            break;
        }
    }
    // Whether they have is judged in the end, with everything else.
    Ok((heard, there, here))
}

/// Found with a margin, since the same voice is looked for in the recording later.
fn is_understood(spoken: &[i16], heard: &[i16]) -> bool {
    let found = correlate::find(spoken, heard, RATE);
    found.is_found() && found.peak > correlate::FOUND + 0.2
}

/// The hub's news up to the one that is wanted, all of them.
pub(crate) async fn news_until(
    news: &mut broadcast::Receiver<HubNews>,
    what: &str,
    mut wanted: impl FnMut(&HubNews) -> bool,
) -> anyhow::Result<Vec<HubNews>> {
    let mut seen = Vec::new();
    loop {
        let item = tokio::time::timeout(PATIENCE, news.recv())
            .await
            .with_context(|| format!("the hub does not tell of {what}"))?
            .context("news of the hub were missed")?;
        let found = wanted(&item);
        seen.push(item);
        if found {
            return Ok(seen);
        }
    }
}

/// As [`news_until`], for the life of the call.
pub(crate) async fn flow_until(
    news: &mut broadcast::Receiver<HubNews>,
    what: &str,
    wanted: fn(&FlowEvent) -> bool,
) -> anyhow::Result<Vec<HubNews>> {
    news_until(news, what, |item| matches!(item, HubNews::Flow { event, .. } if wanted(event)))
        .await
}

/// The legs that are over.
pub(crate) fn legs(news: &[HubNews]) -> impl Iterator<Item = &LegReport> {
    news.iter().filter_map(|item| if let HubNews::Leg(leg) = item { Some(leg) } else { None })
}

/// Whether a leg's media was as agreed. A browser sends its first packets before our side has its
/// keys, so a few are always lost.
pub(crate) fn sounds_whole(leg: &LegReport) -> bool {
    leg.codec.starts_with("opus") && leg.packets_lost * 50 < leg.packets_received
}

/// What the sealed recording holds: what the caller said, and what the caller was sent.
pub(crate) fn recording(news: &[HubNews]) -> anyhow::Result<(Vec<i16>, Vec<i16>)> {
    let mut reports = news
        .iter()
        .filter_map(|item| if let HubNews::Recording(report) = item { Some(report) } else { None });
    let file = reports.next().context("there is no recording")?.file.clone();
    Ok(siaga_recording::decode(&file)?)
}

/// How loud a sound is on the whole, RMS in dBFS.
pub(crate) fn loudness(sound: &[i16]) -> f64 {
    let power: f64 = sound.iter().map(|s| (f64::from(*s) / 32_768.0).powi(2)).sum();
    10.0 * (power / sound.len().max(1) as f64).max(1e-12).log10()
}

/// Judges who was heard where; all that is wrong is said at once.
#[derive(Default)]
pub(crate) struct Judge {
    wrong: Vec<String>,
}

impl Judge {
    /// Looks for a voice where it must be, or must not be.
    pub(crate) fn voice(
        &mut self,
        who: &str,
        spoken: &[i16],
        place: &str,
        heard: &[i16],
        there: bool,
    ) {
        let found = correlate::find(spoken, heard, RATE);
        let note = format!(
            "{who} in {place}: peak {:.2}, {} of {} segments",
            found.peak, found.found, found.segments
        );
        eprintln!("{note}");
        if found.is_found() != there {
            self.wrong.push(format!("{note}, expected {there}"));
        }
    }

    /// Says what must hold beside voices.
    pub(crate) fn check(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.wrong.push(what.into());
        }
    }

    /// Fails with everything that was wrong.
    pub(crate) fn done(self) {
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
    }
}
