//! Lessons: a simulated caller who answers what is asked, and points for how it went.
//!
//! A lesson is a file in `lessons/`, written by people who train operators: what the caller says in
//! each mood, what must be asked, where the report belongs. [`person`] plays the caller, [`score`]
//! gives the points, both on virtual time and without a line; [`coach`] puts them behind a desk.

mod clips;
pub(crate) mod coach;
mod export;
mod person;
mod run;
mod score;

use crate::scenario::PolresPart;
use anyhow::Context;
use serde::Deserialize;
use siaga_desk::{LessonInfo, LessonLevel};
use siaga_model::{Disposition, Form, NotReport, Tri, UnitId};
use std::collections::BTreeMap;

/// The files, easy ones first.
const FILES: [(&str, &str); 6] = [
    ("iseng", include_str!("../../lessons/iseng.toml")),
    ("perbatasan", include_str!("../../lessons/perbatasan.toml")),
    ("ganda", include_str!("../../lessons/ganda.toml")),
    ("hening", include_str!("../../lessons/hening.toml")),
    ("bisikan", include_str!("../../lessons/bisikan.toml")),
    ("polres-sibuk", include_str!("../../lessons/polres-sibuk.toml")),
];

/// A lesson, as it stands in its file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lesson {
    /// Its id; the file's name.
    pub(crate) id: String,
    /// Its name.
    pub(crate) title: String,
    /// What is trained, in one sentence that does not give the lesson away.
    pub(crate) about: String,
    /// How hard it is.
    pub(crate) level: LessonLevel,
    /// The caller's number; an invented one.
    pub(crate) number: String,
    /// How the caller's voice is rendered: options of espeak-ng, see `lessons/render.py`.
    pub(crate) voice: String,
    /// The caller's first mood.
    pub(crate) start: String,
    /// The key that the caller presses when the silent-call procedure asks for one.
    #[serde(default)]
    pub(crate) presses_key: Option<char>,
    /// How a Polres behaves that is called.
    #[serde(default = "answers")]
    pub(crate) polres: PolresPart,
    /// A report that came in just before.
    #[serde(default)]
    pub(crate) earlier: Option<Earlier>,
    /// What would be right.
    pub(crate) right: Right,
    /// What can be asked, in the order in which it is best asked.
    pub(crate) questions: Vec<Question>,
    /// The caller's moods, by name.
    pub(crate) moods: BTreeMap<String, Mood>,
}

fn answers() -> PolresPart {
    PolresPart::Answers
}

/// A report that came in just before, from somebody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Earlier {
    /// The number that it came from; an invented one.
    pub(crate) number: String,
    /// The unit that has it.
    pub(crate) unit: UnitId,
    /// Where.
    pub(crate) location: String,
    /// What kind, `pelaporan/kebakaran`.
    pub(crate) kind: String,
    /// What was typed.
    pub(crate) narrative: String,
}

/// What would be right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Right {
    /// The dispositions that are right.
    pub(crate) closing: Vec<Closing>,
    /// The units to which the report may go, the best first; none: it goes nowhere.
    #[serde(default)]
    pub(crate) units: Vec<UnitId>,
    /// So many keys beside typed text are few.
    pub(crate) presses: u32,
    /// Within so many seconds a ring is to be answered.
    pub(crate) answer_s: u32,
}

/// A disposition without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Closing {
    #[serde(rename = "not-report/silent")]
    Silent,
    #[serde(rename = "not-report/ring-once")]
    RingOnce,
    #[serde(rename = "not-report/misdial")]
    Misdial,
    #[serde(rename = "not-report/prank")]
    Prank,
    #[serde(rename = "not-report/test")]
    Test,
    Information,
    HandledByUnit,
    ForwardedToUnit,
    HandledHere,
    Abandoned,
    NotReached,
}

