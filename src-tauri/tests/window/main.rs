//! The real window, drawn on a display of its own, with the real engine behind it.
//!
//! Each test starts what it needs (display, sound server, WebDriver) in a folder of its own and ends
//! exactly that. Pictures of every step stay under the target folder's `tmp/window`. What a machine
//! lacks makes a test skip itself by name.

#![cfg(target_os = "linux")]

mod bus;
mod manners;
mod play;
mod room;

use play::Play;
use room::{Room, Running, page_process, skip, wait_on};
use siaga_training::{NotAllowed, RunOptions, Scenario};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For a whole journey, whose steps have deadlines of their own.
const JOURNEY: Duration = Duration::from_secs(420);

/// Where the pictures of a journey go; those of the last run would be taken for this one's.
fn pictures(journey: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("window").join(journey);
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// The program that drives the window, and the room in which it does.
fn driven(test: &str) -> Option<(Room, OsString)> {
    let Some(driver) = std::env::var_os("SIAGA_TAURI_DRIVER") else {
        skip(test, "SIAGA_TAURI_DRIVER names no tauri-driver");
        return None;
    };
    Some((Room::furnish(test, &["node", "WebKitWebDriver"])?, driver))
}

/// The room for a test that works the window by keys.
fn driven_by_keys(test: &str) -> Option<Room> {
    Room::furnish(test, &["xdotool", "dbus-daemon"])
}

/// A journey of `ui/e2e`, with the window's program and a folder for its pictures.
fn journey(name: &str, port: u16, pictures: &Path) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../ui/e2e/{name}.mjs"));
    let mut command = Command::new("node");
    command.arg(script).arg(env!("CARGO_BIN_EXE_siaga-desktop")).arg(pictures);
    command.env("DRIVER", format!("http://127.0.0.1:{port}"));
    command
}

/// A journey of training, in which nobody need direct the others.
fn by_itself(test: &str, name: &str) {
    let Some((room, driver)) = driven(test) else { return };
    let (driver, port) = room.driver(&driver);
    let pictures = pictures(name);
    let mut journey = room.start(journey(name, port, &pictures), "journey");
    let ended = journey.ended_within(JOURNEY);
    println!("{}", room.told("journey"));
    assert_eq!(
        ended,
        Some(true),
        "the journey failed; pictures in {}\n{}\n{}",
        pictures.display(),
        journey.said(),
        driver.said()
    );
}

/// A journey at a desk of a real hub, with people who do as its script says.
fn directed(test: &str, name: &str, set: impl FnOnce(&Room) -> Play) {
    let Some((room, driver)) = driven(test) else { return };
    let mut play = set(&room);
    let (driver, port) = room.driver_of(&driver, play.surroundings());
    let pictures = pictures(name);
    let mut command = journey(name, port, &pictures);
    command.args([play.seat(), play.hub()]);
    let mut journey = room.talk(command, "journey");
    let done = play.directed_by(&mut journey, JOURNEY);
    assert!(
        done,
        "the journey failed; pictures in {}\n{}\n{}",
        pictures.display(),
        journey.said(),
        driver.said()
    );
}

#[test]
fn a_declined_call_comes_back_and_is_closed_by_keys_alone() {
    by_itself("a_declined_call_comes_back_and_is_closed_by_keys_alone", "polres-busy");
}

#[test]
fn a_lesson_is_chosen_played_and_scored_by_keys_alone() {
    by_itself("a_lesson_is_chosen_played_and_scored_by_keys_alone", "lesson");
}

#[test]
fn a_report_is_handed_over_by_keys_alone() {
    by_itself("a_report_is_handed_over_by_keys_alone", "valid-transfer");
}

#[test]
fn a_polres_takes_and_closes_a_report_by_keys_alone() {
    let name = "a_polres_takes_and_closes_a_report_by_keys_alone";
    directed(name, "polres", Play::set_for_polres);
}

#[test]
fn a_question_is_answered_and_closed_by_keys_alone() {
    directed("a_question_is_answered_and_closed_by_keys_alone", "information", Play::set);
}

/// On hold, with the fire brigade, left with them; then read again and heard.
#[test]
fn a_caller_is_held_left_with_the_fire_brigade_and_heard_again_by_keys_alone() {
    let name = "a_caller_is_held_left_with_the_fire_brigade_and_heard_again_by_keys_alone";
    directed(name, "outside", Play::set);
}

/// The microphone goes while a caller speaks; another seat takes the call with the form as typed.
#[test]
fn a_desk_without_a_microphone_hands_its_call_to_a_colleague_by_keys_alone() {
    let name = "a_desk_without_a_microphone_hands_its_call_to_a_colleague_by_keys_alone";
    directed(name, "microphone", Play::set_with_headset);
}

#[test]
fn the_page_comes_back_when_its_process_dies() {
    let name = "the_page_comes_back_when_its_process_dies";
    let Some(room) = Room::furnish(name, &[]) else { return };
    let mut command = room.command("dbus-run-session");
    command.arg("--").arg(env!("CARGO_BIN_EXE_siaga-desktop"));
    let mut desk = room.start(command, "desk");
    let shown = |desk: &Running| desk.said().matches("a page shows this desk").count();
    wait_on("the page shows the desk", &mut desk, |desk| shown(desk) > 0);

    let before = page_process(desk.id()).expect("a process draws the page");
    let seen = shown(&desk);
    let killed = Command::new("kill").args(["-KILL", &before.to_string()]).status();
    assert!(killed.expect("kill runs").success());
    // The old page may have asked a second time just before it died, so a new process counts too.
    wait_on("another page shows the desk", &mut desk, |desk| {
        shown(desk) > seen && page_process(desk.id()).is_some_and(|now| now != before)
    });
    assert!(desk.said().contains("the page's process has died"), "IT is told: {}", desk.said());
}

/// Silent lines, disposals, danger words and call backs.
#[test]
fn a_line_is_checked_closed_undone_and_called_back_by_keys_alone() {
    let name = "a_line_is_checked_closed_undone_and_called_back_by_keys_alone";
    directed(name, "line", Play::set);
}

/// As `siaga-training --scenario webview-dies` plays it, with this very program.
#[test]
fn nobody_hears_that_the_page_died() {
    let name = "nobody_hears_that_the_page_died";
    let Some(room) = Room::furnish(name, &["xdotool"]) else { return };
    let plugins = std::env::var_os("SIAGA_PLUGINS").expect("the room was furnished");
    let report = pictures("webview-dies");
    let options = RunOptions::new(Scenario::WebviewDies, report.clone(), plugins.into());
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let journey = match runtime.block_on(siaga_training::run(&options)) {
        Ok(journey) => journey,
        Err(error) => match error.downcast_ref::<NotAllowed>() {
            Some(why) => return skip(name, &why.to_string()),
            None => panic!("{error:#}"),
        },
    };
    drop(room);
    assert_eq!(journey.problems, Vec::<String>::new(), "see {}", report.display());
}
