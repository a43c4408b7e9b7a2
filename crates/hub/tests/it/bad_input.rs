//! Nonsense from one desk: a clear answer, and nobody else notices.

use crate::world::{World, seat, unit, within};
use futures_util::{SinkExt, StreamExt};
use siaga_hub_api::{DESK_SOCKET_PATH, ErrorCode, MAX_MESSAGE, ToDesk, ToHub};
use siaga_hub_store::Store;
use siaga_model::{Disposition, Form, Validity};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

type Raw =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A desk that may send anything.
async fn raw_desk(world: &World, operator: &str, at: &str) -> Raw {
    let (session, _) = world.login(operator, at).await.unwrap();
    let url = format!("ws://{}{DESK_SOCKET_PATH}", world.hub.local_addr());
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {}", session.token.expose()).parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    tokio_tungstenite::connect_async(request).await.unwrap().0
}

async fn next(socket: &mut Raw) -> Option<ToDesk> {
    within("an answer", async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: ToDesk = serde_json::from_str(&text).unwrap();
                    if !matches!(message, ToDesk::View(_)) {
                        return Some(message);
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    })
    .await
}

async fn refusal(socket: &mut Raw) -> (u64, ErrorCode, String) {
    match next(socket).await {
        Some(ToDesk::Refused { seq, error }) => (seq, error.code, error.detail),
        other => panic!("not a refusal: {other:?}"),
    }
}

#[tokio::test]
async fn a_malformed_message_is_refused_while_another_desk_works_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut other = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut other).await;
    let mut socket = raw_desk(&world, "budi", "pmj-2").await;
    for (sent, seq) in [
        ("bukan json", 0),
        ("{}", 0),
        ("[1,2,3]", 0),
        (r#"{"seq": 7, "type": "terbang"}"#, 7),
        (r#"{"seq": 8, "type": "draft", "call": "x", "rev": 1, "form": {}}"#, 8),
        (r#"{"seq": -1, "type": "ready"}"#, 0),
    ] {
        socket.send(Message::text(sent)).await.unwrap();
        let (refused, code, _) = refusal(&mut socket).await;
        assert_eq!((refused, code), (seq, ErrorCode::Malformed), "{sent}");
    }
    socket.send(Message::binary(vec![0_u8; 16])).await.unwrap();
    assert_eq!(refusal(&mut socket).await.1, ErrorCode::Malformed);
    // The same connection still works, and so does the other desk with its call.
    socket.send(Message::text(r#"{"seq": 9, "type": "ready"}"#)).await.unwrap();
    assert_eq!(next(&mut socket).await, Some(ToDesk::Ack { seq: 9 }));
    other.types(call, 1, "tabrakan beruntun", None).await;
    world.stop().await;
}

#[tokio::test]
async fn what_was_refused_is_never_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let mut socket = raw_desk(&world, "budi", "pmj-2").await;
    let sent = r#"{"seq": 1, "type": "close", "call": "081234567890", "note": "Siti Aminah"}"#;
    socket.send(Message::text(sent)).await.unwrap();
    let (_, _, detail) = refusal(&mut socket).await;
    assert!(!detail.contains("Siti") && !detail.contains("0812"), "{detail}");
    world.stop().await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_and_a_huge_one_ends_only_its_connection() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut other = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut other).await;
    let mut socket = raw_desk(&world, "budi", "pmj-2").await;
    socket.send(Message::text("x".repeat(MAX_MESSAGE + 1))).await.unwrap();
    let (seq, code, _) = refusal(&mut socket).await;
    assert_eq!((seq, code), (0, ErrorCode::TooLarge));
    socket.send(Message::text(r#"{"seq": 1, "type": "pause"}"#)).await.unwrap();
    assert_eq!(next(&mut socket).await, Some(ToDesk::Ack { seq: 1 }));
    // The hub stops reading somewhere in here, so sending may fail: that is the point.
    let _ = socket.send(Message::text("x".repeat(16 * MAX_MESSAGE))).await;
    while let Some(message) = next(&mut socket).await {
        let ToDesk::Bye { error } = message else { panic!("not a goodbye: {message:?}") };
        assert_eq!(error.code, ErrorCode::TooLarge);
    }
    other.types(call, 1, "tabrakan beruntun", None).await;
    world.stop().await;
}

#[tokio::test]
async fn fields_out_of_range_are_named_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut desk = world.ready_desk("ratna", "pmj-1").await;
    let call = world.answered_call(&mut desk).await;
    desk.types(call, 1, "pencurian", None).await;
    let long = Form { narrative: "a".repeat(8_001).into(), ..Form::default() };
    let nowhere = Form { unit: Some(unit("pmj.bulan")), ..Form::default() };
    let close = |disposition, note: String| ToHub::Close { call, disposition, note };
    for (message, code) in [
        (ToHub::Draft { call, rev: 2, form: long }, ErrorCode::OutOfRange),
        (ToHub::Draft { call, rev: 2, form: nowhere }, ErrorCode::NoSuchUnit),
        (
            ToHub::Override { call, validity: Validity::NotValid, reason: " x ".to_owned() },
            ErrorCode::OutOfRange,
        ),
        (close(Disposition::Information, "n".repeat(4_001)), ErrorCode::OutOfRange),
        (close(Disposition::Abandoned, String::new()), ErrorCode::OutOfRange),
        (
            close(Disposition::ForwardedToUnit { unit: unit("pmj.bulan") }, String::new()),
            ErrorCode::NoSuchUnit,
        ),
        (ToHub::Transfer { call, unit: unit("pmj.bulan"), handover: None }, ErrorCode::NoSuchUnit),
        (ToHub::Release { call }, ErrorCode::NotNow),
    ] {
        let seq = desk.say(message.clone()).await;
        assert_eq!(desk.refused(seq).await, code, "{message:?}");
    }
    let kept = world.store.draft(call).await.unwrap().unwrap();
    assert_eq!((kept.rev, kept.form.narrative.expose().as_str()), (1, "pencurian"));
    world.stop().await;
}

#[tokio::test]
async fn only_the_seat_that_has_the_caller_writes_and_closes() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::start(dir.path()).await;
    let mut owner = world.ready_desk("ratna", "pmj-1").await;
    let mut other = world.desk("budi", "pmj-2").await;
    let call = world.answered_call(&mut owner).await;
    let draft = ToHub::Draft { call, rev: 9, form: Form::default() };
    let close = ToHub::Close { call, disposition: Disposition::Information, note: String::new() };
    for message in [draft, close, ToHub::Hold { call }] {
        let seq = other.say(message).await;
        assert_eq!(other.refused(seq).await, ErrorCode::NotYours);
    }
    owner.types(call, 1, "masih di sini", None).await;
    let shown =
        owner.shows("the form", |view| view.call.clone().filter(|c| c.draft.rev == 1)).await;
    assert_eq!(shown.writer, Some(seat("pmj-1")));
    world.stop().await;
}
