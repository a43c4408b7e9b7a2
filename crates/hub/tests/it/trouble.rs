//! What must not go unnoticed, and what must not be lost meanwhile.

use crate::world::{Desk, PASSWORD, World, config, seat, unit};
use siaga_call_flow::{SwitchCommand, SwitchSaw};
use siaga_hub_api::{
    Alert, CallView, ErrorCode, HubClient, HubView, LoginRequest, Phase, SilenceView, ToHub,
};
use siaga_hub_store::Store;
use siaga_model::{
    CallId, Disposition, Form, LegCause, LegId, LineSignal, NotReport, Priority, SeatState,
};
use siaga_switch::SwitchEvent;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::time::Duration;

fn own(view: &HubView, call: CallId) -> Option<CallView> {
    view.call.clone().filter(|shown| shown.call == call)
}

async fn state_is(desk: &mut Desk, state: SeatState) {
    desk.shows(&format!("{state:?}"), |view| (view.seat.state == state).then_some(())).await;
}

#[tokio::test]
async fn a_room_is_told_as_long_as_a_live_call_is_not_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let mut watcher = world.desk("budi", "jaksel-1").await;
    let call = world.answered_call(&mut desk).await;
    let waiting = world.caller_from("081200001102").await;
    let alert = |calls| {
        move |view: &HubView| match view.alerts[..] {
            [Alert::NotRecording { calls: n, .. }] if n == calls => Some(()),
            _ => None,
        }
    };
    for (calls, call) in [(1, call), (2, waiting)] {
        let reason = "no space left on device".to_owned();
        world.event(SwitchEvent::RecordingTrouble { call, reason }).await;
        watcher.shows("the alert", alert(calls)).await;
    }
    desk.shows("not recording", |view| own(view, call).filter(|shown| !shown.recording)).await;
    world.event(SwitchEvent::RecordingResumed { call }).await;
    desk.shows("recording", |view| own(view, call).filter(|shown| shown.recording)).await;
    watcher.shows("one call left", alert(1)).await;
    // The other one ends unrecorded: no live call is.
    world.caller_hangs_up(waiting).await;
    watcher.shows("no alert", |view| view.alerts.is_empty().then_some(())).await;
    world.stop().await;
}

#[tokio::test]
async fn a_switch_that_is_slow_to_admit_somebody_rings_for_callers_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let switch = world.switch.clone();
    let door = switch.door.lock().await;
    let url = world.hub.url();
    let colleague = tokio::spawn(async move {
        let password = PASSWORD.to_owned().into();
        let operator = "budi".to_owned();
        HubClient::login(&url, LoginRequest { operator, password, seat: seat("pmj-2") }).await
    });
    switch.knocked("pmj-2").await;
    let call = world.answered_call(&mut desk).await;
    let disposition = Disposition::Information;
    desk.tell(ToHub::Close { call, disposition, note: String::new() }).await;
    switch.told(SwitchCommand::End(call)).await;
    drop(door);
    colleague.await.unwrap().expect("a session, late");
    world.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_loses_nothing_and_keeps_the_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let mut watcher = world.desk("budi", "pmj-2").await;
    let call = world.answered_call(&mut desk).await;
    let mut db =
        SqliteConnectOptions::new().filename(dir.path().join("hub.db")).connect().await.unwrap();
    // As on a full disk: no event and no draft can be stored.
    for table in ["events", "drafts"] {
        let full = format!(
            "CREATE TRIGGER full_{table} BEFORE INSERT ON {table}
             BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        );
        sqlx::query(sqlx::AssertSqlSafe(full)).execute(&mut db).await.unwrap();
    }
    let mut seqs = Vec::new();
    for rev in 1..=40 {
        let form = Form { narrative: format!("kata ke-{rev}").into(), ..Form::default() };
        seqs.push(desk.say(ToHub::Draft { call, rev, form }).await);
    }
    let disposition = Disposition::Information;
    seqs.push(desk.say(ToHub::Close { call, disposition, note: "selesai".to_owned() }).await);
    let not_storing = |view: &HubView| match view.alerts[..] {
        [Alert::NotStoring { .. }] => Some(()),
        _ => None,
    };
    watcher.shows("the alert", not_storing).await;
    // Calls go on meanwhile.
    desk.shows("the call is over", |view| view.call.is_none().then_some(())).await;
    let ready = desk.say(ToHub::Ready).await;
    let next = world.caller().await;
    let leg = world.switch.rung(next, "pmj-1").await;
    world.saw(SwitchSaw::Answered(leg)).await;
    desk.shows("the next caller", |view| own(view, next)).await;
    assert_eq!(desk.received.iter().filter(|m| format!("{m:?}").contains("Refused")).count(), 0);
    for table in ["events", "drafts"] {
        let room = format!("DROP TRIGGER full_{table}");
        sqlx::query(sqlx::AssertSqlSafe(room)).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
    desk.acked(ready).await;
    watcher.shows("no alert", |view| view.alerts.is_empty().then_some(())).await;
    desk.tell(ToHub::LeaseCases).await;
    let draft = world.store.draft(call).await.unwrap().unwrap();
    assert_eq!((draft.rev, draft.form.narrative.expose().as_str()), (40, "kata ke-40"));
    assert_eq!(world.store.closings(call).await.unwrap().len(), 1);
    let events = world.store.events(0, 1_000).await.unwrap();
    let bodies: Vec<_> = events.iter().map(|event| event.event.body.as_str()).collect();
    let place = |what: &str, call: CallId| {
        let (what, call) = (format!("\"event\":\"{what}\""), call.to_string());
        bodies.iter().position(|body| body.contains(&what) && body.contains(&call)).unwrap()
    };
    assert!(place("ended", call) < place("caller-arrived", next));
    assert!(place("caller-arrived", next) < place("answered", next));
    assert!(bodies.iter().any(|body| body.contains("storing-failed")));
    world.store.verify_chain().await.unwrap();
    world.stop().await;
}

