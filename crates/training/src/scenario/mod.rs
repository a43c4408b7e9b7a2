//! The scenarios: one file each, which says who takes part, what they do, and what must come of it.
//!
//! A scenario knows people, sounds and the hub's own words for what happens. It knows no switch, so
//! that the same file plays on each of them, and no milliseconds but its limits. How it is staged
//! is [`crate::scene`]'s business, how it is judged that of [`crate::run`].
//!
//! A new one: a file with a type that implements [`Story`], its `mod`, and its line in `scenarios!`.

mod acts;
mod all_busy;
mod asterisk_restarts;
mod cable_pulled;
mod call_back;
mod caller_hangs_up_transfer;
mod caller_hangs_up_waiting;
mod desk_frozen;
mod desk_returns;
mod disk_full;
mod hub_dies;
mod hub_dies_ringing;
mod hub_dies_waiting;
mod hub_down;
mod hub_down_desk_dies;
mod hub_link_lost;
mod information;
mod microphone_lost;
mod network_changes;
mod not_valid;
mod operator_dies;
mod outside_busy;
mod plugin_loops;
mod plugin_traps;
mod polres_busy;
mod polres_silent;
mod seat_silent;
mod silent_line;
mod silent_line_knock;
mod switch_dies;
mod three_way;
mod transfer_to_number;
mod valid_transfer;
mod webview_dies;

use crate::judge::{POLDA_HZ, POLRES_HZ, SECOND_POLDA_HZ};
use crate::run::SwitchKind;
use crate::scene::Scene;
use crate::stage::POLDA;
use crate::voices;
use serde::Deserialize;
use siaga_call_flow::{FlowConfig, FlowEvent};
use siaga_model::{CaseStatus, EndedBy};
use std::str::FromStr;
use std::time::Duration;

/// The Polres to which the fire of these scenarios belongs.
pub(crate) const POLRES: &str = "pmj.depok";

/// What somebody outside is called in a cast.
pub(crate) const OUTSIDE: &str = "damkar";
/// The service in the dial plan of training that they are, and its number.
pub(crate) const OUTSIDE_SERVICE: &str = "Damkar 113";
/// See [`OUTSIDE_SERVICE`].
pub(crate) const OUTSIDE_NUMBER: &str = "113";

/// Why no hub alone can die on the embedded switch.
const HUB_IS_SWITCH: &str = "the hub is the switch there, and calls die with it (switch-dies)";

/// What a scenario is made of.
#[async_trait::async_trait]
pub(crate) trait Story: Sync {
    /// Its name on the command line and in its report.
    fn name(&self) -> &'static str;

    /// Who takes part, and on what stage.
    fn cast(&self) -> Cast;

    /// Why it makes no sense on this switch, if it does not.
    fn refuses(&self, switch: SwitchKind) -> Option<&'static str> {
        (switch == SwitchKind::Embedded && self.cast().hub_alone).then_some(HUB_IS_SWITCH)
    }

    /// What people do, from the first dialling to the end of the last call. They act by what they
    /// see and hear; only faults reach behind the curtain.
    ///
    /// # Errors
    /// When somebody waits in vain for something that must happen.
    async fn play(&self, scene: &Scene) -> anyhow::Result<()>;

    /// What must have come of it.
    fn expects(&self) -> Expected;

    /// How a played Polres behaves when a trainee trains this.
    fn trained_polres(&self) -> PolresPart {
        PolresPart::Answers
    }
}

/// How a Polres that is played behaves when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PolresPart {
    /// Takes the call.
    Answers,
    /// Says that it cannot.
    Declines,
    /// Lets it ring.
    IsSilent,
}

