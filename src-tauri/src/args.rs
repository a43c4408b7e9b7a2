//! How the desktop is started. Reads the command line and decides nothing.

use crate::tel::TelLink;
use clap::Parser;
use siaga_model::{Redacted, SeatId};
use siaga_training::Scenario;
use std::path::PathBuf;
use url::Url;

/// Siaga 110: the window of a seat.
#[derive(Debug, Parser)]
#[command(name = "siaga-desktop", version, about)]
pub(crate) struct Args {
    /// Hub, switch, callers and the other operators in this process. What happens without options.
    #[arg(long, conflicts_with_all = ["desk", "hub"])]
    training: bool,

    /// Callers ring by themselves, one scenario after the other from this one on. Without it the
    /// trainee chooses lessons.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["desk", "hub"])]
    scenario: Option<Scenario>,

    /// Sit at this seat of a hub that runs elsewhere.
    #[arg(long, value_name = "SEAT", requires = "hub")]
    desk: Option<SeatId>,

    /// The address of that hub, `http://…` or `https://…`.
    #[arg(long, value_name = "URL", requires = "desk")]
    hub: Option<Url>,

    /// Log in at `--desk` as this operator without being asked. For training rooms and tests.
    #[arg(long, env = "SIAGA_OPERATOR", value_name = "NAME")]
    operator: Option<String>,

    /// Say this sound, over and over, in place of a microphone; the window then says that it is
    /// training. For tests.
    #[arg(long, env = "SIAGA_AUDIO_IN", value_name = "WAV", requires_all = ["desk", "audio_out"])]
    audio_in: Option<PathBuf>,

    /// Keep what is heard in this file, in place of a loudspeaker. For tests.
    #[arg(long, env = "SIAGA_AUDIO_OUT", value_name = "WAV", requires_all = ["desk", "audio_in"])]
    audio_out: Option<PathBuf>,

    /// A link to a telephone number that another program opens, `tel:…`: the desk on this computer
    /// shows what is known of it. Nothing is dialled.
    #[arg(value_name = "TEL")]
    link: Option<TelLink>,
}

/// Files in place of a headset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AudioFiles {
    /// What is said.
    pub(crate) said: PathBuf,
    /// What was heard.
    pub(crate) heard: PathBuf,
}

/// What the command line asked for.
#[derive(Debug)]
pub(crate) struct Start {
    /// What to open; `None`: nothing but the window that is open already.
    pub(crate) mode: Option<Mode>,
    /// The number that another program has named.
    pub(crate) link: Option<TelLink>,
}

/// What to open.
#[derive(Debug)]
pub(crate) enum Mode {
    /// Everything in this process.
    Training {
        /// The scenario that comes first; `None`: the trainee chooses lessons.
        first: Option<Scenario>,
    },
    /// A seat of a hub elsewhere.
    Desk(Box<FurtherDesk>),
}

impl Mode {
    /// Whether this computer has one such desk: a second program shows the window of the first. An
    /// exercise and a desk with files in place of a headset may stand beside others.
    pub(crate) fn is_the_only_one(&self) -> bool {
        match self {
            Self::Training { .. } => false,
            Self::Desk(desk) => desk.audio.is_none(),
        }
    }

    /// With which options the same desk opens again when the computer starts.
    pub(crate) fn again(&self) -> Vec<String> {
        match self {
            Self::Desk(desk) => {
                let (seat, hub) = (desk.seat.to_string(), desk.hub.to_string());
                ["--desk".to_owned(), seat, "--hub".to_owned(), hub].into()
            }
            Self::Training { .. } => Vec::new(),
        }
    }
}

/// A seat of a hub elsewhere.
#[derive(Debug)]
pub(crate) struct FurtherDesk {
    /// The hub.
    pub(crate) hub: Url,
    /// The seat.
    pub(crate) seat: SeatId,
    /// Logs in at once when both are known; else the window asks.
    pub(crate) login: Option<(String, Redacted<String>)>,
    /// In place of the machine's sound cards.
    pub(crate) audio: Option<AudioFiles>,
}

