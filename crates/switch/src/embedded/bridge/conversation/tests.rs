//! A bridge on virtual time: every tick is 20 ms, and the lines are the tests' own.

use super::*;
use crate::embedded::prompts::prompt_sound;
use siaga_media::frame::peak_of_dbfs;
use siaga_media::tone::{HoldMusic, Sine};
use siaga_media::{FRAME, FRAME_DURATION};
use siaga_model::Timestamp;
use siaga_recording::RecorderOptions;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// A telephone at the end of a line.
#[derive(Default)]
struct Telephone(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    says: VecDeque<Frame>,
    heard: Vec<Frame>,
    last_packet: Option<Instant>,
    /// Sends nothing any more.
    dead: bool,
    /// So many packets to come cannot be decoded.
    broken: usize,
}

impl Telephone {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn says(&self, frames: impl IntoIterator<Item = Frame>) {
        self.inside().says.extend(frames);
    }

    fn last_heard(&self) -> Frame {
        self.inside().heard.last().cloned().expect("something")
    }
}

impl Line for Telephone {
    fn pull(&self, now: Instant) -> Frame {
        let mut inside = self.inside();
        if !inside.dead {
            inside.last_packet = Some(now);
        }
        if inside.broken > 0 {
            inside.broken -= 1;
            panic!("a packet of death");
        }
        inside.says.pop_front().unwrap_or_default()
    }

    fn send(&self, frame: &Frame) {
        self.inside().heard.push(frame.clone());
    }

    fn last_packet_at(&self) -> Option<Instant> {
        self.inside().last_packet
    }
}

struct Room {
    now: Instant,
    call: CallId,
    conversation: Conversation,
    caller: Arc<Telephone>,
    /// The desks that have begun to send: nearly every test has one.
    flows: Vec<LegId>,
}

impl Room {
    fn new(recording: Option<RecordingHandle>) -> Self {
        let call = CallId::from_parts(1, 110);
        let mut room = Self {
            now: Instant::now(),
            call,
            conversation: Conversation::new(call, Program::Music, Prompts::built_in(), recording),
            caller: Arc::new(Telephone::default()),
            flows: Vec::new(),
        };
        let line = room.caller.clone();
        room.obey(BridgeCommand::Add { leg: LegId::caller(call), line, is_desk: false });
        room.obey(BridgeCommand::Up(LegId::caller(call)));
        room
    }

    fn obey(&mut self, command: BridgeCommand) {
        self.conversation.obey(self.now, command);
    }

    fn play(&mut self, program: Program) {
        self.obey(BridgeCommand::Play(program));
    }

    /// A seat that is up and joined.
    fn seat(&mut self, n: u16) -> (LegId, Arc<Telephone>) {
        let (leg, seat) = (LegId { call: self.call, n }, Arc::new(Telephone::default()));
        self.obey(BridgeCommand::Add { leg, line: seat.clone(), is_desk: true });
        self.obey(BridgeCommand::Up(leg));
        self.obey(BridgeCommand::Join(leg));
        (leg, seat)
    }

    fn tick(&mut self) -> Vec<BridgeSaw> {
        self.now += FRAME_DURATION;
        let mut noticed = self.conversation.tick(self.now);
        noticed.retain(|saw| match saw {
            BridgeSaw::Flows(leg) => {
                self.flows.push(*leg);
                false
            }
            _ => true,
        });
        noticed
    }

    fn ticks(&mut self, count: usize) -> Vec<BridgeSaw> {
        (0..count).flat_map(|_| self.tick()).collect()
    }
}

fn level(value: i16) -> Frame {
    Frame([value; FRAME])
}

/// Two knocks, 300 ms apart, with quiet around them.
fn knocking() -> Vec<Frame> {
    let mut sound = vec![0i16; 60 * FRAME];
    for start in [20 * FRAME + 333, 35 * FRAME + 333] {
        for n in 0..60 * 48 {
            let t = n as f32 / 48_000.0;
            let wave = [(430.0, 0.016), (950.0, 0.009)]
                .map(|(hz, tau): (f32, f32)| {
                    (std::f32::consts::TAU * hz * t).sin() * (-t / tau).exp()
                })
                .iter()
                .sum::<f32>();
            sound[start + n] = (wave * peak_of_dbfs(-18.0)) as i16;
        }
    }
    sound.chunks(FRAME).map(Frame::from_samples).collect()
}