/// Who takes part.
pub(crate) struct Cast {
    /// What the citizen says: a WAV file.
    pub caller: &'static [u8],
    /// The operators. They are logged in and ready before the play begins.
    pub seats: Vec<Part>,
    /// The life of a call at this hub.
    pub flow: FlowConfig,
    /// Whether hub and switch are a process of their own, to be killed.
    pub house_apart: bool,
    /// Whether the hub is killed and its switch lives on.
    pub hub_alone: bool,
    /// Whether recordings lie on a disk of their own, to be filled.
    pub small_disk: bool,
    /// Whether the validity plugin does what the narrative says: loops, traps.
    pub hostile_plugin: bool,
    /// Whether somebody outside can be called: [`OUTSIDE`], at [`OUTSIDE_NUMBER`].
    pub outside: bool,
}

impl Cast {
    /// A citizen who says this, and these operators, as the founding description has it.
    pub(crate) fn new(caller: &'static [u8], seats: impl Into<Vec<Part>>) -> Self {
        let flow = FlowConfig::polda_first();
        Self {
            caller,
            seats: seats.into(),
            flow,
            house_apart: false,
            hub_alone: false,
            small_disk: false,
            hostile_plugin: false,
            outside: false,
        }
    }

    /// A fire in Depok, and the Polda with its Polres.
    pub(crate) fn fire() -> Self {
        Self::new(voices::CALLER_FIRE, [Part::polda(), Part::polres()])
    }

    /// The same citizen, the Polda, and a fire brigade whose number is in the dial plan.
    pub(crate) fn with_outside() -> Self {
        Self { outside: true, ..Self::new(voices::CALLER_FIRE, [Part::polda()]) }
    }

    /// The same citizen, these operators, and a hub that is killed beside its switch.
    pub(crate) fn without_hub(seats: impl Into<Vec<Part>>) -> Self {
        let cast = Self::new(voices::CALLER_FIRE, seats);
        Self { house_apart: true, hub_alone: true, ..cast }
    }
}

/// An operator.
#[derive(Clone)]
pub(crate) struct Part {
    /// The name in the report: `polda` gives `heard-polda.wav`.
    pub who: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// Which of its seats.
    pub number: u32,
    /// What they say: a WAV file. Each their own, so that voices can be told apart.
    pub voice: &'static [u8],
    /// What they hum, in Hz.
    pub hz: f32,
    /// Where their desk runs.
    pub desk: DeskPlace,
}

/// Where a desk runs, which decides what can be done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeskPlace {
    /// In this process.
    Here,
    /// In this process, with something between it and the hub that can be cut.
    BehindRelay,
    /// In a process of its own, to be killed, frozen and started again.
    Apart,
    /// In a process and a network of its own, whose cable can be pulled and changed.
    BehindCable,
}

impl Part {
    /// The first operator of the Polda, `polda`.
    pub(crate) fn polda() -> Self {
        Self::new("polda", POLDA, 1, voices::POLDA, POLDA_HZ)
    }

    /// The second operator of the Polda, `polda2`.
    pub(crate) fn second_polda() -> Self {
        Self::new("polda2", POLDA, 2, voices::SECOND_POLDA, SECOND_POLDA_HZ)
    }

    /// The operator of the Polres, `polres`.
    pub(crate) fn polres() -> Self {
        Self::new("polres", POLRES, 1, voices::POLRES, POLRES_HZ)
    }

    /// An operator of the headquarters, `mabes`.
    pub(crate) fn mabes() -> Self {
        Self::new("mabes", "mabes", 1, voices::SECOND_POLDA, SECOND_POLDA_HZ)
    }

    /// The same, at another desk.
    pub(crate) fn at(mut self, desk: DeskPlace) -> Self {
        self.desk = desk;
        self
    }

    fn new(
        who: &'static str,
        unit: &'static str,
        number: u32,
        voice: &'static [u8],
        hz: f32,
    ) -> Self {
        Self { who, unit, number, voice, hz, desk: DeskPlace::Here }
    }
}

