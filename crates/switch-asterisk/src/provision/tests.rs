//! A plan's files, as they are; what a plan may not say; what a check finds.

use super::*;
use std::path::Path;

const PLAN: &str = r#"
[pbx]
address = "10.11.0.5"
recordings = "/var/spool/siaga/recordings"

[ari]
password_file = "/etc/siaga/ari-password"

[wss]
listen = "10.11.0.5:8089"
certificate = "/etc/siaga/pbx.pem"
key = "/etc/siaga/pbx.key"

[rtp]
from = 20000
to = 20999

[seats]
file = "seats.csv"
without_hub = ["pmj"]

[[trunk]]
name = "telkom"
host = "10.20.0.1"
codecs = ["alaw", "ulaw"]
asserted_identity = "trusted"
numbers = ["110", "+62110"]

[[trunk]]
name = "seluler"
host = "10.20.0.2"
codecs = ["opus", "alaw"]
asserted_identity = "claimed"
"#;

fn seats() -> Vec<Seat> {
    [("pmj-1", "pmj"), ("polres-depok-1", "polres-depok")]
        .map(|(id, unit)| Seat {
            id: id.parse().unwrap(),
            unit: unit.parse().unwrap(),
            label: id.to_owned(),
        })
        .into()
}

fn texts(plan: &Plan) -> String {
    files(plan, &seats())
        .into_iter()
        .filter(|file| file.path.extension().is_some_and(|extension| extension == "conf"))
        .filter(|file| !file.path.ends_with("modules.conf"))
        .map(|file| {
            let text = String::from_utf8(file.contents).unwrap();
            format!("===== {}\n{text}\n", file.path.display())
        })
        .collect()
}

#[test]
fn a_poldas_plan_gives_these_files() {
    insta::assert_snapshot!(texts(&Plan::read(PLAN).unwrap()));
}

#[test]
fn a_notice_and_a_menu_come_before_the_hub_only_when_asked_for() {
    let quiet = texts(&Plan::read(PLAN).unwrap());
    assert!(!quiet.contains("Playback(") && !quiet.contains("Read("));
    let with =
        format!("{PLAN}\n[before_human]\nrecording_notice = true\nmenu = {{ seconds = 3 }}\n");
    let text = texts(&Plan::read(&with).unwrap());
    let (notice, menu, hub) = (
        text.find("Playback(siaga/recording-notice)").unwrap(),
        text.find("Read(SIAGA_MENU,siaga/menu,1,,1,3)").unwrap(),
        text.find("Stasis(").unwrap(),
    );
    assert!(notice < menu && menu < hub);
}

#[test]
fn a_plan_that_cannot_be_is_refused_with_its_line() {
    let line_of =
        |text: &str, wrong: &str| text[..text.find(wrong).unwrap()].matches('\n').count() + 1;
    for (right, wrong) in [
        ("10.11.0.5\"\nrec", "pbx.polda\"\nrec"),
        ("\"alaw\", \"ulaw\"", "\"alaw\", \"g729\""),
        ("telkom", "tel kom"),
        ("\"+62110\"", "\"62;110\""),
        ("/etc/siaga/pbx.key", "siaga/pbx.key"),
        ("[rtp]\nfrom = 20000", "[rtp]\nfrom = 30000"),
        ("name = \"seluler\"", "nama = \"seluler\""),
    ] {
        let text = PLAN.replacen(right, wrong, 1);
        assert_ne!(text, PLAN);
        let fault = Plan::read(&text).unwrap_err();
        assert_eq!(fault.line, line_of(&text, wrong), "{fault}");
    }
    let twice = PLAN.replace("10.20.0.2", "10.20.0.1");
    let fault = Plan::read(&twice).unwrap_err();
    assert_eq!(fault.line, line_of(&twice, "[[trunk]]\nname = \"seluler\""), "{fault}");
}

#[test]
fn what_was_changed_by_hand_is_named_with_its_line() {
    let root = tempfile::tempdir().unwrap();
    let plan = Plan::read(PLAN).unwrap();
    let files = files(&plan, &seats());
    assert!(differences(&plan, &files, root.path()).len() > files.len());
    install(&plan, &files, root.path()).unwrap();
    assert_eq!(differences(&plan, &files, root.path()), []);
    assert_eq!(install(&plan, &files, root.path()).unwrap(), [] as [&Path; 0]);

    let rtp = root.path().join("etc/asterisk/rtp.conf");
    let text = std::fs::read_to_string(&rtp).unwrap();
    std::fs::write(&rtp, text.replace("rtpend=20999", "rtpend=65535")).unwrap();
    let found = differences(&plan, &files, root.path());
    let said: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [r#"/etc/asterisk/rtp.conf:4: installed "rtpend=65535", planned "rtpend=20999""#]
    );
}

#[cfg(unix)]
#[test]
fn the_password_is_made_once_is_in_no_generated_file_and_nobody_else_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let plan = Plan::read(PLAN).unwrap();
    let files = files(&plan, &seats());
    install(&plan, &files, root.path()).unwrap();
    let file = root.path().join("etc/siaga/ari-password");
    let password = std::fs::read_to_string(&file).unwrap();
    assert_eq!(password.trim().len(), 32);
    let secret = password.trim().as_bytes();
    assert!(files.iter().all(|file| !file.contents.windows(32).any(|part| part == secret)));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&root.path().join("etc/asterisk/siaga-ari-password.conf")), 0o600);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = differences(&plan, &files, root.path());
    assert_eq!(found, [Difference::Readable("/etc/siaga/ari-password".into())]);
    install(&plan, &files, root.path()).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), password);
}
