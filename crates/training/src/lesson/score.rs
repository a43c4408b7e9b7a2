//! The points of a lesson, from what was seen and heard of it.

use super::{Closing, Lesson, is_filled};
use siaga_desk::{Score, ScoreItem, ScoreKind};
use siaga_model::{Disposition, Form, Timestamp, UnitId};
use std::collections::BTreeSet;
use std::time::Duration;

/// A caller may be without a human for so long: the ring that is answered in time.
const ALONE: Duration = Duration::from_secs(10);

/// What was seen and heard of a lesson.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// From the ring to the answer.
    pub(crate) answered_after: Option<Duration>,
    /// The longest time for which the caller was without a human.
    pub(crate) longest_alone: Duration,
    /// Keys beside typed text, if the window has counted them.
    pub(crate) presses: Option<u32>,
    /// The ids of the questions that were asked.
    pub(crate) asked: BTreeSet<String>,
    /// The form as it was left.
    pub(crate) form: Form,
    /// To whom a transfer was tried, in order.
    pub(crate) transfers: Vec<UnitId>,
    /// How the call was closed.
    pub(crate) closed: Option<Disposition>,
}

/// Notes for how long a caller is without a human.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loneliness {
    since: Option<Timestamp>,
    longest: Duration,
}

impl Loneliness {
    /// Nobody is with the caller from now on.
    pub(crate) fn begins(&mut self, now: Timestamp) {
        self.since.get_or_insert(now);
    }

    /// Somebody is.
    pub(crate) fn ends(&mut self, now: Timestamp) {
        if let Some(since) = self.since.take() {
            self.longest = self.longest.max(now.since(since));
        }
    }

    /// The longest time so far.
    pub(crate) fn longest(mut self, now: Timestamp) -> Duration {
        self.ends(now);
        self.longest
    }
}

