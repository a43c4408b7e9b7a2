//! Bad neighbours at the hub's port, and one with a session, while a desk has a caller: what it types is
//! stored, what it asks is done, and a desk beside it can log in.

use crate::world::{Desk, World, within};
use futures_util::{SinkExt as _, StreamExt as _};
use siaga_hub_api::{DESK_SOCKET_PATH, LOGIN_PATH, MAX_MESSAGE, ToHub};
use siaga_hub_store::Store as _;
use siaga_model::CallId;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Connections from one address at the same time.
const CROWD: usize = 2_000;

/// A desk in a call, which proves after each attack that it is as before.
struct Working {
    world: World,
    desk: Desk,
    call: CallId,
    rev: u64,
}

impl Working {
    async fn start(dir: &std::path::Path) -> Self {
        let mut world = World::start(dir).await;
        let mut desk = world.ready_desk("ratna", "pmj-1").await;
        let call = world.answered_call(&mut desk).await;
        let mut working = Self { world, desk, call, rev: 0 };
        working.goes_on("nothing").await;
        working
    }

    async fn goes_on(&mut self, attack: &str) {
        self.rev += 1;
        let typed = format!("after {attack}");
        self.desk.types(self.call, self.rev, &typed, None).await;
        let kept = self.world.store.draft(self.call).await.unwrap().unwrap();
        assert_eq!((kept.rev, kept.form.narrative.expose()), (self.rev, &typed));
        self.desk.tell(ToHub::Hold { call: self.call }).await;
        self.desk.tell(ToHub::Resume { call: self.call }).await;
    }

    fn hub(&self) -> SocketAddr {
        self.world.hub.local_addr()
    }
}

/// A connection from an address that nobody honest has; `None` when the hub lets no more in.
async fn connect(hub: SocketAddr, last: u8) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    within("a connection", socket.connect(hub)).await.ok()
}

/// Says it and gives what is answered, if anything, until the hub closes or has said a whole head.
async fn answer(hub: SocketAddr, last: u8, request: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    let Some(mut stream) = connect(hub, last).await else { return heard };
    // It may answer and close before it has read everything.
    let _ = within("the request to leave", stream.write_all(request)).await;
    let mut buffer = [0; 4096];
    while !heard.windows(4).any(|w| w == b"\r\n\r\n") {
        match within("an answer", stream.read(&mut buffer)).await {
            Ok(0) | Err(_) => break,
            Ok(n) => heard.extend_from_slice(&buffer[..n]),
        }
    }
    heard
}

fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Is refused by status: neither taken nor the hub's own fault.
fn assert_refused(answer: &[u8], what: &str) {
    let line = String::from_utf8_lossy(&answer[..answer.len().min(40)]).into_owned();
    assert!(answer.is_empty() || line.starts_with("HTTP/1.1 4"), "{what}: {line}");
}

/// JSON that no desk sends.
fn nonsense() -> Vec<String> {
    let call = "01JD0000000000000000000000";
    let deep = 100_000;
    vec![
        String::new(),
        "null".into(),
        "\u{feff}{}".into(),
        "{\"seq\":1,\"type\":\"ready\"".into(),
        "[".repeat(deep),
        "{\"a\":".repeat(deep / 2),
        format!(
            "{{\"seq\":1,\"type\":\"draft\",\"form\":{}1{}}}",
            "[".repeat(500),
            "]".repeat(500)
        ),
        "{\"seq\":1e400,\"type\":\"ready\"}".into(),
        "{\"seq\":18446744073709551616,\"type\":\"ready\"}".into(),
        format!("{{\"seq\":{},\"type\":\"ready\"}}", "9".repeat(100_000)),
        "{\"seq\":\"1\",\"type\":\"ready\"}".into(),
        "{\"seq\":1,\"type\":[\"ready\"]}".into(),
        "{\"seq\":1,\"seq\":2,\"type\":\"ready\"}".into(),
        "{\"seq\":1,\"type\":\"ready\",\"type\":\"pause\"}".into(),
        format!("{{\"seq\":1,\"type\":\"hold\",\"call\":\"{call}x\"}}"),
        format!("{{\"seq\":1,\"type\":\"transfer\",\"call\":\"{call}\",\"unit\":\"../../etc\"}}"),
        format!(
            "{{\"seq\":1,\"type\":\"override\",\"call\":\"{call}\",\"validity\":7,\"reason\":0}}"
        ),
        format!("{{\"seq\":1,\"type\":\"draft\",\"call\":\"{call}\",\"rev\":-1,\"form\":{{}}}}"),
        format!("{{\"seq\":1,\"type\":\"close\",\"call\":\"{call}\",\"note\":\"\\ud800\"}}"),
        "\"\\u0000\"".into(),
    ]
}

