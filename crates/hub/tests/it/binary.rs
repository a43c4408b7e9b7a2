//! The program as IT starts it, with the switch that is built in.

use crate::world::{PASSWORD, seat, within};
use siaga_hub_api::{HubClient, HubView, LoginRequest, ToDesk};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_siaga-hub");
const UNITS: &str = "id,name,code,level,parent\npmj,Polda Metro Jaya,PMJ,polda,\n";
const SEATS: &str = "id,unit,label\npmj-1,pmj,Meja 1\n";

async fn add_operator(db: &Path, password: &str) -> std::process::ExitStatus {
    let mut program = Command::new(PROGRAM)
        .args(["operator", "add", "ratna", "--display", "Bripka Ratna", "--seats", "pmj-1", "--db"])
        .arg(db)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = program.stdin.take().unwrap();
    stdin.write_all(format!("{password}\n").as_bytes()).await.unwrap();
    drop(stdin);
    within("adding an operator", program.wait()).await.unwrap()
}

#[tokio::test]
async fn the_program_serves_an_operator_that_was_added_on_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("units.csv"), UNITS).unwrap();
    std::fs::write(path("seats.csv"), SEATS).unwrap();
    assert!(!add_operator(&path("hub.db"), "pendek").await.success(), "too short a password");
    assert!(add_operator(&path("hub.db"), PASSWORD).await.success());
    let mut program = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--sip-listen", "127.0.0.1:0"])
        .arg("--db")
        .arg(path("hub.db"))
        .arg("--recordings")
        .arg(path("rekaman"))
        .arg("--units")
        .arg(path("units.csv"))
        .arg("--seats")
        .arg(path("seats.csv"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let url = within("the address", lines.next_line()).await.unwrap().expect("an address");
    let health = HubClient::health(&url).await.unwrap();
    assert_eq!(health["switch"], "embedded");
    let request = LoginRequest {
        operator: "ratna".to_owned(),
        password: PASSWORD.to_owned().into(),
        seat: seat("pmj-1"),
    };
    let (session, client) = HubClient::login(&url, request).await.unwrap();
    assert!(session.sip.ws_url.starts_with("ws://127.0.0.1:"), "{}", session.sip.ws_url);
    let (_sender, mut receiver) = client.connect().await.unwrap();
    let view: HubView = match within("a view", receiver.next()).await.unwrap() {
        Some(ToDesk::View(view)) => *view,
        other => panic!("not a view: {other:?}"),
    };
    assert_eq!(view.seat.seat, seat("pmj-1"));
    program.kill().await.unwrap();
}
