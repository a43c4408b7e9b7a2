//! The hands of a simulated operator: what they press next, given what the desk shows now.
//!
//! Nothing is awaited step by step, because anything may happen in between: the call is lost, the
//! desk restarted, the transfer comes back. At every look the desk's state is taken as it is.

use super::plan::{Wish, between};
use rand::RngExt;
use rand::rngs::StdRng;
use siaga_desk::{Asking, DeskCall, DeskState, Intent, PhoneState};
use siaga_hub_api::{CallView, HandoverChoice, Phase, SilenceView};
use siaga_model::{CallId, Disposition, Form, NotReport, Redacted, SeatId, SeatState, UnitId};
use std::time::{Duration, Instant};

/// What is typed when a plugin is to fail: its guests do what the narrative says.
const PLUGIN_TROUBLE: [&str; 3] = ["loop", "trap", "memory"];

/// Sentences without meaning for anybody real.
const SENTENCES: [&str; 6] = [
    "Plp melapor kebakaran rumah, api dari dapur.",
    "Kecelakaan dua motor, satu orang luka.",
    "Tetangga ribut, terdengar barang pecah.",
    "Menanyakan perpanjangan SIM.",
    "Tidak ada suara.",
    "Tertawa lalu diam.",
];

/// One thing to do with a call, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Type,
    Hold,
    CheckSilence,
    Transfer,
    Dispose,
    Close,
}

/// How a ring is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Response {
    Answer,
    Decline,
    LetRing,
}

/// What the hands know of the call that they are at.
struct AtCall {
    call: CallId,
    response: Response,
    steps: Vec<Step>,
    planned: bool,
    transfers: u8,
    typed: u32,
}

/// The hands.
pub(super) struct Hands {
    rng: StdRng,
    seat: SeatId,
    unit: UnitId,
    polda: bool,
    /// Where reports may go.
    targets: Vec<UnitId>,
    plugin_fails: bool,
    at: Option<AtCall>,
    due: Instant,
}

impl Hands {
    pub(super) fn new(
        rng: StdRng,
        seat: SeatId,
        unit: UnitId,
        targets: Vec<UnitId>,
        plugin_fails: bool,
    ) -> Self {
        let polda = unit.as_str() == crate::POLDA;
        Self { rng, seat, unit, polda, targets, plugin_fails, at: None, due: Instant::now() }
    }

    /// After a restart the person is the same and looks anew.
    pub(super) fn look_anew(&mut self) {
        self.at = None;
        self.due = Instant::now();
    }

    /// What is pressed now, if anything.
    pub(super) fn next(&mut self, now: Instant, state: &DeskState) -> Option<Intent> {
        if now < self.due {
            return None;
        }
        let pressed = self.look(now, state);
        if pressed.is_some() {
            // No hand is faster.
            let pause = between(&mut self.rng, 250, 1_200);
            self.due = self.due.max(now + pause);
        }
        pressed
    }

    fn look(&mut self, now: Instant, state: &DeskState) -> Option<Intent> {
        if state.notice.is_some() {
            return Some(Intent::DismissNotice);
        }
        if let Some(Asking::DangerWords { disposition, note, .. }) = &state.asking {
            return Some(if self.rng.random_bool(0.5) {
                let (disposition, note) = (disposition.clone(), note.clone());
                Intent::Dispose { disposition, note, sure: true }
            } else {
                Intent::Undo
            });
        }
        let view = state.view.as_ref()?;
        match (&state.call, &view.call) {
            (Some(call), shown) if call.phone != PhoneState::Gone => {
                self.at_a_call(now, call, shown.as_ref().filter(|shown| shown.call == call.call))
            }
            (Some(call), Some(shown)) if shown.call == call.call => self.after_a_call(shown),
            (Some(_) | None, _) => {
                self.at = None;
                self.between_calls(state)
            }
        }
    }