#[tokio::test]
async fn a_desk_works_on_while_a_session_beside_it_sends_nonsense() {
    let dir = tempfile::tempdir().unwrap();
    let mut working = Working::start(dir.path()).await;
    let (session, _) = working.world.login("budi", "pmj-2").await.unwrap();
    let request = || {
        let url = format!("ws://{}{DESK_SOCKET_PATH}", working.world.hub.local_addr());
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", session.token.expose()).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        request
    };
    let mut attacks: Vec<Message> = nonsense().into_iter().map(Message::text).collect();
    attacks.extend([
        Message::binary(vec![0; 100]),
        Message::binary(b"{\"seq\":1,\"type\":\"ready\"}".to_vec()),
        Message::text("x".repeat(MAX_MESSAGE)),
        Message::text(format!("\"{}\"", "\\u0000".repeat(MAX_MESSAGE / 6 - 1))),
        Message::Ping(vec![0; 125].into()),
        Message::text("y".repeat(8 * MAX_MESSAGE)),
    ]);
    let requests: Vec<_> = attacks.iter().map(|_| request()).collect();
    for (n, (attack, request)) in attacks.into_iter().zip(requests).enumerate() {
        let (mut socket, _) = within("a socket", tokio_tungstenite::connect_async(request))
            .await
            .unwrap_or_else(|error| panic!("before attack {n}: {error}"));
        // A hub that has had enough closes in the middle of it.
        for _ in 0..3 {
            let _ = within("the attack to leave", socket.send(attack.clone())).await;
        }
        let _ = within("a goodbye", socket.close(None)).await;
        while let Some(Ok(_)) = within("the end of the socket", socket.next()).await {}
        working.goes_on(&format!("nonsense {n}")).await;
    }
    working.world.stop().await;
}

#[tokio::test]
async fn a_desk_works_on_while_garbage_comes_to_the_port() {
    let dir = tempfile::tempdir().unwrap();
    let mut working = Working::start(dir.path()).await;
    let hub = working.hub();
    let garbage: Vec<Vec<u8>> = vec![
        vec![0; 5000],
        (0..=255).cycle().take(5000).collect(),
        b"GET".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(2_000)).into_bytes(),
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"
            .to_vec(),
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"
            .to_vec(),
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET /v1/cases/%00 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
    ];
    let mut held = Vec::new();
    for request in &garbage {
        if let Some(mut stream) = connect(hub, 2).await {
            let _ = within("the garbage to leave", stream.write_all(request)).await;
            held.push(stream);
        }
    }
    working.goes_on("garbage").await;
    for body in nonsense() {
        let heard = answer(hub, 3, &post(LOGIN_PATH, body.as_bytes())).await;
        let shown: String = body.chars().take(60).collect();
        assert_refused(&heard, &shown);
        working.goes_on(&format!("{shown} as a login")).await;
    }
    assert_refused(&answer(hub, 3, &post(LOGIN_PATH, &vec![b' '; 300_000])).await, "a huge login");
    working.goes_on("nonsense as a login").await;
    // The first are answered at once. Whoever goes on is made to wait, and waits alone.
    for n in 0..200 {
        let request = format!(
            "GET {DESK_SOCKET_PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {n}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        if n < 20 {
            let heard = answer(hub, 4, request.as_bytes()).await;
            assert_refused(&heard, "a made-up token");
        } else if let Some(mut stream) = connect(hub, 4).await {
            let _ = within("the token to leave", stream.write_all(request.as_bytes())).await;
            held.push(stream);
        }
    }
    working.goes_on("made-up tokens").await;
    drop(held);
    working.world.stop().await;
}

#[tokio::test]
async fn a_desk_works_on_and_another_logs_in_while_a_crowd_of_one_address_holds_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut working = Working::start(dir.path()).await;
    let mut crowd = Vec::new();
    for n in 0..CROWD {
        let Some(mut stream) = connect(working.hub(), 5).await else { continue };
        // Half a request each; those that are too many are closed while they say it.
        let _ = stream.write_all(&b"GET / HTTP/1.1\r\nHost: x\r\nX-Wait: "[..10 + n % 20]).await;
        crowd.push(stream);
        if n % 500 == 499 {
            working.goes_on(&format!("{n} connections")).await;
        }
    }
    let mut other = working.world.ready_desk("budi", "pmj-2").await;
    let call = working.world.answered_call(&mut other).await;
    other.types(call, 1, "penganiayaan", None).await;
    working.goes_on("the crowd").await;
    drop(crowd);
    working.world.stop().await;
}
