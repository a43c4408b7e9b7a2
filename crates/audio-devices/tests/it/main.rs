//! Real sound systems where there are any, and what is said where there are none.

use siaga_audio_devices::{
    AudioDevices, AudioEvent, DeviceError, FRAME, Frame, SAMPLE_RATE, Selection,
};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// For what certainly comes; reached only when the test has failed.
const DEADLINE: Duration = Duration::from_secs(60);

/// A sound server with a microphone that hears the loudspeaker, in a folder of its own.
struct Server {
    process: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start_server(folder: tempfile::TempDir) -> Option<Server> {
    let socket = folder.path().join("native");
    let process = Command::new("pulseaudio")
        .args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"])
        .args(["--disallow-exit=true", "--realtime=no", "--high-priority=no"])
        .args(["-L", "module-null-sink sink_name=speaker rate=48000 channels=1"])
        .args(["-L", "module-remap-source source_name=mic master=speaker.monitor"])
        // The last one: once its socket is there, so is everything else.
        .args([
            "-L",
            &format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display()),
        ])
        .env("PULSE_RUNTIME_PATH", folder.path())
        .env("XDG_RUNTIME_DIR", folder.path())
        .env("HOME", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let server = Server { process, _folder: folder };
    let deadline = Instant::now() + DEADLINE;
    // Its file is there before it listens.
    while UnixStream::connect(&socket).is_err() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    Some(server)
}

/// Frame `n` of 440 Hz.
fn tone(n: u64) -> Frame {
    std::array::from_fn(|i| {
        let t = (n * FRAME as u64 + i as u64) as f64 / f64::from(SAMPLE_RATE);
        (10_000.0 * (t * 440.0 * std::f64::consts::TAU).sin()) as i16
    })
}

/// The share of a frame's power that is 440 Hz; 0 for silence.
fn purity(frame: &Frame) -> f64 {
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    for (n, &sample) in frame.iter().enumerate() {
        let angle = n as f64 / f64::from(SAMPLE_RATE) * 440.0 * std::f64::consts::TAU;
        let sample = f64::from(sample);
        re += sample * angle.cos();
        im += sample * angle.sin();
        all += sample * sample;
    }
    if all < 1.0 { 0.0 } else { (re * re + im * im) * 2.0 / FRAME as f64 / all }
}

/// The story that the test below tells in a process of its own, because a sound server is found by
/// environment variables. Without one it has no work.
#[test]
fn hears_itself_in_the_server_it_was_given() {
    if std::env::var_os("SIAGA_AUDIO_TEST").is_none() {
        return;
    }
    let selection = Selection { host: Some("pulseaudio".to_owned()), ..Selection::default() };
    // On a busy machine the server listens before it has told anybody of its microphone.
    let deadline = Instant::now() + DEADLINE;
    let (mut capture, mut playback, events) = loop {
        match AudioDevices::open(&selection) {
            Err(DeviceError::NoInput | DeviceError::NoOutput) if Instant::now() < deadline => {
                std::thread::yield_now();
            }
            opened => break opened.expect("opened"),
        }
    };
    let opened = events.next_within(DEADLINE);
    assert!(matches!(opened, Some(AudioEvent::Opened { .. })), "{opened:?}");

    // A second of clean tone must come through in the end; how many gaps a loaded machine makes is
    // for the benchmark to say.
    let deadline = Instant::now() + DEADLINE;
    let (mut n, mut clean) = (0_u64, 0);
    let mut due = Instant::now();
    while clean < 50 && Instant::now() < deadline {
        playback.push(&tone(n));
        n += 1;
        let mut frame = [0; FRAME];
        if capture.pull(&mut frame) && purity(&frame) > 0.9 {
            clean += 1;
        }
        due += Duration::from_millis(20);
        while Instant::now() < due {
            std::thread::park_timeout(due - Instant::now());
        }
    }
    println!("{clean} clean frames of {n}, {:?} {:?}", capture.stats(), playback.stats());
    assert_eq!(clean, 50);
    let offered = AudioDevices::list().expect("devices");
    let microphones: Vec<_> =
        offered.iter().filter(|device| device.input).map(|device| device.id.as_str()).collect();
    assert!(microphones.iter().any(|id| id.ends_with("mic")), "{microphones:?}");
    let is_monitor = |id: &&str| id.ends_with(".monitor");
    assert!(!microphones.iter().any(is_monitor), "what a loudspeaker plays: {microphones:?}");
    println!("LISTENING");

    // The parent ends the server now: what is lost is told, and nothing hangs.
    let lost = events.next_within(DEADLINE);
    assert!(matches!(lost, Some(AudioEvent::Lost { .. })), "{lost:?}");
    let closed = events.next_within(DEADLINE);
    assert!(matches!(closed, Some(AudioEvent::StillClosed { .. })), "{closed:?}");
    let mut frame = [1; FRAME];
    for _ in 0..20 {
        capture.pull(&mut frame);
        playback.push(&frame);
    }
    assert_eq!(frame, [0; FRAME], "silence while there is no device");
    println!("TOLD");
}

#[test]
fn a_sound_server_is_heard_and_its_end_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = folder.path().to_owned();
    let Some(mut server) = start_server(folder) else {
        let test = "a_sound_server_is_heard_and_its_end_is_told";
        return siaga_testkit::skip(test, "pulseaudio is not installed");
    };
    // It lets everybody in, but a client that shows no cookie at all does not speak its language.
    let cookie = runtime.join("cookie");
    std::fs::write(&cookie, [0; 256]).expect("a cookie");
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "hears_itself_in_the_server_it_was_given", "--nocapture"])
        .env("SIAGA_AUDIO_TEST", "1")
        .env("PULSE_SERVER", format!("unix:{}", runtime.join("native").display()))
        .env("PULSE_COOKIE", cookie)
        .env("PULSE_RUNTIME_PATH", &runtime)
        .env("XDG_RUNTIME_DIR", &runtime)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let lines = std::io::BufReader::new(child.stdout.take().expect("piped"));
    let mut told = Vec::new();
    for line in std::io::BufRead::lines(lines).map_while(Result::ok) {
        if line.contains("LISTENING") {
            server.process.kill().expect("killed");
            server.process.wait().expect("gone");
        }
        told.push(line);
    }
    assert!(child.wait().expect("the child ends").success(), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("TOLD")), "{told:#?}");
}

