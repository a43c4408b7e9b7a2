//! Gives each case to the plugins, with the earlier ones as its history.

use crate::cases::{Case, Expected};
use siaga_model::{Advice, CallFacts, Caller, CallerStatus, Form, Intake, Timestamp};
use siaga_plugin_host::{Advisor, Limits, PastReport};
use std::time::{Duration, Instant};

/// Of one number, so many earlier calls are in the history, and the latest others.
const OF_ONE_NUMBER: usize = 20;

/// What the plugins said of a case.
pub(crate) struct Answer {
    /// The name of the case.
    pub(crate) id: String,
    /// All they said.
    pub(crate) advice: Advice,
    /// What both plugins together took.
    pub(crate) took: Duration,
}

/// The answers, in the order of the file. Earlier is what came in earlier, wherever it stands.
pub(crate) fn replay(
    advisor: &Advisor,
    cases: &[(Case, Expected)],
    from_words: bool,
) -> Vec<Answer> {
    cases
        .iter()
        .enumerate()
        .map(|(n, (case, _))| {
            let history = history(cases, n, from_words);
            let now = Timestamp(case.at.0.saturating_add(case.lasted_ms));
            let intake = intake(case, from_words);
            let began = Instant::now();
            let advice = advisor.advise(&intake, &history, 1, now);
            Answer { id: case.id.clone(), advice, took: began.elapsed() }
        })
        .collect()
}

/// What the operator had before them. Kind and priority are theirs to choose, so they are empty.
fn intake(case: &Case, from_words: bool) -> Intake {
    let withheld = case.number.is_empty();
    Intake {
        facts: CallFacts {
            caller: Caller {
                number: case.number.clone().into(),
                status: if withheld { CallerStatus::Withheld } else { CallerStatus::Verified },
            },
            arrived_at: case.at,
            ..CallFacts::default()
        },
        form: Form {
            location: case.location.clone().into(),
            narrative: case.narrative.clone().into(),
            area_code: if from_words { String::new() } else { case.area_code.clone() },
            point: case.point.filter(|_| !from_words),
            ..Form::default()
        },
    }
}

/// The earlier cases as they were recorded then, latest first: those of the same number, and the
/// latest others.
fn history(cases: &[(Case, Expected)], at: usize, from_words: bool) -> Vec<PastReport> {
    let case = &cases[at].0;
    let mut earlier: Vec<(usize, &(Case, Expected))> =
        cases.iter().enumerate().filter(|(n, (other, _))| (other.at, *n) < (case.at, at)).collect();
    earlier.sort_by_key(|(n, (other, _))| std::cmp::Reverse((other.at, *n)));
    let same = |other: &Case| !case.number.is_empty() && other.number == case.number;
    let (own, others): (Vec<_>, Vec<_>) =
        earlier.into_iter().partition(|(_, (other, _))| same(other));
    let own = own.into_iter().take(OF_ONE_NUMBER);
    let room = Limits::default().history - own.len();
    let mut chosen: Vec<_> = own.chain(others.into_iter().take(room)).collect();
    chosen.sort_by_key(|(n, (other, _))| std::cmp::Reverse((other.at, *n)));
    chosen
        .into_iter()
        .map(|(_, (other, expected))| PastReport {
            at: other.at,
            same_number: same(other),
            location: other.location.clone().into(),
            area_code: if from_words { String::new() } else { other.area_code.clone() },
            point: other.point.filter(|_| !from_words),
            kind: if from_words { String::new() } else { expected.kind.clone() },
            disposition: disposition(expected).to_owned(),
            narrative: other.narrative.clone().into(),
            case_number: other.id.clone(),
        })
        .collect()
}

/// The word of [`PastReport::disposition`] for what intake recorded.
fn disposition(expected: &Expected) -> &'static str {
    match expected.recorded.as_str() {
        "prank" => "prank",
        "ghost" | "silent" => "silent",
        "misdial" => "misdial",
        "test" => "test",
        "valid" if expected.kind.starts_with("informasi") => "information",
        "valid" | "duplicate" | "outside_jurisdiction" => "report",
        // An incomplete one waits for the caller to be reached.
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, minute: i64, number: &str) -> (Case, Expected) {
        let case = Case {
            id: id.to_owned(),
            at: Timestamp(minute * 60_000),
            number: number.to_owned(),
            area_code: "31.74.07".to_owned(),
            ..Case::default()
        };
        let expected = Expected { kind: "pelaporan/kebakaran".to_owned(), ..Expected::default() };
        (case, expected)
    }

    #[test]
    fn history_is_what_came_in_earlier_and_the_latest_of_it_first() {
        let cases =
            [case("late", 9, ""), case("first", 1, "1"), case("now", 5, "1"), case("b", 3, "")];
        let known: Vec<_> = history(&cases, 2, false);
        let ids: Vec<_> = known.iter().map(|past| past.case_number.as_str()).collect();
        assert_eq!(ids, ["b", "first"]);
        assert_eq!((known[0].same_number, known[1].same_number), (false, true));
        assert_eq!(known[0].kind, "pelaporan/kebakaran");
    }

    #[test]
    fn from_words_hides_places_and_kinds_of_the_case_and_of_its_history() {
        let cases = [case("a", 1, ""), case("b", 2, "")];
        assert_eq!(intake(&cases[1].0, true).form.area_code, "");
        let known = &history(&cases, 1, true)[0];
        assert_eq!((known.area_code.as_str(), known.kind.as_str()), ("", ""));
        assert_eq!(intake(&cases[1].0, false).form.area_code, "31.74.07");
    }

    #[test]
    fn earlier_calls_of_the_same_number_are_not_crowded_out() {
        let mut cases = vec![case("own", 0, "7")];
        cases.extend((1..200).map(|n| case(&format!("c{n}"), n, "")));
        cases.push(case("now", 300, "7"));
        let known = history(&cases, 200, true);
        assert_eq!(known.len(), Limits::default().history);
        assert_eq!(known.last().map(|past| past.case_number.as_str()), Some("own"));
    }
}