impl Closing {
    /// Of this disposition.
    pub(crate) fn of(disposition: &Disposition) -> Self {
        match disposition {
            Disposition::NotReport { reason: NotReport::Silent } => Self::Silent,
            Disposition::NotReport { reason: NotReport::RingOnce } => Self::RingOnce,
            Disposition::NotReport { reason: NotReport::Misdial } => Self::Misdial,
            Disposition::NotReport { reason: NotReport::Prank } => Self::Prank,
            Disposition::NotReport { reason: NotReport::Test } => Self::Test,
            Disposition::Information => Self::Information,
            Disposition::HandledByUnit { .. } => Self::HandledByUnit,
            Disposition::ForwardedToUnit { .. } => Self::ForwardedToUnit,
            Disposition::HandledHere => Self::HandledHere,
            Disposition::Abandoned => Self::Abandoned,
            Disposition::NotReached => Self::NotReached,
        }
    }

    /// In Indonesian, as a trainee reads it in a score.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Silent => "bukan laporan: kosong",
            Self::RingOnce => "bukan laporan: dering sekali",
            Self::Misdial => "bukan laporan: salah sambung",
            Self::Prank => "bukan laporan: iseng",
            Self::Test => "bukan laporan: uji coba",
            Self::Information => "informasi",
            Self::HandledByUnit => "ditangani Polres",
            Self::ForwardedToUnit => "diteruskan ke Polres",
            Self::HandledHere => "ditangani di sini",
            Self::Abandoned => "ditutup penelepon",
            Self::NotReached => "tidak tersambung",
        }
    }
}

/// A question that can be asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// Its id.
    pub(crate) id: String,
    /// As it is asked.
    pub(crate) text: String,
    /// The field of the form that its answer belongs to; see [`is_filled`].
    #[serde(default)]
    pub(crate) field: String,
    /// Whether it has to be asked, or its field filled.
    #[serde(default)]
    pub(crate) needed: bool,
}

/// How the caller is, which decides what is answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mood {
    /// What is said by itself when the call is answered in this mood; empty: nothing.
    #[serde(default)]
    pub(crate) opening: String,
    /// What is said when nobody has asked anything for a while; empty: nothing.
    #[serde(default)]
    pub(crate) nudge: String,
    /// For so long, in seconds.
    pub(crate) nudge_after_s: u32,
    /// So often, then the caller hangs up.
    pub(crate) patience: u32,
    /// Answers by the question's id.
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, Answer>,
    /// What is said to any other question, one after the other; the last one again and again.
    pub(crate) otherwise: Vec<String>,
}

/// What a question brings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// What is said, the first time, the second time …; the last one again and again.
    pub(crate) say: Vec<String>,
    /// The key that is pressed.
    #[serde(default)]
    pub(crate) key: Option<char>,
    /// The mood from then on.
    #[serde(default)]
    pub(crate) mood: Option<String>,
}

impl Lesson {
    /// All lessons, the easy ones first.
    ///
    /// # Errors
    /// When a file makes no sense; it says which.
    pub(crate) fn all() -> anyhow::Result<Vec<Self>> {
        let read = |(name, text): &(&str, &str)| {
            let lesson: Self = toml::from_str(text).with_context(|| format!("lesson {name}"))?;
            lesson.check().with_context(|| format!("lesson {name}"))?;
            Ok(lesson)
        };
        FILES.iter().map(read).collect()
    }

    /// What is known of it before it is begun.
    pub(crate) fn info(&self, best: Option<u8>) -> LessonInfo {
        LessonInfo {
            id: self.id.clone(),
            title: self.title.clone(),
            about: self.about.clone(),
            level: self.level,
            best,
        }
    }