impl Args {
    /// What was asked for. `password` comes from the environment, never from the command
    /// line, where every other user of the machine could read it.
    pub(crate) fn start(self, password: Option<String>) -> Start {
        let trains = self.training || self.scenario.is_some();
        let mode = match (self.hub, self.desk) {
            (Some(hub), Some(seat)) => {
                let login = self.operator.zip(password.map(Redacted::new));
                let audio = self
                    .audio_in
                    .zip(self.audio_out)
                    .map(|(said, heard)| AudioFiles { said, heard });
                Some(Mode::Desk(Box::new(FurtherDesk { hub, seat, login, audio })))
            }
            // clap refuses one without the other. Whoever opens a link does not ask for an exercise.
            (None, _) | (_, None) if self.link.is_some() && !trains => None,
            (None, _) | (_, None) => Some(Mode::Training { first: self.scenario }),
        };
        Start { mode, link: self.link }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once(&"siaga-desktop").chain(words))
    }

    fn mode(args: Result<Args, clap::Error>) -> Mode {
        args.expect("good options").start(None).mode.expect("something to open")
    }

    #[test]
    fn without_options_lessons_are_chosen() {
        let mode = mode(parse(&[]));
        assert!(matches!(mode, Mode::Training { first: None }));
    }

    #[test]
    fn a_scenario_that_nobody_knows_is_refused_by_name() {
        let error = parse(&["--scenario", "polres-asleep"]).expect_err("there is none");
        assert!(error.to_string().contains("polres-silent"), "it says what there is: {error}");
        let mode = mode(parse(&["--scenario", "not-valid"]));
        assert!(matches!(mode, Mode::Training { first: Some(Scenario::NotValid) }));
    }

    #[test]
    fn a_desk_needs_a_hub() {
        assert!(parse(&["--desk", "pmj-2"]).is_err());
        let mode = mode(parse(&["--desk", "pmj-2", "--hub", "http://127.0.0.1:8110"]));
        assert!(matches!(mode, Mode::Desk(desk) if desk.login.is_none()));
    }

    #[test]
    fn a_password_without_an_operator_does_not_log_in() {
        let args = parse(&["--desk", "pmj-2", "--hub", "http://127.0.0.1:8110"]).expect("both");
        let Some(Mode::Desk(desk)) = args.start(Some("rahasia".to_owned())).mode else {
            panic!("a desk was asked for");
        };
        assert_eq!(desk.login.is_some(), std::env::var_os("SIAGA_OPERATOR").is_some());
    }

    #[test]
    fn files_in_place_of_a_headset_come_in_pairs_and_only_at_a_desk() {
        let desk = ["--desk", "pmj-2", "--hub", "http://127.0.0.1:8110"];
        let with = |more: &[&str]| parse(&[&desk[..], more].concat());
        assert!(with(&["--audio-in", "a.wav"]).is_err());
        assert!(with(&["--audio-out", "b.wav"]).is_err());
        assert!(parse(&["--audio-in", "a.wav", "--audio-out", "b.wav"]).is_err());
        let Mode::Desk(desk) = mode(with(&["--audio-in", "a.wav", "--audio-out", "b.wav"])) else {
            panic!("a desk was asked for")
        };
        let files = AudioFiles { said: "a.wav".into(), heard: "b.wav".into() };
        assert_eq!(desk.audio, Some(files));
    }

    #[test]
    fn only_a_desk_with_a_headset_is_the_only_one_here() {
        let desk = ["--desk", "pmj-2", "--hub", "http://127.0.0.1:8110"];
        let is_the_only_one = |words: &[&str]| mode(parse(words)).is_the_only_one();
        assert!(is_the_only_one(&desk));
        assert!(!is_the_only_one(&[]));
        let with_files = [&desk[..], &["--audio-in", "a.wav", "--audio-out", "b.wav"]].concat();
        assert!(!is_the_only_one(&with_files));
    }

    #[test]
    fn a_seat_that_could_break_a_uri_is_refused() {
        assert!(parse(&["--desk", "pmj 2", "--hub", "http://127.0.0.1:8110"]).is_err());
    }

    #[test]
    fn a_link_alone_goes_to_the_desk_that_runs_and_opens_no_exercise() {
        let start = parse(&["tel:0822-0000-1202"]).expect("a link").start(None);
        assert!(start.mode.is_none() && start.link.is_some());
        let desk = ["--desk", "pmj-2", "--hub", "http://127.0.0.1:8110", "tel:110"];
        let start = parse(&desk).expect("a desk and a link").start(None);
        assert!(matches!(start.mode, Some(Mode::Desk(_))) && start.link.is_some());
        assert!(parse(&["https://example.org"]).is_err(), "another link is not ours");
    }

    #[test]
    fn the_computer_starts_the_same_desk_again() {
        let desk = ["--desk", "pmj-2", "--hub", "https://hub.example/"];
        assert_eq!(mode(parse(&desk)).again(), desk);
    }
}