/// Something that must happen, and what a report calls it.
pub(crate) type Happening = (&'static str, fn(&FlowEvent) -> bool);

/// A citizen's call has come.
pub(crate) const ARRIVED: Happening =
    ("the arrival", |event| matches!(event, FlowEvent::CallerArrived { .. }));
/// A human is with the caller.
pub(crate) const ANSWERED: Happening =
    ("the answer", |event| matches!(event, FlowEvent::Answered { .. }));
/// Somebody outside answered, and is in the conversation.
pub(crate) const OUTSIDE_ANSWERED: Happening =
    ("the answer outside", |event| matches!(event, FlowEvent::OutsideAnswered { .. }));
/// A seat was lost, and the caller waits at the front of the queue.
pub(crate) const REQUEUED: Happening =
    ("the loss of the seat", |event| matches!(event, FlowEvent::Requeued { .. }));
/// A transfer has begun.
pub(crate) const TRANSFER: Happening =
    ("the transfer", |event| matches!(event, FlowEvent::TransferStarted { .. }));
/// An operator has closed the call.
pub(crate) const CLOSED: Happening =
    ("the closing", |event| matches!(event, FlowEvent::Ended { by: EndedBy::Closing, .. }));

/// What must have come of a scenario.
pub(crate) struct Expected {
    /// What must have happened, in this order, whatever else happens between.
    pub story: Vec<Happening>,
    /// What must not have happened.
    pub never: Vec<Happening>,
    /// What must have happened no more than once.
    pub once: Vec<Happening>,
    /// How the case of the first call stands in the end.
    pub case: Option<ExpectedCase>,
    /// Where which voices belong.
    pub sounds: Vec<Sound>,
    /// What is measured, and how long it may take.
    pub limits: Vec<Limit>,
    /// How many legs there are at least, of all calls together.
    pub legs: usize,
    /// Whether it is the (first) caller who hangs up.
    pub caller_hangs_up: bool,
    /// How many recordings the calls have.
    pub recordings: usize,
    /// How many of them were cut off: by the end of their recorder, or of its disk.
    pub cut_off: usize,
    /// Whether a plugin fails in it (and the call goes on), or none.
    pub plugins_fail: bool,
}

impl Expected {
    /// One call, recorded in one piece, answered and closed by an operator, who is heard in time and
    /// whose caller is never alone; nothing said yet about voices.
    pub(crate) fn new(story: impl Into<Vec<Happening>>, legs: usize) -> Self {
        Self {
            story: story.into(),
            never: Vec::new(),
            once: Vec::new(),
            case: None,
            sounds: Vec::new(),
            limits: vec![Limit::answer_to_audio(), Limit::silence(500)],
            legs,
            caller_hangs_up: false,
            recordings: 1,
            cut_off: 0,
            plugins_fail: false,
        }
    }

    /// How the case stands in the end.
    #[must_use]
    pub(crate) fn case(mut self, status: CaseStatus, unit: Option<&'static str>) -> Self {
        self.case = Some(ExpectedCase { status, unit });
        self
    }

    /// Where which voices belong.
    #[must_use]
    pub(crate) fn sounds(mut self, sounds: impl Into<Vec<Sound>>) -> Self {
        self.sounds = sounds.into();
        self
    }

    /// One more measurement.
    #[must_use]
    pub(crate) fn limit(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// This must not have happened.
    #[must_use]
    pub(crate) fn never(mut self, happening: Happening) -> Self {
        self.never.push(happening);
        self
    }

    /// Each of these has happened no more than once.
    #[must_use]
    pub(crate) fn once(mut self, happenings: impl Into<Vec<Happening>>) -> Self {
        self.once = happenings.into();
        self
    }

    /// The longest silence of the caller's that is allowed, instead of half a second.
    #[must_use]
    pub(crate) fn silence(mut self, ms: i64) -> Self {
        self.limits.retain(|limit| !matches!(limit.what, Measure::CallerSilence));
        self.limit(Limit::silence(ms))
    }
}

/// How a case stands.
pub(crate) struct ExpectedCase {
    /// Its status.
    pub status: CaseStatus,
    /// Whose it is, if that matters.
    pub unit: Option<&'static str>,
}

/// Which voices belong into a sound; all others of the cast must not be in it.
pub(crate) struct Sound {
    /// `recording-left`, `recording-right`, `heard-caller`, `heard-polda`, …
    pub place: &'static str,
    /// `caller` or an operator.
    pub hears: &'static [&'static str],
    /// Those of whom it does not matter: a second of a handover.
    pub may_hear: &'static [&'static str],
}