/// A disk of its own, with this many bytes.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// `None` where nothing may be mounted.
    fn mount(bytes: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={bytes}");
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(dir))
    }

    /// Fills it to the last byte; removing the file makes room again.
    fn fill(&self) -> std::path::PathBuf {
        use std::io::Write;
        let ballast = self.0.path().join("penuh");
        let mut file = std::fs::File::create(&ballast).unwrap();
        for size in [4_096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        ballast
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a test that fails leaves its database open.
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_to_the_room_and_nothing_typed_meanwhile_is_lost() {
    let Some(disk) = SmallDisk::mount(8 * 1024 * 1024) else {
        let test = "a_full_disk_is_told_to_the_room_and_nothing_typed_meanwhile_is_lost";
        return siaga_testkit::skip(test, "no file system can be mounted here");
    };
    let mut world = World::start(disk.0.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    let ballast = disk.fill();
    let text = |rev: u64| format!("{rev} {}", "asap tebal di lantai dua. ".repeat(300));
    let mut last = 0;
    for rev in 1..=60 {
        let form = Form { narrative: text(rev).into(), ..Form::default() };
        last = desk.say(ToHub::Draft { call, rev, form }).await;
    }
    let not_storing = |view: &HubView| match view.alerts[..] {
        [Alert::NotStoring { .. }] => Some(()),
        _ => None,
    };
    desk.shows("the alert", not_storing).await;
    desk.shows("what is typed", |view| own(view, call).filter(|c| c.draft.rev == 60)).await;
    std::fs::remove_file(ballast).unwrap();
    desk.acked(last).await;
    desk.shows("no alert", |view| view.alerts.is_empty().then_some(())).await;
    let draft = world.store.draft(call).await.unwrap().unwrap();
    assert_eq!((draft.rev, draft.form.narrative.expose()), (60, &text(60)));
    world.store.verify_chain().await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn a_seat_that_lost_its_caller_is_told_who_has_them_and_its_late_words_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut old = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut old).await;
    old.types(call, 3, "kebakaran", None).await;
    let mut new = world.ready_desk("budi", "pmj-2").await;
    let leg = world.switch.rung(call, "pmj-1").await;
    world.saw(SwitchSaw::Ended { leg, cause: LegCause::MediaLost }).await;
    let lost = old.shows("the loss", |view| view.lost.clone()).await;
    assert_eq!((lost.call, lost.cause, lost.over), (call, LegCause::MediaLost, false));
    assert!(lost.number.is_some());
    // Nobody else writes yet: what was typed last still arrives.
    old.types(call, 4, "kebakaran di", None).await;
    let leg = world.switch.rung(call, "pmj-2").await;
    let newest = |view: &HubView| own(view, call).filter(|shown| shown.draft.rev == 4);
    let ringing = new.shows("the form", newest).await;
    assert_eq!(ringing.draft.form.narrative.expose(), "kebakaran di");
    world.saw(SwitchSaw::Answered(leg)).await;
    let with = |view: &HubView| view.lost.as_ref().and_then(|lost| lost.with.clone());
    assert_eq!(old.shows("who has the caller", with).await, seat("pmj-2"));
    let form = Form { narrative: "kebakaran di Tebet".to_owned().into(), ..Form::default() };
    let late = old.say(ToHub::Draft { call, rev: 9, form }).await;
    assert_eq!(old.refused(late).await, ErrorCode::NotYours);
    new.types(call, 5, "kebakaran di Tebet Barat", None).await;
    let kept = world.store.late_drafts(call).await.unwrap();
    assert_eq!((kept.len(), kept[0].rev), (1, 9));
    assert_eq!(world.store.draft(call).await.unwrap().unwrap().rev, 5);
    let disposition = Disposition::HandledHere;
    new.tell(ToHub::Close { call, disposition, note: String::new() }).await;
    old.shows("the end", |view| view.lost.clone().filter(|lost| lost.over)).await;
    // The next caller ends that.
    old.tell(ToHub::Ready).await;
    let next = world.answered_call(&mut old).await;
    assert!(old.view.as_ref().unwrap().lost.is_none(), "{next} is what counts now");
    world.stop().await;
}

#[tokio::test]
async fn whoever_is_lost_while_handing_over_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut polda = world.ready_desk("ratna", "pmj-1").await;
    let _polres = world.ready_desk("budi", "jaksel-1").await;
    let call = world.answered_call(&mut polda).await;
    polda.tell(ToHub::Transfer { call, unit: unit("pmj.jaksel"), handover: None }).await;
    let target = world.switch.rung(call, "jaksel-1").await;
    let leg = world.switch.rung(call, "pmj-1").await;
    world.saw(SwitchSaw::Ended { leg, cause: LegCause::MediaLost }).await;
    let lost = polda.shows("the loss", |view| view.lost.clone()).await;
    assert_eq!((lost.call, lost.cause, lost.with), (call, LegCause::MediaLost, None));
    world.saw(SwitchSaw::Answered(target)).await;
    let with = |view: &HubView| view.lost.as_ref().and_then(|lost| lost.with.clone());
    assert_eq!(polda.shows("who has the caller", with).await, seat("jaksel-1"));
    world.stop().await;
}

#[tokio::test]
async fn a_sign_on_a_silent_line_makes_the_case_urgent_whatever_was_advised() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    let silent = Disposition::NotReport { reason: NotReport::Silent };
    for message in [
        ToHub::Close { call, disposition: silent.clone(), note: String::new() },
        ToHub::Dispose { call, disposition: silent, note: String::new() },
    ] {
        let seq = desk.say(message).await;
        assert_eq!(desk.refused(seq).await, ErrorCode::CheckSilenceFirst);
    }
    let form = Form { priority: Some(Priority::P4), ..Form::default() };
    desk.tell(ToHub::Draft { call, rev: 1, form }).await;
    desk.tell(ToHub::CheckSilence { call }).await;
    let runs = |view: &HubView| match own(view, call)?.silence {
        SilenceView::Running { .. } => Some(()),
        _ => None,
    };
    desk.shows("the procedure", runs).await;
    let leg = LegId::caller(call);
    world.saw(SwitchSaw::Signal { leg, signal: LineSignal::Knocks }).await;
    let knocked = |view: &HubView| match own(view, call)?.silence {
        SilenceView::Signalled { signal: LineSignal::Knocks, .. } => Some(()),
        _ => None,
    };
    desk.shows("the knocks", knocked).await;
    let form = Form { priority: Some(Priority::P3), ..Form::default() };
    desk.tell(ToHub::Draft { call, rev: 2, form }).await;
    assert_eq!(world.store.case_of(call).await.unwrap().unwrap().priority, Priority::P1);
    let events = world.store.events(0, 1_000).await.unwrap();
    assert!(events.iter().any(|event| event.event.body.contains("priority-raised")));
    world.stop().await;
}

