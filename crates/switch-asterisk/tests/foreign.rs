//! A telephone that we did not write dials 110 on the trunk of a real Asterisk that has no hub: it is
//! answered, hears "please wait" over music, and both directions are recorded from the arrival on.

use siaga_call_flow::Prompt;
use siaga_switch::embedded::prompt_sound;
use siaga_switch_asterisk::provision::{Plan, files, install};
use siaga_testkit::asterisk::{Asterisk, Place, root_or_skip};
use siaga_testkit::{correlate, voice, wav};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Where Debian keeps baresip's modules.
const MODULES: &str = "/usr/lib/baresip/modules";
/// How long it stays on the line: the sentence and some music.
const SECONDS: &str = "15";
/// Starting, calling and hanging up, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// At which rate sounds are compared.
const RATE: u32 = 16_000;

/// What a call left behind, 16 kHz.
struct Call {
    /// What the telephone said.
    said: Vec<i16>,
    /// What it heard.
    heard: Vec<i16>,
    /// What Asterisk recorded of the caller.
    received: Vec<i16>,
    /// What Asterisk recorded of what it sent.
    sent: Vec<i16>,
}

/// Dials 110 with this codec and stays on the line for a while.
async fn call(root: &Path, codec: &str) -> Call {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path()).expect("a place");
    let plan = Plan::on_loopback(place.address, place.trunk, &place.folder);
    install(&plan, &files(&plan, &[]), Path::new("/")).expect("installed");
    let pbx = Asterisk::start(root, &place).await.expect("it starts");

    let phone = tempfile::tempdir().expect("a folder");
    let in_phone = |name: &str| phone.path().join(name);
    let said: Vec<i16> = voice::speech_like(110, 12.0).into_iter().step_by(3).collect();
    wav::write(in_phone("voice.wav"), &said, RATE).expect("written");
    let mut config = format!(
        "sip_listen {}:5060\naudio_source aufile,{}\naudio_player aubridge,nil\n\
         audio_alert aubridge,nil\nausrc_srate {RATE}\nauplay_srate {RATE}\nausrc_channels 1\n\
         auplay_channels 1\nopus_stereo no\nopus_sprop_stereo no\nsnd_path {}\nmodule_path {MODULES}\n",
        place.trunk,
        in_phone("voice.wav").display(),
        phone.path().display(),
    );
    for module in ["opus", "g711", "g722", "aufile", "aubridge", "sndfile"] {
        config += &format!("module {module}.so\n");
    }
    config += "module_tmp account.so\nmodule_app menu.so\n";
    std::fs::write(in_phone("config"), config).expect("written");
    let account = format!("<sip:082200001109@{}>;regint=0;audio_codecs={codec}\n", place.trunk);
    std::fs::write(in_phone("accounts"), account).expect("written");
    std::fs::write(in_phone("contacts"), "").expect("written");
    let mut telephone = Command::new("baresip")
        .arg("-f")
        .arg(phone.path())
        .args(["-e", &format!("/dial sip:110@{}", place.address), "-t", SECONDS])
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(in_phone("log")).expect("a log"))
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("baresip starts");
    let ended = tokio::time::timeout(PATIENCE, telephone.wait()).await.expect("it ends in time");
    assert!(ended.expect("it ends").success());
    let log = std::fs::read_to_string(in_phone("log")).unwrap_or_default();
    let heard = the_one(phone.path(), "-dec.wav").unwrap_or_else(|| panic!("{log}"));
    let (heard, rate) = wav::read(heard).expect("what it heard");
    assert_eq!(rate, RATE, "{log}");
    // Asterisk closes the files when the channel is gone, which it is before it answers a command.
    drop(pbx);
    let raw = place.folder.join("recordings/raw");
    Call { said, heard, received: raw_sound(&raw, "rx"), sent: raw_sound(&raw, "tx") }
}

/// The one file of a folder that ends so.
fn the_one(folder: &Path, ending: &str) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    let one = found.pop();
    assert!(found.is_empty(), "{found:?} beside {one:?}");
    one
}

/// What Asterisk recorded in that direction.
fn raw_sound(folder: &Path, direction: &str) -> Vec<i16> {
    let file = the_one(folder, &format!(".{direction}.sln16")).expect("a recording");
    let bytes = std::fs::read(file).expect("readable");
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// The sentence at 16 kHz, well below the edge of the band, so that every third sample will do.
fn please_wait() -> Vec<i16> {
    prompt_sound(Prompt::PleaseWait).iter().step_by(3).copied().collect()
}

async fn is_served(test: &str, codec: &str) {
    let Some(root) = root_or_skip(test) else { return };
    if Command::new("baresip").arg("-h").output().await.is_err() {
        siaga_testkit::skip(test, "baresip is not installed");
        return;
    }
    let call = call(&root, codec).await;
    let found = |what: &[i16], place: &[i16]| correlate::find(what, place, RATE);
    let (at_ear, on_file) = (found(&please_wait(), &call.heard), found(&please_wait(), &call.sent));
    assert!(at_ear.is_found(), "the caller does not hear the sentence: {at_ear:?}");
    assert!(on_file.is_found(), "what the caller is sent is not recorded: {on_file:?}");
    let caller = found(&call.said, &call.received);
    assert!(caller.is_found(), "what the caller says is not recorded: {caller:?}");
    let crossed = found(&call.said, &call.sent);
    assert!(!crossed.is_found(), "the caller is on the wrong side: {crossed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opus_telephone_is_asked_to_wait_and_recorded_without_a_hub() {
    is_served("an_opus_telephone_is_asked_to_wait_and_recorded_without_a_hub", "opus").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_a_law_telephone_is_asked_to_wait_and_recorded_without_a_hub() {
    is_served("an_a_law_telephone_is_asked_to_wait_and_recorded_without_a_hub", "pcma").await;
}