impl Sound {
    /// Exactly these.
    pub(crate) fn of(place: &'static str, hears: &'static [&'static str]) -> Self {
        Self { place, hears, may_hear: &[] }
    }
}

/// A measurement and its limit. Its name is a field of `timings_ms`.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    /// The field.
    pub name: &'static str,
    /// What is measured.
    pub what: Measure,
    /// What it may be, in milliseconds.
    pub ms: i64,
}

/// What can be measured in what was heard.
#[derive(Clone, Copy)]
pub(crate) enum Measure {
    /// From the key of the first answer to the operator's pilot at the caller and sound at the
    /// operator.
    AnswerToAudio {
        /// The operator.
        who: &'static str,
        /// The operator's pilot, in Hz.
        hz: f32,
    },
    /// The longest span from the first answer on in which the caller received neither a pilot nor
    /// music nor a prompt.
    CallerSilence,
    /// The longest span in which the caller hears nothing at all, whether anybody has answered yet or not.
    LineSilence {
        /// From when on.
        since: Since,
    },
    /// How long until the caller hears this pilot.
    UntilPilot {
        /// The pilot, in Hz.
        hz: f32,
        /// From when on.
        since: Since,
    },
    /// The longest span in which the caller does not hear the operator with this pilot.
    WithoutPilot {
        /// The pilot, in Hz.
        hz: f32,
        /// From when on.
        since: Since,
        /// Until when; `None`: to the end of what was heard.
        until: Option<Since>,
    },
    /// From one moment to another.
    Between(Since, Since),
    /// The longest span in which an operator hears nothing at all, not even the noise of the line.
    OperatorSilence {
        /// The operator.
        who: &'static str,
        /// From when on.
        since: Since,
        /// Until when; `None`: to the end of what was heard.
        until: Option<Since>,
    },
}

/// A moment of a scenario.
#[derive(Clone, Copy)]
pub(crate) enum Since {
    /// Noted by [`Scene::mark`]; the first of that name.
    Mark(&'static str),
    /// An event of the log, and so long after it; the first that fits.
    Event(fn(&FlowEvent) -> bool, Duration),
}

impl Limit {
    /// Two-way audio within half a second of the key.
    pub(crate) fn answer_to_audio() -> Self {
        Self {
            name: "answer_to_audio",
            what: Measure::AnswerToAudio { who: "polda", hz: POLDA_HZ },
            ms: 500,
        }
    }

    /// The caller is never alone for longer than this.
    pub(crate) fn silence(ms: i64) -> Self {
        Self { name: "caller_longest_silence", what: Measure::CallerSilence, ms }
    }