#[tokio::test]
async fn a_disposal_is_stored_with_its_note_when_it_is_done_and_not_when_it_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(Vec::new());
    config.flow.disposal = Duration::from_secs(1);
    let mut world = World::with(dir.path(), config).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    let dispose = |reason, note: &str| ToHub::Dispose {
        call,
        disposition: Disposition::NotReport { reason },
        note: note.to_owned(),
    };
    let disposing = |view: &HubView| match own(view, call)?.phase {
        Phase::Talking { disposing, .. } => Some(disposing.is_some()),
        _ => None,
    };
    desk.tell(dispose(NotReport::Prank, "keliru")).await;
    desk.shows("the disposal", |view| disposing(view).filter(|runs| *runs)).await;
    desk.tell(ToHub::Undo { call }).await;
    desk.shows("it is undone", |view| disposing(view).filter(|runs| !*runs)).await;
    assert_eq!(world.store.closings(call).await.unwrap(), []);
    desk.tell(dispose(NotReport::Misdial, "salah sambung")).await;
    world.switch.told(SwitchCommand::End(call)).await;
    state_is(&mut desk, SeatState::AfterCall).await;
    desk.tell(ToHub::Ready).await;
    let closings = world.store.closings(call).await.unwrap();
    assert_eq!(closings.len(), 1);
    assert_eq!(closings[0].note.expose(), "salah sambung");
    assert_eq!(closings[0].disposition, Disposition::NotReport { reason: NotReport::Misdial });

    // A caller who hangs up while it runs ends the call as it was to end.
    let call = world.answered_call(&mut desk).await;
    let prank = Disposition::NotReport { reason: NotReport::Prank };
    desk.tell(ToHub::Dispose { call, disposition: prank.clone(), note: "iseng".to_owned() }).await;
    world.caller_hangs_up(call).await;
    desk.shows("the end", |view| view.call.is_none().then_some(())).await;
    desk.tell(ToHub::Ready).await;
    assert_eq!(world.store.closings(call).await.unwrap()[0].note.expose(), "iseng");
    let case = world.store.case_of(call).await.unwrap().unwrap();
    assert_eq!(case.disposition, Some(prank));
    assert_eq!(world.store.open_call_backs().await.unwrap(), []);
    world.stop().await;
}

