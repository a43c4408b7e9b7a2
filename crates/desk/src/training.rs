//! What a window draws of an exercise with lessons, and what a trainee wants of it.
//!
//! The desk only passes both on. Who plays the callers and gives the points is behind the [`Coach`].

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

/// The exercise behind a desk.
pub struct Coach {
    /// Takes what the trainee wants. What does not fit in is not done: the trainee presses again.
    pub wishes: mpsc::Sender<TrainingWish>,
    /// What is to be drawn; the newest only.
    pub view: watch::Receiver<TrainingView>,
}

/// What a trainee wants of the exercise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "wish")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum TrainingWish {
    /// Have this caller call. Not while a lesson runs.
    Begin {
        /// The lesson's id.
        lesson: String,
    },
    /// The caller was asked this; the simulated caller answers it.
    Ask {
        /// The question's id.
        question: String,
    },
    /// So many keys were pressed since the answer, beside what was typed into fields.
    Pressed {
        /// How many.
        keys: u32,
    },
    /// Break the lesson off, without points; the caller hangs up.
    BreakOff,
    /// Write the score that is shown into a file.
    Export,
    /// Back to the choice of lessons.
    Leave,
}

/// All that a window draws of an exercise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TrainingView {
    /// What can be trained, the easy ones first.
    pub lessons: Vec<LessonInfo>,
    /// How far the trainee has come.
    pub stage: TrainingStage,
}

/// How hard a lesson is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum LessonLevel {
    /// For the first day.
    Easy,
    /// Needs some thought.
    Middle,
    /// Goes wrong easily.
    Hard,
}

/// A lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LessonInfo {
    /// Its id.
    pub id: String,
    /// Its name, in Indonesian.
    pub title: String,
    /// What is trained, in Indonesian, one sentence that does not give the lesson away.
    pub about: String,
    /// How hard it is.
    pub level: LessonLevel,
    /// The best score of this exercise so far, 0 to 100.
    pub best: Option<u8>,
}

/// How far a trainee has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum TrainingStage {
    /// Nothing runs.
    #[default]
    Choosing,
    /// The caller dials as soon as this seat is ready.
    Waiting {
        /// The lesson.
        lesson: String,
    },
    /// The caller is on the line, or the call is still being written up.
    Playing {
        /// The lesson.
        lesson: String,
        /// What can be asked, in the order in which it is best asked.
        questions: Vec<QuestionView>,
        /// What was said, oldest first.
        said: Vec<Said>,
        /// Whether the caller is still on the line.
        on_line: bool,
    },
    /// The lesson is over.
    Scored {
        /// How it went.
        score: Box<Score>,
        /// The file with the score, once it was written.
        file: Option<String>,
        /// Why it could not be written, for IT.
        not_written: Option<String>,
    },
}

/// A question that can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QuestionView {
    /// Its id.
    pub id: String,
    /// The question, in Indonesian, as it is asked.
    pub text: String,
    /// The field of the form that its answer belongs to, e.g. `location` or `danger.weapon`; empty
    /// for the narrative at large.
    pub field: String,
    /// How often it was asked.
    pub asked: u32,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum SpokenBy {
    /// The caller.
    Caller,
    /// The trainee, by marking a question.
    Operator,
    /// Nobody: a sound on the line ("tangisan"), or silence.
    Line,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Said {
    /// Milliseconds after the answer.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at_ms: u64,
    /// By whom.
    pub by: SpokenBy,
    /// What, in Indonesian.
    pub text: String,
}

/// How a lesson went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Score {
    /// The lesson's id.
    pub lesson: String,
    /// Its name.
    pub title: String,
    /// How hard it is.
    pub level: LessonLevel,
    /// 0 to 100.
    pub points: u8,
    /// What the points were given for, in the order in which it is shown.
    pub items: Vec<ScoreItem>,
    /// Questions that had to be asked and were not, as they are asked.
    pub missed: Vec<String>,
    /// What was said.
    pub said: Vec<Said>,
    /// When the lesson ended, in the clock of this computer (RFC 3339).
    pub ended_at: String,
}

/// What points are given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum ScoreKind {
    /// From the first ring to the answer; `measured` in milliseconds.
    Answer,
    /// Keys pressed beside typed text; `measured` in keys.
    Presses,
    /// Questions that had to be asked; `measured` are those that were missed.
    Questions,
    /// Where the caller or the report went.
    Destination,
    /// How the call was closed.
    Closing,
    /// The longest time that the caller was alone; `measured` in milliseconds.
    NeverAlone,
}

/// Points for one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ScoreItem {
    /// For what.
    pub kind: ScoreKind,
    /// So many.
    pub points: u8,
    /// Of so many.
    pub of: u8,
    /// What was measured, in the unit of the kind; `None` where there is nothing to measure.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub measured: Option<u64>,
    /// What would have been right, in Indonesian; empty when it was.
    pub better: String,
}