    fn between_calls(&mut self, state: &DeskState) -> Option<Intent> {
        let view = state.view.as_ref()?;
        match view.seat.state {
            SeatState::Paused | SeatState::NotAnswering | SeatState::AfterCall => {
                Some(Intent::Ready)
            }
            SeatState::Ready if self.polda && self.rng.random_bool(0.02) => {
                let entry = view.call_backs.iter().find(|entry| entry.calling.is_none())?;
                Some(Intent::CallBack { entry: entry.id })
            }
            SeatState::Offline | SeatState::Ready | SeatState::Ringing | SeatState::Talking => None,
        }
    }

    /// The caller is gone, or the call is somebody else's by now.
    fn after_a_call(&mut self, shown: &CallView) -> Option<Intent> {
        match &shown.phase {
            Phase::Ended { disposition: Disposition::Abandoned, .. }
                if shown.writer.as_ref() == Some(&self.seat) && self.rng.random_bool(0.5) =>
            {
                Some(Intent::Close { disposition: Disposition::Information, note: String::new() })
            }
            Phase::Ended { .. } => Some(Intent::Ready),
            Phase::Queued { .. }
            | Phase::Ringing { .. }
            | Phase::Talking { .. }
            | Phase::Held { .. }
            | Phase::Transferring { .. }
            | Phase::WithOutside { .. }
            | Phase::Finishing { .. }
            | Phase::CallingBack { .. } => None,
        }
    }

    fn at_a_call(
        &mut self,
        now: Instant,
        call: &DeskCall,
        shown: Option<&CallView>,
    ) -> Option<Intent> {
        if self.at.as_ref().is_none_or(|at| at.call != call.call) {
            let response = match self.rng.random_range(0..100) {
                0..86 => Response::Answer,
                86..93 => Response::Decline,
                _ => Response::LetRing,
            };
            let call = call.call;
            let (steps, planned) = (Vec::new(), false);
            self.at = Some(AtCall { call, response, steps, planned, transfers: 0, typed: 0 });
            // The time of an arm to the key.
            self.due = now + between(&mut self.rng, 300, 2_000);
            return None;
        }
        match call.phone {
            PhoneState::Ringing => match self.at.as_ref()?.response {
                Response::Answer => Some(Intent::Answer),
                Response::Decline => {
                    // Asked again later, the operator may take it.
                    self.at = None;
                    Some(Intent::Decline)
                }
                Response::LetRing => None,
            },
            PhoneState::Connecting | PhoneState::Gone => None,
            PhoneState::Connected => self.talk(now, call, shown?),
        }
    }

    fn talk(&mut self, now: Instant, call: &DeskCall, shown: &CallView) -> Option<Intent> {
        match &shown.phase {
            Phase::Talking { seat, disposing, reclaimed, .. } if *seat == self.seat => {
                if disposing.is_some() {
                    // Three seconds of it; looked at a few times.
                    return self.rng.random_bool(0.12).then_some(Intent::Undo);
                }
                if reclaimed.is_some() && self.at.as_ref().is_some_and(|at| at.steps.is_empty()) {
                    let again = self.rng.random_bool(0.3);
                    let at = self.at.as_mut()?;
                    at.steps = if again && at.transfers < 3 {
                        vec![Step::Close, Step::Transfer]
                    } else {
                        vec![Step::Close]
                    };
                }
                self.next_step(now, call, shown)
            }
            Phase::Held { seat, .. } if *seat == self.seat => {
                // A hold that began while this hand was elsewhere ends as well.
                let pressed = self.rng.random_bool(0.3).then_some(Intent::Resume);
                self.due = now + Duration::from_millis(700);
                pressed
            }
            Phase::Transferring { from, answered, .. } if *from == self.seat => {
                self.due = now + Duration::from_millis(500);
                match self.rng.random_range(0..100) {
                    0..2 => Some(Intent::TakeBack),
                    2..10 if *answered => Some(Intent::Release),
                    _ => None,
                }
            }
            Phase::Queued { .. }
            | Phase::Ringing { .. }
            | Phase::Talking { .. }
            | Phase::Held { .. }
            | Phase::Transferring { .. }
            | Phase::CallingBack { .. }
            | Phase::WithOutside { .. }
            | Phase::Finishing { .. }
            | Phase::Ended { .. } => None,
        }
    }

