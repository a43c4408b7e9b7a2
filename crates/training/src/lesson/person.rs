//! A simulated caller: what is said and done, by what is asked and by how long nobody asks.
//!
//! Sans-IO, on the time since the answer.

use super::{Answer, Lesson, Mood};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// From the answer to the first word.
const BREATH: Duration = Duration::from_millis(700);

/// From the prompt that asks for a key to the finger on it.
const FINGER: Duration = Duration::from_secs(2);

/// What a caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Says this.
    Say(String),
    /// Presses a key.
    Press(char),
    /// Hangs up.
    HangUp,
}

/// What a caller waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// To have breathed, and to begin to speak.
    Opening,
    /// Somebody to ask something.
    Nudge,
    /// To have found the key.
    Key(char),
}

/// The caller of a lesson.
#[derive(Debug)]
pub(crate) struct Person {
    lesson: Arc<Lesson>,
    mood: String,
    /// How often each question was asked in each mood.
    asked: BTreeMap<(String, String), usize>,
    /// How often anything else was asked.
    others: usize,
    nudges: u32,
    waits: Option<(Duration, Wait)>,
}

impl Person {
    /// Somebody who was answered just now.
    pub(crate) fn answered(lesson: Arc<Lesson>) -> Self {
        Self {
            mood: lesson.start.clone(),
            lesson,
            asked: BTreeMap::new(),
            others: 0,
            nudges: 0,
            waits: Some((BREATH, Wait::Opening)),
        }
    }

    fn mood(&self) -> &Mood {
        // Every name of a mood was looked at when the lesson was read.
        &self.lesson.moods[&self.mood]
    }

    /// Answers a question. `speaks_for`: how long a line takes to be said, after which the caller
    /// waits again.
    pub(crate) fn asked(
        &mut self,
        now: Duration,
        question: &str,
        speaks_for: impl Fn(&str) -> Duration,
    ) -> Vec<Deed> {
        let mood = &self.lesson.moods[&self.mood];
        let (line, key, next) = match mood.answers.get(question) {
            Some(Answer { say, key, mood: next }) => {
                let asked = (self.mood.clone(), question.to_owned());
                let times = self.asked.entry(asked).or_default();
                *times += 1;
                (nth(say, *times - 1).to_owned(), *key, next.clone())
            }
            None => {
                self.others += 1;
                (nth(&mood.otherwise, self.others - 1).to_owned(), None, None)
            }
        };
        if let Some(next) = next {
            self.mood = next;
        }
        self.nudges = 0;
        let spoken = now + speaks_for(&line);
        let deeds = said(line).into_iter().chain(key.map(Deed::Press)).collect();
        self.wait_to_be_asked(spoken);
        deeds
    }

    /// The silent-call procedure asks for a key.
    pub(crate) fn checked(&mut self, now: Duration) {
        if let Some(key) = self.lesson.presses_key {
            self.waits = Some((now + FINGER, Wait::Key(key)));
        }
    }

    /// Somebody else is with the caller now, or speaks with the operator: nobody need ask anything.
    pub(crate) fn is_looked_after(&mut self) {
        self.waits = None;
    }

    /// The operator is back.
    pub(crate) fn is_back(&mut self, now: Duration) {
        self.wait_to_be_asked(now);
    }

    /// When [`Self::on_time`] is due.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.waits.map(|(at, _)| at)
    }

    /// Does what is due.
    pub(crate) fn on_time(
        &mut self,
        now: Duration,
        speaks_for: impl Fn(&str) -> Duration,
    ) -> Vec<Deed> {
        let Some((_, wait)) = self.waits.take_if(|(at, _)| *at <= now) else { return Vec::new() };
        let mood = self.mood();
        let line = match wait {
            Wait::Opening => mood.opening.clone(),
            Wait::Nudge if self.nudges >= mood.patience => return vec![Deed::HangUp],
            Wait::Nudge => mood.nudge.clone(),
            Wait::Key(key) => {
                self.wait_to_be_asked(now);
                return vec![Deed::Press(key)];
            }
        };
        if wait == Wait::Nudge {
            self.nudges += 1;
        }
        self.wait_to_be_asked(now + speaks_for(&line));
        said(line)
    }

    fn wait_to_be_asked(&mut self, from: Duration) {
        let patience = Duration::from_secs(self.mood().nudge_after_s.into());
        self.waits = Some((from + patience, Wait::Nudge));
    }
}

