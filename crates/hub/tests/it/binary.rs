//! The program as IT starts it, with the switch that is built in.

use crate::world::{PASSWORD, seat, within};
use siaga_hub_api::{HubClient, HubView, LoginRequest, Session, ToDesk};
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

/// Starts the program in a folder that was prepared; gives it with its address.
async fn start(dir: &Path) -> (tokio::process::Child, String) {
    let mut program = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--sip-listen", "127.0.0.1:0"])
        .arg("--db")
        .arg(dir.join("hub.db"))
        .arg("--recordings")
        .arg(dir.join("rekaman"))
        .arg("--units")
        .arg(dir.join("units.csv"))
        .arg("--seats")
        .arg(dir.join("seats.csv"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let url = within("the address", lines.next_line()).await.unwrap().expect("an address");
    (program, url)
}

async fn prepared() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("units.csv"), UNITS).unwrap();
    std::fs::write(dir.path().join("seats.csv"), SEATS).unwrap();
    let db = dir.path().join("hub.db");
    assert!(!add_operator(&db, "pendek").await.success(), "too short a password");
    assert!(add_operator(&db, PASSWORD).await.success());
    dir
}

async fn login(url: &str) -> (Session, HubClient) {
    let request = LoginRequest {
        operator: "ratna".to_owned(),
        password: PASSWORD.to_owned().into(),
        seat: seat("pmj-1"),
    };
    HubClient::login(url, request).await.unwrap()
}

async fn first_view(client: &HubClient) -> HubView {
    let (_sender, mut receiver) = client.connect().await.unwrap();
    match within("a view", receiver.next()).await.unwrap() {
        Some(ToDesk::View(view)) => *view,
        other => panic!("not a view: {other:?}"),
    }
}

#[tokio::test]
async fn the_program_serves_an_operator_that_was_added_on_the_command_line() {
    let dir = prepared().await;
    let (mut program, url) = start(dir.path()).await;
    let health = HubClient::health(&url).await.unwrap();
    assert_eq!(health["switch"], "embedded");
    let (session, client) = login(&url).await;
    assert!(session.sip.ws_url.starts_with("ws://127.0.0.1:"), "{}", session.sip.ws_url);
    assert_eq!(first_view(&client).await.seat.seat, seat("pmj-1"));
    program.kill().await.unwrap();
}

#[tokio::test]
async fn a_desk_goes_on_in_its_session_after_kill_9() {
    let dir = prepared().await;
    let (mut program, url) = start(dir.path()).await;
    let (session, client) = login(&url).await;
    first_view(&client).await;
    program.kill().await.unwrap();
    let (mut again, url) = start(dir.path()).await;
    let (resumed, client) = HubClient::resume(&url, session.token.clone()).await.unwrap();
    assert_eq!(resumed.token, session.token);
    assert_ne!(resumed.sip.secret, session.sip.secret);
    assert_ne!(resumed.cases, session.cases, "numbers are never given twice");
    assert_eq!(first_view(&client).await.seat.seat, seat("pmj-1"));
    again.kill().await.unwrap();
}