#[tokio::test]
async fn a_desk_that_asks_for_a_new_leg_is_shown_that_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    let old = world.switch.rung(call, "pmj-1").await;
    desk.tell(ToHub::Rejoin { call }).await;
    desk.shows("the new leg coming", |view| own(view, call).filter(|c| c.rejoining)).await;
    let new = world.switch.rung(call, "pmj-1").await;
    assert_ne!(new, old);
    world.saw(SwitchSaw::Answered(new)).await;
    desk.shows("the new leg", |view| own(view, call).filter(|c| !c.rejoining)).await;
    world.switch.told(SwitchCommand::HangUp(old)).await;
    world.stop().await;
}

#[tokio::test]
async fn a_seat_that_lets_it_ring_is_passed_over_and_the_caller_keeps_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(Vec::new());
    config.flow.seat_ring = Duration::from_secs(1);
    config.flow.after_call = Duration::from_millis(500);
    let mut world = World::with(dir.path(), config).await;
    let mut asleep = world.ready_desk("ratna", "pmj-1").await;
    let mut awake = world.desk("budi", "pmj-2").await;
    let call = world.caller().await;
    world.switch.rung(call, "pmj-1").await;
    state_is(&mut asleep, SeatState::NotAnswering).await;
    let later = world.caller_from("081200001102").await;
    awake.tell(ToHub::Ready).await;
    world.answer(call, &mut awake).await;
    let disposition = Disposition::Information;
    awake.tell(ToHub::Close { call, disposition, note: String::new() }).await;
    state_is(&mut awake, SeatState::AfterCall).await;
    // Nobody says anything: the time for writing up is over by itself.
    world.answer(later, &mut awake).await;
    state_is(&mut asleep, SeatState::NotAnswering).await;
    asleep.tell(ToHub::Ready).await;
    state_is(&mut asleep, SeatState::Ready).await;
    world.stop().await;
}