#[test]
fn knocks_are_told_once_a_run_and_only_while_the_procedure_listens() {
    let mut room = Room::new(None);
    let (_, _seat) = room.seat(1);
    let knocks = BridgeSaw::Knocks(LegId::caller(room.call));
    room.play(Program::Quiet);
    room.caller.says(knocking());
    assert_eq!(room.ticks(100), []);

    for run in 0..2 {
        room.play(Program::Prompt(Prompt::SilenceCheck));
        for _ in 0..3 {
            room.caller.says(knocking());
        }
        // The same command again is the same run.
        let mut told = room.ticks(90);
        room.play(Program::Prompt(Prompt::SilenceCheck));
        told.extend(room.ticks(200));
        assert_eq!(told, [knocks], "run {run}");
        room.play(Program::Quiet);
    }
    for program in [Program::Music, Program::Prompt(Prompt::PleaseWait), Program::SoftRingback] {
        room.play(program);
        room.caller.says(knocking());
        assert_eq!(room.ticks(100), [], "{program:?}");
    }
}

#[test]
fn the_silence_check_is_heard_by_the_caller_and_by_the_operator_who_stays_in_the_conversation() {
    let mut room = Room::new(None);
    let (_, seat) = room.seat(1);
    let (other, overheard) = room.seat(2);
    room.obey(BridgeCommand::Detach(other));
    room.play(Program::Prompt(Prompt::SilenceCheck));
    let said = prompt_sound(Prompt::SilenceCheck);
    for word in said.chunks(FRAME) {
        room.tick();
        assert_eq!(room.caller.last_heard().0, word);
        assert_eq!(seat.last_heard().0, word);
        assert_eq!(overheard.last_heard(), Frame::silence());
    }
    seat.says([level(7)]);
    room.caller.says([level(5)]);
    room.tick();
    assert_eq!((room.caller.last_heard(), seat.last_heard()), (level(7), level(5)));
}

#[test]
fn a_seat_that_sends_nothing_for_two_seconds_is_lost_once_and_a_caller_is_given_a_minute() {
    let mut room = Room::new(None);
    let (leg, seat) = room.seat(1);
    assert_eq!(room.ticks(200), []);
    seat.inside().dead = true;
    assert_eq!(room.ticks(100), []);
    assert_eq!(room.ticks(300), [BridgeSaw::MediaLost(leg)]);
    room.obey(BridgeCommand::Remove(leg));
    room.caller.inside().dead = true;
    assert_eq!(room.ticks(3_000), []);
    assert_eq!(room.ticks(100), [BridgeSaw::MediaLost(LegId::caller(room.call))]);
}

/// A machine that is moved or suspended: what was sent meanwhile is read after the first tick.
#[test]
fn nobody_is_silent_for_the_time_in_which_the_switch_stood_still() {
    let mut room = Room::new(None);
    let (leg, seat) = room.seat(1);
    assert_eq!(room.ticks(200), []);
    room.now += Duration::from_secs(5);
    seat.inside().dead = true;
    room.conversation.skip(room.now, 250);
    assert_eq!(room.ticks(2), [], "its packets wait in the socket");
    seat.inside().dead = false;
    assert_eq!(room.ticks(200), []);
    seat.inside().dead = true;
    assert_eq!(room.ticks(400), [BridgeSaw::MediaLost(leg)], "who is gone is gone");
}

#[test]
fn a_seat_that_never_sent_anything_is_lost_two_seconds_after_it_was_up() {
    let mut room = Room::new(None);
    let leg = LegId { call: room.call, n: 1 };
    let seat = Arc::new(Telephone::default());
    seat.inside().dead = true;
    room.obey(BridgeCommand::Add { leg, line: seat, is_desk: true });
    assert_eq!(room.ticks(500), [], "it still connects");
    room.obey(BridgeCommand::Up(leg));
    assert_eq!(room.ticks(100), []);
    assert_eq!(room.ticks(2), [BridgeSaw::MediaLost(leg)]);
    assert!(room.flows.is_empty());
}

#[test]
fn a_desk_that_begins_to_send_is_told_once_and_not_before_it_is_up() {
    let mut room = Room::new(None);
    let leg = LegId { call: room.call, n: 1 };
    let seat = Arc::new(Telephone::default());
    room.obey(BridgeCommand::Add { leg, line: seat.clone(), is_desk: true });
    room.ticks(10);
    assert!(room.flows.is_empty(), "it still connects");
    seat.inside().last_packet = None;
    seat.inside().dead = true;
    room.obey(BridgeCommand::Up(leg));
    room.ticks(10);
    assert!(room.flows.is_empty(), "an answer alone is no voice");
    seat.inside().dead = false;
    room.ticks(50);
    assert_eq!(room.flows, [leg]);
}