/// The line for this time; the last one again and again.
fn nth(lines: &[String], times: usize) -> &str {
    lines.get(times).or(lines.last()).map_or("", String::as_str)
}

fn said(line: String) -> Vec<Deed> {
    if line.is_empty() { Vec::new() } else { vec![Deed::Say(line)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(id: &str) -> Arc<Lesson> {
        let mut all = Lesson::all().expect("the files are sound").into_iter();
        Arc::new(all.find(|lesson| lesson.id == id).expect("there is one"))
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn two_seconds(_: &str) -> Duration {
        at(2)
    }

    fn says(deeds: &[Deed]) -> &str {
        match deeds {
            [Deed::Say(line), ..] => line,
            other => panic!("nothing is said: {other:?}"),
        }
    }

    #[test]
    fn a_whisperer_answers_by_yes_and_no_only_when_asked_so() {
        let lesson = lesson("bisikan");
        let mut caller = Person::answered(lesson.clone());
        assert!(says(&caller.on_time(at(1), two_seconds)).contains("pesan martabak"));
        let what = |caller: &mut Person| caller.asked(at(5), "what", two_seconds);
        let first = what(&mut caller);
        assert_ne!(what(&mut caller), first, "asked again, she becomes desperate");
        assert!(says(&caller.asked(at(8), "injured", two_seconds)).contains("martabak"));
        // Understood: from now on the answers mean something.
        caller.asked(at(12), "safe", two_seconds);
        assert!(says(&caller.asked(at(15), "injured", two_seconds)).contains("Yang kecil juga"));
        assert!(says(&caller.asked(at(18), "where", two_seconds)).contains("pagar hijau"));
    }

    #[test]
    fn a_caller_whom_nobody_asks_anything_nudges_and_then_hangs_up() {
        let lesson = lesson("polres-sibuk");
        let mut caller = Person::answered(lesson.clone());
        caller.on_time(at(1), two_seconds);
        let mood = &lesson.moods["panik"];
        let mut said = 0;
        loop {
            let due = caller.due().expect("the caller waits");
            match &caller.on_time(due, two_seconds)[..] {
                [Deed::Say(line)] => {
                    assert_eq!(*line, mood.nudge);
                    said += 1;
                }
                [Deed::HangUp] => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(said, mood.patience);
    }

    #[test]
    fn a_question_gives_the_caller_patience_again() {
        let lesson = lesson("polres-sibuk");
        let mut caller = Person::answered(lesson.clone());
        caller.on_time(at(1), two_seconds);
        for _ in 0..20 {
            let due = caller.due().expect("the caller waits");
            let nudge = caller.on_time(due, two_seconds);
            assert!(!nudge.contains(&Deed::HangUp), "somebody is there");
            caller.asked(due + at(1), "calm", two_seconds);
        }
        caller.is_looked_after();
        assert_eq!(caller.due(), None, "with the Polres on the line nobody need ask");
        caller.is_back(at(900));
        assert!(caller.due() > Some(at(900)));
    }

    #[test]
    fn a_hidden_caller_says_nothing_and_presses_a_key() {
        let lesson = lesson("hening");
        let mut caller = Person::answered(lesson.clone());
        assert_eq!(caller.on_time(at(1), two_seconds), []);
        assert_eq!(caller.asked(at(3), "hello", two_seconds), []);
        caller.checked(at(10));
        assert_eq!(caller.on_time(at(11), two_seconds), [], "not at once");
        assert_eq!(caller.on_time(at(12), two_seconds), [Deed::Press('5')]);
        assert_eq!(caller.asked(at(20), "knock", two_seconds), [Deed::Press('1')]);
    }
}