    /// Everything that the caller may say.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.moods
            .values()
            .flat_map(|mood| {
                let answers = mood.answers.values().flat_map(|answer| &answer.say);
                [&mood.opening, &mood.nudge].into_iter().chain(&mood.otherwise).chain(answers)
            })
            .map(String::as_str)
            .filter(|line| !line.is_empty())
    }

    fn check(&self) -> anyhow::Result<()> {
        let known = |mood: &str| {
            anyhow::ensure!(self.moods.contains_key(mood), "there is no mood {mood}");
            Ok(())
        };
        known(&self.start)?;
        let empty = Form::default();
        for question in &self.questions {
            let field = &question.field;
            anyhow::ensure!(
                field.is_empty() || is_filled(&empty, field).is_some(),
                "a form has no field {field}"
            );
        }
        for (name, mood) in &self.moods {
            anyhow::ensure!(!mood.otherwise.is_empty(), "{name}: nothing is said otherwise");
            for (question, answer) in &mood.answers {
                let asked = self.questions.iter().any(|known| known.id == *question);
                anyhow::ensure!(asked, "{name}: nobody can ask {question}");
                anyhow::ensure!(!answer.say.is_empty(), "{name}: {question} is not answered");
                if let Some(next) = &answer.mood {
                    known(next)?;
                }
            }
        }
        for unit in &self.right.units {
            let exists = siaga_plugin_host::units().iter().any(|known| known.id == *unit);
            anyhow::ensure!(exists, "there is no unit {unit}");
        }
        Ok(())
    }
}

/// Whether something stands in a field of the form; `None`: there is no such field.
fn is_filled(form: &Form, field: &str) -> Option<bool> {
    let typed = |text: &siaga_model::Redacted<String>| !text.expose().trim().is_empty();
    let known = |answer: Tri| answer != Tri::Unknown;
    Some(match field {
        "location" => typed(&form.location),
        "narrative" => typed(&form.narrative),
        "kind" => !form.kind.is_empty(),
        "reporter_name" => typed(&form.reporter_name),
        "reporter_relation" => typed(&form.reporter_relation),
        "no_call_back" => form.no_call_back,
        "danger.trapped" => known(form.danger.trapped),
        "danger.weapon" => known(form.danger.weapon),
        "danger.injured" => known(form.danger.injured),
        "danger.ongoing" => known(form.danger.ongoing),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_makes_sense_and_comes_by_its_level() {
        let lessons = Lesson::all().expect("the files are sound");
        assert!(lessons.windows(2).all(|pair| pair[0].level <= pair[1].level));
        for (lesson, (name, _)) in lessons.iter().zip(FILES) {
            assert_eq!(lesson.id, name);
            assert!(lesson.number.starts_with("08220000"), "an invented number: {name}");
            assert!(lesson.questions.iter().any(|question| question.needed), "{name}");
        }
    }

    #[test]
    fn every_mood_of_a_lesson_can_be_reached() {
        for lesson in Lesson::all().expect("the files are sound") {
            let mut reached = vec![lesson.start.clone()];
            let mut at = 0;
            while let Some(mood) = reached.get(at).map(|name| &lesson.moods[name]) {
                for next in mood.answers.values().filter_map(|answer| answer.mood.clone()) {
                    if !reached.contains(&next) {
                        reached.push(next);
                    }
                }
                at += 1;
            }
            let all: Vec<_> = lesson.moods.keys().filter(|name| !reached.contains(name)).collect();
            assert!(all.is_empty(), "{}: {all:?}", lesson.id);
        }
    }

    #[test]
    fn a_lesson_with_a_fault_is_refused_by_name() {
        let sound = FILES[0].1;
        for (from, to, fault) in [
            ("start = \"memesan\"", "start = \"tidur\"", "no mood tidur"),
            ("field = \"location\"", "field = \"shoes\"", "no field shoes"),
            ("answers.where]", "answers.why]", "nobody can ask why"),
            ("mood = \"mengaku\"", "mood = \"pergi\"", "no mood pergi"),
        ] {
            let lesson: Lesson = toml::from_str(&sound.replace(from, to)).expect("TOML");
            let error = format!("{:#}", lesson.check().expect_err(fault));
            assert!(error.contains(fault), "{error}");
        }
    }
}