#[test]
fn a_tick_that_panics_costs_twenty_milliseconds_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = RecorderOptions { call: CallId::from_parts(1, 110), started_at: Timestamp(1) };
    let recording = RecordingHandle::start(folder.path(), options, |_| {}).expect("started");
    let mut room = Room::new(Some(recording));
    let (_, seat) = room.seat(1);
    room.play(Program::Quiet);
    let mut mouth = Sine::new(1_000.0, -20.0);
    seat.says((0..150).map(|_| mouth.next_frame()));
    room.ticks(50);
    room.conversation.panics = 1;
    room.ticks(1);
    assert_eq!(room.caller.last_heard(), Frame::silence());
    room.ticks(49);
    // Still joined, still without music.
    assert!((room.caller.last_heard().rms_dbfs() + 23.0).abs() < 0.5);
    assert_eq!(room.caller.inside().heard.len(), 100);
    let seals = room.conversation.into_recording().expect("kept").finish().expect("finished");
    let [seal] = &seals[..] else { panic!("{seals:?}") };
    assert_eq!(seal.seconds, 2.0, "what follows keeps its time");
}

#[test]
fn a_bridge_that_fails_again_and_again_plays_music_and_takes_up_the_conversation_again() {
    let mut room = Room::new(None);
    let (_, seat) = room.seat(1);
    room.play(Program::Quiet);
    room.ticks(10);
    room.conversation.panics = 3;
    room.ticks(2);
    let mut music = HoldMusic::chords(-18.0);
    for _ in 0..250 {
        room.tick();
        assert_eq!(room.caller.last_heard(), music.next_frame());
    }
    seat.says((0..10).map(|_| level(7)));
    room.ticks(5);
    assert_eq!(room.caller.last_heard(), level(7));
}

#[test]
fn a_voice_that_cannot_be_decoded_is_silence_and_a_seat_with_it_is_lost_while_the_others_talk_on() {
    let mut room = Room::new(None);
    let (leg, broken) = room.seat(1);
    let (_, healthy) = room.seat(2);
    room.play(Program::Quiet);
    room.ticks(10);
    broken.inside().broken = usize::MAX;
    healthy.says((0..50).map(|_| level(7)));
    assert_eq!(room.ticks(2), []);
    assert_eq!(room.caller.last_heard(), level(7));
    assert_eq!(room.ticks(40), [BridgeSaw::MediaLost(leg)]);
    assert_eq!(room.caller.last_heard(), level(7));
}

#[test]
fn a_caller_whose_voice_cannot_be_decoded_for_a_moment_stays_and_is_heard_again() {
    let mut room = Room::new(None);
    let (_, seat) = room.seat(1);
    room.play(Program::Quiet);
    room.caller.inside().broken = 3;
    assert_eq!(room.ticks(253), []);
    room.caller.says([level(9)]);
    room.ticks(1);
    assert_eq!(seat.last_heard(), level(9));
}

#[test]
fn a_prompt_begins_when_the_callers_media_is_up_so_that_no_word_is_lost() {
    let mut room = Room::new(None);
    room.conversation.caller_is_up = false;
    room.play(Program::Prompt(Prompt::PleaseWait));
    let mut music = HoldMusic::chords(-18.0);
    for _ in 0..40 {
        room.tick();
        assert_eq!(room.caller.last_heard(), music.next_frame());
    }
    room.obey(BridgeCommand::Up(LegId::caller(room.call)));
    let mut softly = music;
    for word in prompt_sound(Prompt::PleaseWait).chunks(FRAME) {
        room.tick();
        let mut expected = softly.next_frame();
        expected.scale(0.25);
        expected.mix(&Frame::from_samples(word));
        assert_eq!(room.caller.last_heard(), expected);
    }
}

#[test]
fn a_recorder_that_does_not_keep_up_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = RecorderOptions { call: CallId::from_parts(1, 110), started_at: Timestamp(1) };
    let (release, released) = std::sync::mpsc::channel::<()>();
    let recording = RecordingHandle::start(folder.path(), options, move |_| {
        // The disk hangs at the first file.
        let _ = released.recv();
    })
    .expect("started");
    let mut room = Room::new(Some(recording));
    let told = room.ticks(siaga_recording::QUEUE_TICKS + 200);
    assert_eq!(told, [BridgeSaw::RecorderBehind(room.call)]);
    drop(release);
    let seals = room.conversation.into_recording().expect("kept").finish().expect("finished");
    assert_eq!(seals.len(), 1);
}
