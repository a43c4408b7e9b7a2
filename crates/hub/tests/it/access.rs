//! Who may come in, and sit where.

use crate::world::{PASSWORD, World, config, seat, within};
use sha2::{Digest, Sha256};
use siaga_hub::HubConfig;
use siaga_hub_api::{ApiError, ClientError, ErrorCode, HubClient, ToHub};
use siaga_hub_store::Store;
use siaga_model::SeatState;

fn refused<T>(result: Result<T, ClientError>) -> ApiError {
    match result {
        Err(ClientError::Refused(error)) => error,
        Err(other) => panic!("not a refusal: {other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

#[tokio::test]
async fn a_login_gives_a_seat_a_telephone_and_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let (session, client) = world.login("ratna", "pmj-1").await.unwrap();
    assert_eq!(session.seat.id, seat("pmj-1"));
    assert_eq!(session.operator_name, "Bripka ratna");
    assert_eq!(session.sip.user, "pmj-1");
    assert_eq!(session.sip.domain, "siaga.invalid");
    assert_eq!(session.cases.last.running() - session.cases.first.running() + 1, 20);
    assert_eq!(session.units.len(), 4);
    assert_eq!(session.transfer_ring_s, 5);
    assert_eq!(world.switch.admitted(), [seat("pmj-1")]);
    client.logout().await.unwrap();
    world.switch.dismissed("pmj-1").await;
    assert_eq!(refused(client.cases().await).code, ErrorCode::NotLoggedIn);
    assert_eq!(refused(client.connect().await).code, ErrorCode::NotLoggedIn);
    world.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_operator_get_the_same_answer() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let wrong = refused(world.login_with("ratna", "bukan ini dia", "pmj-1").await);
    let unknown = refused(world.login_with("entah", PASSWORD, "pmj-1").await);
    assert_eq!(wrong.code, ErrorCode::WrongPassword);
    assert_eq!(wrong, unknown);
    assert_eq!(world.switch.admitted(), []);
    world.stop().await;
}

#[tokio::test]
async fn whoever_guesses_is_slowed_down_and_others_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    for _ in 0..5 {
        let guess = world.login_with("ratna", "tebakan saja", "pmj-1").await;
        assert_eq!(refused(guess).code, ErrorCode::WrongPassword);
    }
    // Now not even the right password helps.
    let slow = refused(world.login("ratna", "pmj-1").await);
    assert_eq!(slow.code, ErrorCode::SlowDown);
    let seconds: u64 = slow.detail.parse().expect("seconds to wait");
    assert!((1..=60).contains(&seconds), "{seconds}");
    let mut desk = world.desk("budi", "pmj-2").await;
    desk.tell(ToHub::Pause).await;
    let events = world.store.events(0, 1_000).await.unwrap();
    let failed: Vec<_> =
        events.iter().filter(|event| event.event.body.contains("login-failed")).collect();
    assert_eq!(failed.len(), 5, "those that waited were not tried");
    for event in failed {
        let body = &event.event.body;
        assert!(body.contains("127.0.0.1") && !body.contains("tebakan") && !body.contains("ratna"));
    }
    world.stop().await;
}

#[tokio::test]
async fn a_seat_that_is_not_there_or_not_allowed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    assert_eq!(refused(world.login("ratna", "pmj-9").await).code, ErrorCode::NoSuchSeat);
    assert_eq!(refused(world.login("joko", "pmj-1").await).code, ErrorCode::NotAllowed);
    world.login("joko", "depok-1").await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn a_second_login_on_a_seat_is_told_who_sits_there_and_the_first_works_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut first = world.ready_desk("ratna", "pmj-1").await;
    for operator in ["budi", "ratna"] {
        let taken = refused(world.login(operator, "pmj-1").await);
        assert_eq!(taken.code, ErrorCode::SeatTaken);
        assert!(taken.detail.starts_with("Bripka ratna since 20"), "{}", taken.detail);
    }
    let call = world.answered_call(&mut first).await;
    first.types(call, 1, "kebakaran", None).await;
    world.stop().await;
}

#[tokio::test]
async fn the_same_operator_takes_the_seat_over_when_the_old_socket_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let first = world.ready_desk("ratna", "pmj-1").await;
    let mut watcher = world.desk("budi", "pmj-2").await;
    let state = |wanted| {
        move |view: &siaga_hub_api::HubView| {
            let seats = view.units.iter().flat_map(|unit| &unit.seats);
            let mut found = seats.filter(|at| at.seat == seat("pmj-1") && at.state == wanted);
            found.next().map(drop)
        }
    };
    watcher.shows("pmj-1 ready", state(SeatState::Ready)).await;
    let old = first.client.clone();
    first.sender.close().await;
    watcher.shows("pmj-1 gone", state(SeatState::Offline)).await;
    let (session, client) = world.login("ratna", "pmj-1").await.unwrap();
    let _second = crate::world::Desk::connect(session, client).await;
    watcher.shows("pmj-1 ready again", state(SeatState::Ready)).await;
    assert_eq!(refused(old.connect().await).code, ErrorCode::NotLoggedIn);
    world.stop().await;
}