/// As above: a child that finds no sound system at all.
#[test]
fn says_what_it_finds_without_a_server() {
    if std::env::var_os("SIAGA_NO_AUDIO_TEST").is_none() {
        return;
    }
    let error = AudioDevices::open(&Selection::default()).err();
    println!("ERROR {}", error.map_or("none", |error| error.code()));
    let named = Selection { input: Some("no such microphone".to_owned()), ..Selection::default() };
    let error = AudioDevices::open(&named).err();
    println!("NAMED {}", error.map_or("none", |error| error.code()));
    for device in AudioDevices::list().unwrap_or_default() {
        println!("DEVICE {}", device.id);
    }
}

#[test]
fn a_machine_without_sound_gets_a_clear_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "says_what_it_finds_without_a_server", "--nocapture"])
        .env("SIAGA_NO_AUDIO_TEST", "1")
        .env("PULSE_SERVER", format!("unix:{}/none", folder.path().display()))
        .env("PULSE_RUNTIME_PATH", folder.path())
        .env("XDG_RUNTIME_DIR", folder.path())
        .env("PIPEWIRE_RUNTIME_DIR", folder.path())
        .output()
        .expect("the child runs");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}");
    if Path::new("/proc/asound/cards").exists() {
        let test = "a_machine_without_sound_gets_a_clear_error";
        return siaga_testkit::skip(test, "this machine has a card");
    }
    let told = |what: &str| {
        out.lines().find_map(|line| line.split(what).nth(1)).map(|rest| rest.trim().to_owned())
    };
    assert_eq!(told("ERROR ").as_deref(), Some(DeviceError::NoInput.code()), "{out}");
    assert!(
        matches!(told("NAMED ").as_deref(), Some("audio-not-found" | "audio-no-input")),
        "{out}"
    );
    assert_eq!(told("DEVICE "), None, "what is no device is offered to nobody: {out}");
}
