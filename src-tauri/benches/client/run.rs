//! What is measured, and beside what.

use super::browser::Browser;
use super::footprint::Footprint;
use crate::play::Play;
use crate::room::{Room, Running, wait_on};
use anyhow::{Context, ensure};
use rustix::process::setpriority_process;
use siaga_model::SeatState;
use siaga_training::{FlowEvent, HubNews, fill_the_day};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::broadcast;

/// How often the window is started to see how long that takes; each time at another seat.
const STARTS: [&str; 5] = ["pmj-1", "pmj-2", "pmj-3", "pmj-4", "pmj-5"];

/// For so long the call is left alone before anything is measured.
const SETTLE: Duration = Duration::from_secs(5);

/// From what is shown to the hand.
const HAND: Duration = Duration::from_secs(1);

/// Longer than the hub takes for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// For so long the CPU time of a call is measured.
const CALL: Duration = Duration::from_secs(20);

/// What stands in the day's list when keys are measured.
const CASES: u32 = 5_000;

/// The number that Chromium's telephone shows; invented.
const NUMBER: &str = "082200001701";

/// Niceness of the hub, the switch and the citizens. In life they have machines of their own; here they
/// take what the window leaves.
const ELSEWHERE: i32 = 10;

/// What the window says when its page is there, and when its telephone is.
const SAID: [&str; 2] = ["a page shows this desk", "this desk is registered"];

/// The window's program: what `SIAGA_DESKTOP` names, else the one of this build.
fn program() -> OsString {
    std::env::var_os("SIAGA_DESKTOP").unwrap_or_else(|| env!("CARGO_BIN_EXE_siaga-desktop").into())
}

/// One line of the table.
struct Figure {
    name: &'static str,
    ours: String,
    goal: &'static str,
    beside: String,
}

/// Only one of these parts is measured when it is asked for by name.
const KEYS: &str = "keys";
const CALL_ALONE: &str = "call";

/// Threads that used less than this are not named, ms/s.
const WORTH_NAMING: f64 = 0.5;