    /// The Polda operator has the caller back.
    pub(crate) fn reclaim(since: Since, ms: i64) -> Self {
        Self { name: "reclaim", what: Measure::UntilPilot { hz: POLDA_HZ, since }, ms }
    }
}

/// The names of the scenarios, and which file is whose.
macro_rules! scenarios {
    ($($(#[$doc:meta])* $name:ident => $file:ident),* $(,)?) => {
        /// What can be played.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Scenario {
            $($(#[$doc])* $name,)*
        }

        impl Scenario {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            pub(crate) fn story(self) -> &'static dyn Story {
                match self {
                    $(Self::$name => &$file::$name,)*
                }
            }
        }
    };
}

scenarios! {
    /// A fire is reported, handed to the Polres, followed up and closed there (steps 1–4, 6–9).
    ValidTransfer => valid_transfer,
    /// The Polres is busy (steps 1–4, 6, 10, 11).
    PolresBusy => polres_busy,
    /// The Polres does not answer (the same).
    PolresSilent => polres_silent,
    /// A prank, closed at the Polda (steps 1–5).
    NotValid => not_valid,
    /// A question, answered at the Polda.
    Information => information,
    /// The operator's desk is killed in the middle of a sentence.
    OperatorDies => operator_dies,
    /// The operator's desk stops where it is.
    DeskFrozen => desk_frozen,
    /// The cable is pulled out of the operator's desk.
    CablePulled => cable_pulled,
    /// A frozen desk comes back, too late.
    DeskReturns => desk_returns,
    /// The desk and the hub lose each other, and find each other again.
    HubLinkLost => hub_link_lost,
    /// The desk gets another network in the middle of a call.
    NetworkChanges => network_changes,
    /// Hub and switch are killed in the middle of a call, and started again.
    SwitchDies => switch_dies,
    /// The hub is killed in the middle of a call; both go on, and so does the next hub.
    HubDies => hub_dies,
    /// The hub is killed while a caller waits.
    HubDiesWaiting => hub_dies_waiting,
    /// The hub is killed while it rings at a desk.
    HubDiesRinging => hub_dies_ringing,
    /// Somebody calls while there is no hub.
    HubDown => hub_down,
    /// Without a hub, the desk that has the caller is killed.
    HubDownDeskDies => hub_down_desk_dies,
    /// The PBX is killed in the middle of a call, and started again.
    AsteriskRestarts => asterisk_restarts,
    /// The disk of the recordings is full for a while.
    DiskFull => disk_full,
    /// The operator's microphone is lost, and a colleague takes the call.
    MicrophoneLost => microphone_lost,
    /// The first seat lets it ring (`tak menjawab`), the second takes the call.
    SeatSilent => seat_silent,
    /// Every seat is busy: the caller is told to wait, and goes on to the next level.
    AllBusy => all_busy,
    /// The caller gives up before anybody answers, and is called back.
    CallerHangsUpWaiting => caller_hangs_up_waiting,
    /// The caller hangs up while the Polres rings, and is called back.
    CallerHangsUpTransfer => caller_hangs_up_transfer,
    /// The caller gives up, is called back, and both talk.
    CallBack => call_back,
    /// The fire brigade is called into the conversation; the citizen leaves first.
    ThreeWay => three_way,
    /// The fire brigade is busy, and is called again.
    OutsideBusy => outside_busy,
    /// The operator leaves the citizen with the fire brigade, which hangs up.
    TransferToNumber => transfer_to_number,
    /// Nobody says anything, nor answers the silent-call procedure.
    SilentLine => silent_line,
    /// Nobody says anything, but knocks when asked for a sign.
    SilentLineKnock => silent_line_knock,
    /// A plugin never comes back.
    PluginLoops => plugin_loops,
    /// A plugin breaks down.
    PluginTraps => plugin_traps,
    /// The process that draws the operator's window is killed in the middle of a call.
    WebviewDies => webview_dies,
}

impl Scenario {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        self.story().name()
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|scenario| scenario.name() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|scenario| scenario.name()).collect();
            format!("no scenario {text:?}; there are {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn scenarios_are_told_apart_by_name_and_their_people_by_seat_and_pilot() {
        let names: BTreeSet<_> = Scenario::ALL.iter().map(|scenario| scenario.name()).collect();
        assert_eq!(names.len(), Scenario::ALL.len());
        for scenario in Scenario::ALL {
            assert_eq!(scenario.name().parse(), Ok(*scenario));
            let cast = scenario.story().cast();
            let who: BTreeSet<_> = cast.seats.iter().map(|part| part.who).collect();
            let seats: BTreeSet<_> =
                cast.seats.iter().map(|part| (part.unit, part.number)).collect();
            assert_eq!((who.len(), seats.len()), (cast.seats.len(), cast.seats.len()));
            for sound in scenario.story().expects().sounds {
                for voice in sound.hears.iter().chain(sound.may_hear) {
                    let plays = *voice == "caller" || cast.outside && *voice == OUTSIDE;
                    assert!(plays || who.contains(voice), "{voice} does not play");
                }
            }
        }
    }
}