#[tokio::test]
async fn a_desk_that_reconnects_goes_on_in_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    desk.types(call, 1, "maling", None).await;
    // The old connection is still open: a network change is noticed by the desk first.
    desk.reconnect().await;
    let shown = desk.shows("the call", |view| view.call.clone()).await;
    assert_eq!((shown.call, shown.draft.rev), (call, 1));
    // A message whose acknowledgement was lost is repeated: acknowledged, not done again.
    let repeated = desk.seq;
    desk.seq -= 1;
    desk.types(call, 1, "maling", None).await;
    assert_eq!(desk.seq, repeated);
    desk.types(call, 2, "maling motor", None).await;
    world.stop().await;
}

#[tokio::test]
async fn a_plugin_is_downloaded_and_its_hash_is_that_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("validitas.wasm");
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(&file, &bytes).unwrap();
    let missing = dir.path().join("tidak-ada.wasm");
    let plugins = vec![("validitas-dasar".to_owned(), file), ("hilang".to_owned(), missing)];
    let world = World::with(dir.path(), config(plugins)).await;
    let (session, client) = world.login("ratna", "pmj-1").await.unwrap();
    assert_eq!(session.plugins.len(), 1, "the missing one is left out, the hub works");
    let release = &session.plugins[0];
    assert_eq!(release.sha256, hex::encode(Sha256::digest(&bytes)));
    assert_eq!(client.plugin(&release.sha256).await.unwrap(), bytes);
    assert_eq!(client.plugins().await.unwrap(), session.plugins);
    assert_eq!(session.gazetteer, None, "every desk has that of Polda Metro Jaya");
    let unknown = client.plugin(&"0".repeat(64)).await;
    assert_eq!(refused(unknown).code, ErrorCode::NotFound);
    world.stop().await;
}

#[tokio::test]
async fn health_needs_no_login() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let health = HubClient::health(&world.hub.url()).await.unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["switch"], "scripted");
    world.stop().await;
}

/// A stranger with an address of its own.
#[cfg(target_os = "linux")]
async fn stranger(world: &World) -> tokio::net::TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    socket.connect(world.hub.local_addr()).await.unwrap()
}

#[cfg(target_os = "linux")]
async fn asks(stream: &mut tokio::net::TcpStream, path: &str, token: &str) -> Option<u16> {
    crate::world::asks(stream, path, token).await.map(|(status, _)| status)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_takes_all_the_connections_it_can_get_keeps_no_desk_out() {
    use tokio::io::AsyncReadExt;
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    let mut held = Vec::new();
    for _ in 0..256 {
        let mut stream = stranger(&world).await;
        assert_eq!(asks(&mut stream, "/v1/health", "").await, Some(200));
        held.push(stream);
    }
    let mut refused = stranger(&world).await;
    let end = within("the end", refused.read(&mut [0; 16])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    desk.tell(ToHub::Pause).await;
    let _another = world.desk("budi", "pmj-2").await;
    // Whoever lets go may come again.
    held.clear();
    loop {
        let mut stream = stranger(&world).await;
        if asks(&mut stream, "/v1/health", "").await == Some(200) {
            break;
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn the_places_of_another_polda_are_downloaded_and_without_them_no_hub_starts() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("jawa-barat.gazetteer");
    let told = |gazetteer| HubConfig { gazetteer: Some(gazetteer), ..config(Vec::new()) };
    let refused = World::try_with(dir.path(), told(file.clone())).await.err().unwrap();
    assert!(refused.to_string().contains("jawa-barat.gazetteer"), "{refused}");
    std::fs::write(&file, b"tempat").unwrap();
    let world = World::with(dir.path(), told(file)).await;
    let (session, client) = world.login("ratna", "pmj-1").await.unwrap();
    let release = session.gazetteer.unwrap();
    assert_eq!(release.name, "jawa-barat");
    assert_eq!(client.plugin(&release.sha256).await.unwrap(), b"tempat");
    world.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_asks_without_end_is_told_to_wait_and_a_desk_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    let mut stream = stranger(&world).await;
    let mut told = false;
    for _ in 0..100_000 {
        if asks(&mut stream, "/v1/plugins/x", "").await == Some(429) {
            told = true;
            break;
        }
    }
    assert!(told);
    desk.tell(ToHub::Pause).await;
    assert_eq!(desk.client.cases().await.unwrap(), []);
    world.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_guesses_tokens_is_slowed_down_and_written_down_once() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let mut desk = world.desk("ratna", "pmj-1").await;
    let mut stream = stranger(&world).await;
    for n in 0..60 {
        assert_eq!(asks(&mut stream, "/v1/cases", &format!("{n:064}")).await, Some(401));
    }
    for n in 60..62 {
        assert_eq!(asks(&mut stream, "/v1/cases", &format!("{n:064}")).await, Some(429));
    }
    // A token that stands is good from there too.
    let token = desk.session.token.expose().clone();
    assert_eq!(asks(&mut stream, "/v1/cases", &token).await, Some(200));
    desk.tell(ToHub::Pause).await;
    let events = world.store.events(0, 1_000).await.unwrap();
    let guessed: Vec<_> =
        events.iter().filter(|event| event.event.body.contains("tokens-guessed")).collect();
    assert_eq!(guessed.len(), 1);
    assert!(guessed[0].event.body.contains("127.0.0.2"));
    world.stop().await;
}
