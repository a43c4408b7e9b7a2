//! How the desktop is started. Reads the command line and decides nothing.

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

    /// The scenario of the simulated callers and operators that comes first.
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
}

/// Files in place of a headset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AudioFiles {
    /// What is said.
    pub(crate) said: PathBuf,
    /// What was heard.
    pub(crate) heard: PathBuf,
}

/// What to open.
#[derive(Debug)]
pub(crate) enum Mode {
    /// Everything in this process.
    Training {
        /// The scenario that comes first, if one was asked for.
        scenario: Option<Scenario>,
    },
    /// A seat of a hub elsewhere.
    Desk(Box<FurtherDesk>),
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
    /// The mode that was asked for. `password` comes from the environment, never from the command
    /// line, where every other user of the machine could read it.
    pub(crate) fn mode(self, password: Option<String>) -> Mode {
        match (self.hub, self.desk) {
            (Some(hub), Some(seat)) => {
                let login = self.operator.zip(password.map(Redacted::new));
                let audio = self
                    .audio_in
                    .zip(self.audio_out)
                    .map(|(said, heard)| AudioFiles { said, heard });
                Mode::Desk(Box::new(FurtherDesk { hub, seat, login, audio }))
            }
            // clap refuses one without the other.
            (None, _) | (_, None) => Mode::Training { scenario: self.scenario },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once(&"siaga-desktop").chain(words))
    }

    #[test]
    fn without_options_it_is_training() {
        let mode = parse(&[]).expect("no options are needed").mode(None);
        assert!(matches!(mode, Mode::Training { scenario: None }));
    }

    #[test]
    fn a_scenario_that_nobody_knows_is_refused_by_name() {
        let error = parse(&["--scenario", "polres-asleep"]).expect_err("there is none");
        assert!(error.to_string().contains("polres-silent"), "it says what there is: {error}");
        let mode = parse(&["--scenario", "not-valid"]).expect("there is one").mode(None);
        assert!(matches!(mode, Mode::Training { scenario: Some(Scenario::NotValid) }));
    }

    #[test]
    fn a_desk_needs_a_hub() {
        assert!(parse(&["--desk", "pmj-2"]).is_err());
        let args = parse(&["--desk", "pmj-2", "--hub", "http://127.0.0.1:8110"]).expect("both");
        assert!(matches!(args.mode(None), Mode::Desk(desk) if desk.login.is_none()));
    }

    #[test]
    fn a_password_without_an_operator_does_not_log_in() {
        let args = parse(&["--desk", "pmj-2", "--hub", "http://127.0.0.1:8110"]).expect("both");
        let Mode::Desk(desk) = args.mode(Some("rahasia".to_owned())) else {
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
        let args = with(&["--audio-in", "a.wav", "--audio-out", "b.wav"]).expect("both");
        let Mode::Desk(desk) = args.mode(None) else { panic!("a desk was asked for") };
        let files = AudioFiles { said: "a.wav".into(), heard: "b.wav".into() };
        assert_eq!(desk.audio, Some(files));
    }

    #[test]
    fn a_seat_that_could_break_a_uri_is_refused() {
        assert!(parse(&["--desk", "pmj 2", "--hub", "http://127.0.0.1:8110"]).is_err());
    }
}