/// Measures everything, or only the keys or a call; prints it.
///
/// # Errors
/// When something that is measured does not work.
pub(crate) fn run() -> anyhow::Result<()> {
    let Some(room) = Room::furnish("bench client", &["xdotool", "node", "WebKitWebDriver"]) else {
        return Ok(());
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{}, load of the machine before: {}", program().display(), load.trim());
    let mut play = Play::set_on(elsewhere()?, &room, STARTS[0]);
    let asked = |part| std::env::args().any(|argument| argument == part);
    if asked(KEYS) {
        return keys(&room, &mut play);
    }
    let starts = (!asked(CALL_ALONE)).then(|| STARTS.map(|seat| started_in(&room, &play, seat)));
    let mut browser = Browser::open(&room, &room.folder.path().join("caller.wav"))?;
    let switch = play.stage.endpoint();
    let uri = format!("sip:{NUMBER}@{}", switch.domain);
    let connected_in = browser.connect(&switch.ws_url, &uri)?;
    let mut figures = Vec::new();
    if let Some(starts) = starts {
        let mut sorted = starts;
        sorted.sort_unstable();
        figures.push(Figure {
            name: "start to window and registered (median of 5)",
            ours: format!("{} ms (first {} ms)", sorted[2].as_millis(), starts[0].as_millis()),
            goal: "1000 ms",
            beside: format!(
                "{} ms to page and connected, fresh profile",
                (browser.opened_in + connected_in).as_millis()
            ),
        });
    }

    figures.extend(in_a_call(&room, &play, &mut browser, &switch.domain)?);
    print(&figures, &browser.version);
    drop(browser);
    if starts.is_some() { keys(&room, &mut play) } else { Ok(()) }
}

/// The table.
fn print(figures: &[Figure], browser: &str) {
    println!("\n{:<46} {:>28} {:>10}   Chromium {browser} + JsSIP", "", "Siaga 110", "goal");
    for Figure { name, ours, goal, beside } in figures {
        println!("{name:<46} {ours:>28} {goal:>10}   {beside}");
    }
}

/// The threads of all that is no window.
fn elsewhere() -> anyhow::Result<Runtime> {
    let step_back = || {
        if let Err(error) = setpriority_process(None, ELSEWHERE) {
            println!("the hub has the window's own priority: {error}");
        }
    };
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    threads.enable_all().on_thread_start(step_back).build().context("threads of the hub")
}

/// How long it takes from the start of the program until its page and its telephone are there.
fn started_in(room: &Room, play: &Play, seat: &str) -> Duration {
    let began = jiff::Timestamp::now();
    let desk = window(room, play, seat);
    let times = SAID.map(|line| {
        let said = desk.said();
        let line = said.lines().find(|said| said.contains(line)).expect("it was waited for");
        let at = line.split_whitespace().next().expect("a log line begins with its time");
        let at: jiff::Timestamp = at.parse().expect("RFC 3339");
        at.duration_since(began).unsigned_abs()
    });
    times.into_iter().max().unwrap_or_default()
}

/// A window at a seat with the machine's sound cards, drawn and registered.
fn window(room: &Room, play: &Play, seat: &str) -> Running {
    let mut command = room.command(program());
    command.args(["--desk", seat, "--hub", play.hub()]).envs(play.login());
    // On a bus that both are on, the second program would show the first.
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
    let mut desk = room.start(command, seat);
    wait_on("page and telephone", &mut desk, |desk| {
        let said = desk.said();
        SAID.iter().all(|line| said.contains(line))
    });
    desk
}

/// Chromium calls, the window answers, and both talk.
fn in_a_call(
    room: &Room,
    play: &Play,
    browser: &mut Browser,
    domain: &str,
) -> anyhow::Result<Vec<Figure>> {
    let desk = window(room, play, STARTS[0]);
    let keys = |keys: &[&str]| -> anyhow::Result<()> {
        let done = room.command("xdotool").args(keys).stdout(Stdio::null()).status()?;
        ensure!(done.success(), "xdotool {keys:?}");
        Ok(())
    };
    keys(&["search", "--sync", "--onlyvisible", "--name", "Siaga 110", "windowfocus"])?;
    let mut news = play.stage.hub.events();
    // A chord on a screen that has only just come does nothing.
    std::thread::park_timeout(HAND);
    keys(&["key", "shift+F9"])?;
    let ready =
        |event: &FlowEvent| matches!(event, FlowEvent::SeatState { state: SeatState::Ready, .. });
    wait_for(play, &mut news, "a seat that is ready", ready)?;
    browser.dial(&format!("sip:110@{domain}"))?;
    let rings = |event: &FlowEvent| matches!(event, FlowEvent::SeatRinging { .. });
    wait_for(play, &mut news, "a ring", rings)?;
    // The telephone needs a moment more than the hub's word.
    std::thread::park_timeout(HAND);
    keys(&["key", "F9"])?;
    let answered = |event: &FlowEvent| matches!(event, FlowEvent::Answered { .. });
    wait_for(play, &mut news, "the answer", answered)?;
    std::thread::park_timeout(SETTLE);

    let look =
        || (Footprint::of(desk.id(), &[]), Footprint::of(browser.program.id(), Browser::DRIVER));
    let (ours, theirs) = look();
    let began = Instant::now();
    std::thread::park_timeout(CALL);
    let seconds = began.elapsed().as_secs_f64();
    let (ours_then, theirs_then) = look();
    browser.hang_up()?;
    let ended = |event: &FlowEvent| matches!(event, FlowEvent::Ended { .. });
    wait_for(play, &mut news, "the end of the call", ended)?;
    let per_second = |now: &Footprint, before: &Footprint| {
        format!("{:.0} ms/s", now.cpu_since(before).as_secs_f64() * 1_000.0 / seconds)
    };
    println!("\nCPU in a call by thread, ms/s");
    for (thread, cpu) in ours_then.by_thread_since(&ours) {
        let cpu = cpu.as_secs_f64() * 1_000.0 / seconds;
        if cpu >= WORTH_NAMING {
            println!("{cpu:>6.1}  {thread}");
        }
    }
    let memory = |footprint: &Footprint| {
        format!("{} MB in {} processes", footprint.pss / 1_000_000, footprint.processes())
    };
    Ok(vec![
        Figure {
            name: "memory in a call (PSS of all processes)",
            ours: memory(&ours_then),
            goal: "200 MB",
            beside: memory(&theirs_then),
        },
        Figure {
            name: "CPU in a call",
            ours: per_second(&ours_then, &ours),
            goal: "60 ms/s",
            beside: per_second(&theirs_then, &theirs),
        },
    ])
}

/// From a key to what it brings, measured in the page.
fn keys(room: &Room, play: &mut Play) -> anyhow::Result<()> {
    let Some(driver) = std::env::var_os("SIAGA_TAURI_DRIVER") else {
        println!("\nkeys are not measured: SIAGA_TAURI_DRIVER names no tauri-driver");
        return Ok(());
    };
    play.runtime.block_on(fill_the_day(&play.stage, CASES))?;
    let (_driver, port) = room.driver_of(&driver, play.surroundings());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/e2e/keys.mjs");
    let mut command = Command::new("node");
    command.arg(script).arg(program()).arg(room.folder.path());
    // Not where a form was left behind.
    command.args([STARTS[1], play.hub()]).env("DRIVER", format!("http://127.0.0.1:{port}"));
    let mut script = room.talk(command, "keys");
    println!("\nfrom a key to what it brings, in the page, {CASES} reports in the day's list");
    let done = play.directed_by(&mut script, Duration::from_secs(300));
    ensure!(done, "the keys could not be measured: {}", script.said());
    Ok(())
}

/// Waits for something at the hub.
fn wait_for(
    play: &Play,
    news: &mut broadcast::Receiver<HubNews>,
    what: &str,
    wanted: impl Fn(&FlowEvent) -> bool,
) -> anyhow::Result<()> {
    play.runtime.block_on(async {
        let seen = async {
            loop {
                match news.recv().await {
                    Ok(HubNews::Flow { event, .. }) if wanted(&event) => return Ok(()),
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(error @ broadcast::error::RecvError::Closed) => return Err(error),
                }
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seen).await;
        Ok(seen.with_context(|| format!("in vain for {what}"))??)
    })
}
