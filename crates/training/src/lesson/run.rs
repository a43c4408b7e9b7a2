//! A lesson while it runs: the caller on the line, and what is noted for the points.

use super::Lesson;
use super::person::{Deed, Person};
use super::score::{Facts, Loneliness};
use crate::caller::Caller;
use crate::sound::{Mouth, RATE};
use siaga_call_flow::FlowEvent;
use siaga_desk::{QuestionView, Said, SpokenBy, TrainingStage};
use siaga_model::{CallId, EndedBy, SeatId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// See the module.
pub(super) struct Run {
    pub(super) lesson: Arc<Lesson>,
    /// What the caller may say, spoken.
    lines: BTreeMap<String, Arc<[i16]>>,
    /// The citizen's telephone, once it has dialled.
    pub(super) line: Option<(Caller, Mouth)>,
    /// Whether it was noticed that the line has ended.
    pub(super) hung_up: bool,
    pub(super) call: Option<CallId>,
    rang_at: Option<Timestamp>,
    answered: Option<Instant>,
    /// The caller, from the answer until the line is ended.
    pub(super) person: Option<Person>,
    pub(super) lonely: Loneliness,
    held: bool,
    muted: bool,
    handing_over: bool,
    asked: BTreeMap<String, u32>,
    pub(super) said: Vec<Said>,
    pub(super) facts: Facts,
}

impl Run {
    pub(super) fn new(lesson: Arc<Lesson>, lines: BTreeMap<String, Arc<[i16]>>) -> Self {
        Self {
            lesson,
            lines,
            line: None,
            hung_up: false,
            call: None,
            rang_at: None,
            answered: None,
            person: None,
            lonely: Loneliness::default(),
            held: false,
            muted: false,
            handing_over: false,
            asked: BTreeMap::new(),
            said: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// What the trainee sees of it.
    pub(super) fn shown(&self) -> TrainingStage {
        let lesson = self.lesson.id.clone();
        if self.answered.is_none() {
            return TrainingStage::Waiting { lesson };
        }
        let questions = self.lesson.questions.iter().map(|question| QuestionView {
            id: question.id.clone(),
            text: question.text.clone(),
            field: question.field.clone(),
            asked: self.asked.get(&question.id).copied().unwrap_or_default(),
        });
        TrainingStage::Playing {
            lesson,
            questions: questions.collect(),
            said: self.said.clone(),
            on_line: self.person.is_some(),
        }
    }

    /// Takes what happened to the call; gives whether the lesson is over.
    pub(super) fn on_event(&mut self, at: Timestamp, event: &FlowEvent, trainee: &SeatId) -> bool {
        match event {
            FlowEvent::SeatRinging { seat, .. } if seat == trainee => {
                self.rang_at.get_or_insert(at);
            }
            FlowEvent::Answered { seat, .. } => {
                self.lonely.ends(at);
                if seat == trainee && self.answered.is_none() {
                    self.facts.answered_after = self.rang_at.map(|rang| at.since(rang));
                    self.answered = Some(Instant::now());
                    self.person = Some(Person::answered(self.lesson.clone()));
                }
            }
            FlowEvent::Requeued { .. } => self.lonely.begins(at),
            FlowEvent::Held { .. } => {
                self.held = true;
                self.lonely.begins(at);
            }
            FlowEvent::Resumed { .. } => {
                self.held = false;
                self.lonely.ends(at);
            }
            FlowEvent::SilenceCheckStarted { .. } => {
                let now = self.elapsed();
                if let Some(person) = &mut self.person {
                    person.checked(now);
                }
            }
            FlowEvent::TransferStarted { unit, .. } => {
                self.handing_over = true;
                self.facts.transfers.push(unit.clone());
                if let Some(person) = &mut self.person {
                    person.is_looked_after();
                }
            }
            FlowEvent::Reclaimed { .. } => {
                self.handing_over = false;
                let now = self.elapsed();
                if let Some(person) = &mut self.person {
                    person.is_back(now);
                }
            }
            FlowEvent::Ended { by, disposition, .. } => {
                self.person = None;
                self.facts.closed = Some(disposition.clone());
                // A caller who hung up after the answer is still to be disposed of by the trainee.
                return *by != EndedBy::Caller || self.answered.is_none();
            }
            FlowEvent::Disposed { disposition, .. } => {
                self.facts.closed = Some(disposition.clone());
                return true;
            }
            FlowEvent::CallerArrived { .. }
            | FlowEvent::Escalated { .. }
            | FlowEvent::SeatRinging { .. }
            | FlowEvent::SeatMissed { .. }
            | FlowEvent::UnitPicked { .. }
            | FlowEvent::TransferRinging { .. }
            | FlowEvent::TransferAnswered { .. }
            | FlowEvent::TransferDone { .. }
            | FlowEvent::WaitAnnounced { .. }
            | FlowEvent::SilenceChecked { .. }
            | FlowEvent::Disposing { .. }
            | FlowEvent::DisposalUndone { .. }
            | FlowEvent::LegReplaced { .. }
            | FlowEvent::CallBackStarted { .. }
            | FlowEvent::CallBackFailed { .. }
            | FlowEvent::TakenOver { .. }
            | FlowEvent::OutsideCalled { .. }
            | FlowEvent::OutsideAnswered { .. }
            | FlowEvent::OutsideGone { .. }
            | FlowEvent::LeftWithOutside { .. }
            | FlowEvent::CallerLeft { .. }
            | FlowEvent::SeatUnit { .. }
            | FlowEvent::SeatState { .. } => {}
        }
        false
    }

    /// The trainee's microphone is off, or on. Whoever hands over or holds is not looked at: the
    /// caller hears somebody else, or is alone already.
    pub(super) fn is_muted(&mut self, at: Timestamp, muted: bool) {
        if self.muted == muted || self.held || self.handing_over {
            return;
        }
        self.muted = muted;
        if muted { self.lonely.begins(at) } else { self.lonely.ends(at) }
    }

    /// The trainee has asked this.
    pub(super) async fn ask(&mut self, id: &str) {
        let Some(question) = self.lesson.questions.iter().find(|known| known.id == id) else {
            return;
        };
        if self.person.is_none() {
            return;
        }
        let text = question.text.clone();
        *self.asked.entry(id.to_owned()).or_default() += 1;
        self.facts.asked.insert(id.to_owned());
        self.note(SpokenBy::Operator, text);
        let now = self.elapsed();
        let lines = &self.lines;
        let deeds = self.person.as_mut().map(|person| person.asked(now, id, |l| length(lines, l)));
        self.carry_out(deeds.unwrap_or_default()).await;
    }

    /// When the caller does something by itself.
    pub(super) fn due(&self) -> Option<Instant> {
        Some(self.answered? + self.person.as_ref()?.due()?)
    }

    pub(super) async fn on_time(&mut self) {
        let now = self.elapsed();
        let lines = &self.lines;
        let deeds = self.person.as_mut().map(|person| person.on_time(now, |l| length(lines, l)));
        self.carry_out(deeds.unwrap_or_default()).await;
    }

    pub(super) async fn hang_up(&self) {
        if let Some((line, _)) = &self.line {
            line.hang_up().await;
        }
    }

    async fn carry_out(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Say(line) => {
                    if let (Some((_, mouth)), Some(samples)) = (&self.line, self.lines.get(&line)) {
                        mouth.say(samples);
                    }
                    self.note(SpokenBy::Caller, line);
                }
                Deed::Press(key) => {
                    if let Some((line, _)) = &self.line {
                        line.press(key);
                    }
                    self.note(SpokenBy::Line, format!("[{key}]"));
                }
                Deed::HangUp => self.hang_up().await,
            }
        }
    }

    fn note(&mut self, by: SpokenBy, text: String) {
        let at_ms = u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.said.push(Said { at_ms, by, text });
    }

    /// Since the answer.
    fn elapsed(&self) -> Duration {
        self.answered.map(|at| at.elapsed()).unwrap_or_default()
    }
}

/// How long a line takes to be said.
fn length(lines: &BTreeMap<String, Arc<[i16]>>, line: &str) -> Duration {
    let samples = lines.get(line).map_or(0, |samples| samples.len());
    Duration::from_millis(samples as u64 * 1_000 / u64::from(RATE))
}