/// The items of the score. Points that cannot be given because nothing was measured are left out.
pub(crate) fn items(lesson: &Lesson, facts: &Facts) -> Vec<ScoreItem> {
    [
        Some(answer(lesson, facts)),
        presses(lesson, facts),
        Some(questions(lesson, facts)),
        Some(destination(lesson, facts)),
        Some(closing(lesson, facts)),
        Some(never_alone(facts)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The questions that had to be asked and were not, and whose fields are empty.
pub(crate) fn missed<'a>(
    lesson: &'a Lesson,
    facts: &'a Facts,
) -> impl Iterator<Item = &'a super::Question> {
    lesson.questions.iter().filter(|question| {
        let known = facts.asked.contains(&question.id)
            || is_filled(&facts.form, &question.field) == Some(true);
        question.needed && !known
    })
}

/// The points of all items, in percent.
pub(crate) fn points(items: &[ScoreItem]) -> u8 {
    let sum = |each: fn(&ScoreItem) -> u8| items.iter().map(|item| u32::from(each(item))).sum();
    let (points, of): (u32, u32) = (sum(|item| item.points), sum(|item| item.of));
    // Never above 100: no item has more points than it can give.
    u8::try_from((points * 100 + of / 2) / of.max(1)).unwrap_or(100)
}

/// Puts a score together.
pub(crate) fn score(
    lesson: &Lesson,
    facts: &Facts,
    said: Vec<siaga_desk::Said>,
    ended_at: String,
) -> Score {
    let items = items(lesson, facts);
    Score {
        lesson: lesson.id.clone(),
        title: lesson.title.clone(),
        level: lesson.level,
        points: points(&items),
        missed: missed(lesson, facts).map(|question| question.text.clone()).collect(),
        items,
        said,
        ended_at,
    }
}

fn answer(lesson: &Lesson, facts: &Facts) -> ScoreItem {
    const OF: u8 = 15;
    let limit = Duration::from_secs(lesson.right.answer_s.into());
    let points = facts.answered_after.map_or(0, |after| falling(OF, after, limit));
    let better = match facts.answered_after {
        Some(after) if after <= limit => String::new(),
        Some(_) => format!("Angkat dalam {} detik.", lesson.right.answer_s),
        None => "Panggilan tidak diangkat.".to_owned(),
    };
    let measured = facts.answered_after.map(ms);
    ScoreItem { kind: ScoreKind::Answer, points, of: OF, measured, better }
}

fn presses(lesson: &Lesson, facts: &Facts) -> Option<ScoreItem> {
    const OF: u8 = 10;
    let (pressed, few) = (facts.presses?, lesson.right.presses);
    let points = if pressed <= few {
        OF
    } else {
        // A tenth of the points for each tenth too many.
        let too_many = (pressed - few) * u32::from(OF) / few.max(1);
        OF.saturating_sub(u8::try_from(too_many).unwrap_or(OF))
    };
    let better = if pressed <= few { String::new() } else { format!("Cukup dengan {few} tombol.") };
    let measured = Some(pressed.into());
    Some(ScoreItem { kind: ScoreKind::Presses, points, of: OF, measured, better })
}

fn questions(lesson: &Lesson, facts: &Facts) -> ScoreItem {
    const OF: u8 = 30;
    let needed = lesson.questions.iter().filter(|question| question.needed).count();
    let missed: Vec<_> = missed(lesson, facts).collect();
    let points = usize::from(OF) * (needed - missed.len()) / needed.max(1);
    ScoreItem {
        kind: ScoreKind::Questions,
        points: u8::try_from(points).unwrap_or(OF),
        of: OF,
        measured: Some(missed.len() as u64),
        // The questions themselves stand in the score.
        better: String::new(),
    }
}

fn destination(lesson: &Lesson, facts: &Facts) -> ScoreItem {
    const OF: u8 = 20;
    let closed_with = match &facts.closed {
        Some(Disposition::HandledByUnit { unit } | Disposition::ForwardedToUnit { unit }) => {
            Some(unit)
        }
        Some(
            Disposition::NotReport { .. }
            | Disposition::Information
            | Disposition::HandledHere
            | Disposition::Abandoned
            | Disposition::NotReached,
        )
        | None => None,
    };
    let went = closed_with.or(facts.transfers.last());
    let right = &lesson.right.units;
    let points = match went {
        None if right.is_empty() => OF,
        None => 0,
        Some(unit) if right.first() == Some(unit) => OF,
        Some(unit) if right.contains(unit) => OF / 2,
        Some(_) => 0,
    };
    let name = |id: &UnitId| {
        let known = siaga_plugin_host::units().iter().find(|unit| unit.id == *id);
        known.map_or(id.to_string(), |unit| unit.name.clone())
    };
    let better = match right.first() {
        _ if points == OF => String::new(),
        Some(unit) => format!("Tujuan yang tepat: {}.", name(unit)),
        None => "Tidak perlu diteruskan.".to_owned(),
    };
    ScoreItem { kind: ScoreKind::Destination, points, of: OF, measured: None, better }
}

fn closing(lesson: &Lesson, facts: &Facts) -> ScoreItem {
    const OF: u8 = 10;
    let right = &lesson.right.closing;
    let is_right = facts.closed.as_ref().is_some_and(|how| right.contains(&Closing::of(how)));
    let better = if is_right {
        String::new()
    } else {
        let ways: Vec<_> = right.iter().map(|closing| closing.in_words()).collect();
        format!("Ditutup sebagai: {}.", ways.join(" / "))
    };
    let points = if is_right { OF } else { 0 };
    ScoreItem { kind: ScoreKind::Closing, points, of: OF, measured: None, better }
}

fn never_alone(facts: &Facts) -> ScoreItem {
    const OF: u8 = 15;
    let alone = facts.longest_alone;
    let better = if alone <= ALONE {
        String::new()
    } else {
        "Penelepon jangan ditinggal tanpa suara manusia.".to_owned()
    };
    ScoreItem {
        kind: ScoreKind::NeverAlone,
        points: falling(OF, alone, ALONE),
        of: OF,
        measured: Some(ms(alone)),
        better,
    }
}

/// All points up to `limit`, none from three times that on.
fn falling(of: u8, measured: Duration, limit: Duration) -> u8 {
    let over = measured.saturating_sub(limit).as_secs_f64() / (limit.as_secs_f64() * 2.0);
    // Between 0 and `of`.
    (f64::from(of) * (1.0 - over.min(1.0))).round() as u8
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siaga_model::{NotReport, Redacted};

    fn lesson(id: &str) -> Lesson {
        let mut all = Lesson::all().expect("the files are sound").into_iter();
        all.find(|lesson| lesson.id == id).expect("there is one")
    }

    fn unit(id: &str) -> UnitId {
        id.parse().expect("an id")
    }

    /// Everything as it should be.
    fn faultless(lesson: &Lesson) -> Facts {
        let unit = lesson.right.units.first().cloned();
        let closed = match (lesson.right.closing[0], unit.clone()) {
            (Closing::Prank, _) => Disposition::NotReport { reason: NotReport::Prank },
            (Closing::HandledByUnit, Some(unit)) => Disposition::HandledByUnit { unit },
            (Closing::ForwardedToUnit, Some(unit)) => Disposition::ForwardedToUnit { unit },
            _ => Disposition::HandledHere,
        };
        Facts {
            answered_after: Some(Duration::from_secs(3)),
            longest_alone: Duration::from_secs(3),
            presses: Some(lesson.right.presses),
            asked: lesson.questions.iter().map(|question| question.id.clone()).collect(),
            form: Form::default(),
            transfers: unit.into_iter().collect(),
            closed: Some(closed),
        }
    }

    fn of(items: &[ScoreItem], kind: ScoreKind) -> &ScoreItem {
        items.iter().find(|item| item.kind == kind).expect("it is scored")
    }

    #[test]
    fn whoever_does_all_right_gets_all_points_in_every_lesson_that_has_a_destination_or_needs_none()
    {
        for lesson in Lesson::all().expect("the files are sound") {
            let mut facts = faultless(&lesson);
            if !lesson.right.closing.contains(&Closing::of(facts.closed.as_ref().expect("closed")))
            {
                facts.closed = Some(Disposition::HandledHere);
            }
            let items = items(&lesson, &facts);
            let lost: Vec<_> = items.iter().filter(|item| item.points < item.of).collect();
            assert_eq!((points(&items), lost), (100, vec![]), "{}", lesson.id);
            assert!(items.iter().all(|item| item.better.is_empty()));
        }
    }

    #[test]
    fn a_filled_field_is_as_good_as_its_question() {
        let lesson = lesson("polres-sibuk");
        let mut facts = Facts { asked: BTreeSet::new(), ..faultless(&lesson) };
        assert_eq!(missed(&lesson, &facts).count(), 4);
        facts.form.location = Redacted::new("Kelapa Dua".to_owned());
        facts.form.danger.trapped = siaga_model::Tri::Yes;
        let left: Vec<_> = missed(&lesson, &facts).map(|question| &question.id[..]).collect();
        assert_eq!(left, ["injured", "calm"]);
        let items = items(&lesson, &facts);
        let questions = of(&items, ScoreKind::Questions);
        assert_eq!((questions.points, questions.measured), (15, Some(2)));
    }

    #[test]
    fn the_wrong_unit_costs_all_and_a_neighbour_half_of_the_destination() {
        let lesson = lesson("perbatasan");
        for (went, points) in [("pmj.depok", 20), ("pmj.jaksel", 10), ("pmj.jakut", 0)] {
            let unit = unit(went);
            let facts =
                Facts { closed: Some(Disposition::HandledByUnit { unit }), ..faultless(&lesson) };
            let items = items(&lesson, &facts);
            let destination = of(&items, ScoreKind::Destination);
            assert_eq!(destination.points, points, "{went}");
            assert_eq!(destination.better.contains("Depok"), points < 20);
        }
    }

    #[test]
    fn a_prank_that_was_sent_to_a_polres_went_the_wrong_way() {
        let lesson = lesson("iseng");
        let facts = Facts { transfers: vec![unit("pmj.depok")], ..faultless(&lesson) };
        let items = items(&lesson, &facts);
        assert_eq!(of(&items, ScoreKind::Destination).points, 0);
        assert_eq!(of(&items, ScoreKind::Closing).points, 10);
    }

    #[test]
    fn late_answers_and_lonely_callers_cost_points_step_by_step() {
        let lesson = lesson("iseng");
        let at = |seconds| {
            let seconds = Duration::from_secs(seconds);
            let facts = Facts {
                answered_after: Some(seconds),
                longest_alone: seconds,
                ..faultless(&lesson)
            };
            let items = items(&lesson, &facts);
            (of(&items, ScoreKind::Answer).points, of(&items, ScoreKind::NeverAlone).points)
        };
        assert_eq!([at(10), at(20), at(30), at(99)], [(15, 15), (8, 8), (0, 0), (0, 0)]);
        let never = Facts { answered_after: None, ..faultless(&lesson) };
        assert_eq!(of(&items(&lesson, &never), ScoreKind::Answer).points, 0);
    }

    #[test]
    fn keys_that_nobody_counted_are_left_out_of_the_score() {
        let lesson = lesson("iseng");
        let facts = Facts { presses: None, ..faultless(&lesson) };
        let all = items(&lesson, &facts);
        assert!(all.iter().all(|item| item.kind != ScoreKind::Presses));
        assert_eq!(points(&all), 100);
        let twice = Facts { presses: Some(16), ..faultless(&lesson) };
        assert_eq!(of(&items(&lesson, &twice), ScoreKind::Presses).points, 0);
    }

    #[test]
    fn the_longest_time_without_a_human_counts() {
        let mut lonely = Loneliness::default();
        lonely.begins(Timestamp(0));
        lonely.begins(Timestamp(2_000));
        lonely.ends(Timestamp(4_000));
        lonely.ends(Timestamp(9_000));
        lonely.begins(Timestamp(10_000));
        assert_eq!(lonely.longest(Timestamp(11_000)), Duration::from_secs(4));
        assert_eq!(lonely.longest(Timestamp(20_000)), Duration::from_secs(10));
    }
}