    fn next_step(&mut self, now: Instant, call: &DeskCall, shown: &CallView) -> Option<Intent> {
        let wish = Wish::of_number(shown.facts.caller.number.expose());
        if !self.at.as_ref()?.planned {
            let steps = self.plan(wish);
            let at = self.at.as_mut()?;
            (at.steps, at.planned) = (steps, true);
        }
        let step = self.at.as_mut()?.steps.pop().unwrap_or(Step::Close);
        self.due = now + between(&mut self.rng, 500, 3_500);
        match step {
            Step::Type => call.writable.then(|| self.edit(call)),
            Step::Hold => {
                self.due = now + between(&mut self.rng, 2_000, 12_000);
                Some(Intent::Hold)
            }
            Step::CheckSilence => Some(Intent::CheckSilence),
            Step::Transfer => {
                let unit = self.targets[self.rng.random_range(0..self.targets.len())].clone();
                let handover = [None, Some(HandoverChoice::Music)][self.rng.random_range(0..2)];
                let at = self.at.as_mut()?;
                at.transfers += 1;
                Some(Intent::Transfer { unit, handover })
            }
            Step::Dispose => Some(Intent::Dispose {
                disposition: Disposition::NotReport { reason: NotReport::Prank },
                note: String::new(),
                sure: false,
            }),
            Step::Close => {
                let disposition = match (wish, shown.silence) {
                    // The procedure still runs: look again.
                    (_, SilenceView::Running { .. }) => return None,
                    (Wish::Silent, SilenceView::Silent { .. }) => {
                        Disposition::NotReport { reason: NotReport::Silent }
                    }
                    (_, SilenceView::Signalled { .. }) => Disposition::HandledHere,
                    (Wish::Silent, SilenceView::NotRun) => Disposition::HandledHere,
                    _ if !self.polda => Disposition::HandledByUnit { unit: self.unit.clone() },
                    (Wish::Report, _) => {
                        Disposition::ForwardedToUnit { unit: self.targets[0].clone() }
                    }
                    (Wish::Prank, _) => Disposition::NotReport { reason: NotReport::Prank },
                    (Wish::Question, _) => Disposition::Information,
                };
                Some(Intent::Close { disposition, note: String::new() })
            }
        }
    }

    /// What is to be done with a call, last first.
    fn plan(&mut self, wish: Wish) -> Vec<Step> {
        let mut steps = match (self.polda, wish) {
            (false, _) => vec![Step::Type, Step::Close],
            (true, Wish::Report) => vec![Step::Type, Step::Type, Step::Transfer, Step::Close],
            (true, Wish::Prank) => vec![Step::Type, Step::Dispose, Step::Dispose],
            (true, Wish::Question) => vec![Step::Type, Step::Type, Step::Close],
            (true, Wish::Silent) => vec![Step::CheckSilence, Step::Type, Step::Close],
        };
        for _ in 0..self.rng.random_range(0..3) {
            steps.insert(0, Step::Type);
        }
        if self.rng.random_bool(0.15) {
            steps.insert(1, Step::Hold);
        }
        steps.reverse();
        steps
    }

    fn edit(&mut self, call: &DeskCall) -> Intent {
        let sentence = if self.plugin_fails && self.rng.random_bool(0.08) {
            // Such a guest looks at the whole narrative.
            PLUGIN_TROUBLE[self.rng.random_range(0..PLUGIN_TROUBLE.len())].to_owned()
        } else {
            let typed = self.at.as_ref().map_or(0, |at| at.typed);
            let sentence = SENTENCES[self.rng.random_range(0..SENTENCES.len())];
            format!("{sentence} {} {typed} {}", self.seat, self.rng.random_range(0..1_000_000))
        };
        if let Some(at) = &mut self.at {
            at.typed += 1;
        }
        let mut form: Form = call.form.clone();
        form.narrative = Redacted::new(sentence);
        if self.polda && self.rng.random_bool(0.3) {
            form.unit = Some(self.targets[self.rng.random_range(0..self.targets.len())].clone());
        }
        Intent::Edit { call: call.call, form: Box::new(form) }
    }
}
