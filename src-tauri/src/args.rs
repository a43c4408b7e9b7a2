//! How the desktop is started. Reads the command line and decides nothing.

use clap::Parser;
use siaga_model::{Redacted, SeatId};
use siaga_training::Scenario;
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
    Desk {
        /// The hub.
        hub: Url,
        /// The seat.
        seat: SeatId,
        /// Logs in at once when both are known; else the window asks.
        login: Option<(String, Redacted<String>)>,
    },
}

impl Args {
    /// The mode that was asked for. `password` comes from the environment, never from the command
    /// line, where every other user of the machine could read it.
    pub(crate) fn mode(self, password: Option<String>) -> Mode {
        match (self.hub, self.desk) {
            (Some(hub), Some(seat)) => {
                let login = self.operator.zip(password.map(Redacted::new));
                Mode::Desk { hub, seat, login }
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
        assert!(matches!(args.mode(None), Mode::Desk { login: None, .. }));
    }

    #[test]
    fn a_password_without_an_operator_does_not_log_in() {
        let args = parse(&["--desk", "pmj-2", "--hub", "http://127.0.0.1:8110"]).expect("both");
        let Mode::Desk { login, .. } = args.mode(Some("rahasia".to_owned())) else {
            panic!("a desk was asked for");
        };
        assert_eq!(login.is_some(), std::env::var_os("SIAGA_OPERATOR").is_some());
    }

    #[test]
    fn a_seat_that_could_break_a_uri_is_refused() {
        assert!(parse(&["--desk", "pmj 2", "--hub", "http://127.0.0.1:8110"]).is_err());
    }
}
