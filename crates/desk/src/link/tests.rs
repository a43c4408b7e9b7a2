//! The link over real sockets, with a hub that does as the test says.

use super::*;
use futures_util::{SinkExt, StreamExt};
use siaga_hub_api::{CaseBlock, DialBook, SESSION_PATH, Session, SipAccount};
use siaga_model::{CaseNumber, Level, Redacted, Seat, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// How long anything is waited for on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const TOKEN: &str = "a-token";

struct Hub {
    listener: TcpListener,
}

impl Hub {
    async fn open() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.expect("a port") }
    }

    fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().expect("an address"))
    }

    async fn accept(&self) -> TcpStream {
        within(self.listener.accept()).await.expect("a connection").0
    }

    /// Answers one request for a session, and gives the request.
    async fn lets_in(&self) -> String {
        let mut stream = self.accept().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(within(stream.read_u8()).await.expect("a request"));
        }
        let body = serde_json::to_string(&session()).expect("JSON");
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.expect("a client");
        String::from_utf8(request).expect("text")
    }

    async fn socket(&self) -> WebSocketStream<TcpStream> {
        let stream = self.accept().await;
        within(tokio_tungstenite::accept_async(stream)).await.expect("a handshake")
    }

    /// A link of a session of this hub.
    async fn link(&self) -> (Link, mpsc::Receiver<LinkSaw>) {
        let url = self.url();
        let token = Redacted::new(TOKEN.to_owned());
        let (client, request) = tokio::join!(HubClient::resume(&url, token), self.lets_in());
        assert!(request.starts_with(&format!("POST {SESSION_PATH} ")), "{request}");
        assert!(request.contains(&format!("Bearer {TOKEN}")), "{request}");
        let (_, client) = client.expect("a session");
        let (saw_in, saw) = mpsc::channel(8);
        (Link::start(client, saw_in), saw)
    }
}

fn session() -> Session {
    let number = |n| CaseNumber::new("PMJ", 261_123, n).expect("in range");
    Session {
        token: Redacted::new(TOKEN.to_owned()),
        seat: Seat {
            id: "pmj-1".parse().expect("id"),
            unit: "pmj".parse().expect("id"),
            label: "Meja 1".to_owned(),
        },
        unit: "pmj".parse().expect("id"),
        level: Level::Polda,
        role: siaga_model::Role::Operator,
        operator_name: "Bripda Rina".to_owned(),
        sip: SipAccount {
            ws_url: "ws://127.0.0.1:1/".to_owned(),
            domain: "siaga.invalid".to_owned(),
            user: "pmj-1".to_owned(),
            secret: Redacted::new("secret".to_owned()),
        },
        cases: CaseBlock { first: number(1), last: number(20) },
        units: Vec::new(),
        plugins: Vec::new(),
        gazetteer: None,
        now: Timestamp(0),
        transfer_ring_s: 5,
        dial: DialBook::default(),
    }
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}

async fn up(saw: &mut mpsc::Receiver<LinkSaw>) -> mpsc::Sender<Sequenced<ToHub>> {
    match within(saw.recv()).await {
        Some(LinkSaw::Up(line)) => line,
        other => panic!("not up: {other:?}"),
    }
}

async fn down(saw: &mut mpsc::Receiver<LinkSaw>) {
    let saw = within(saw.recv()).await;
    assert!(matches!(saw, Some(LinkSaw::Down)), "{saw:?}");
}

/// The next message of the desk that is no sign of life.
async fn text(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        match within(socket.next()).await.expect("a desk").expect("a message") {
            Message::Text(text) => return text.as_str().to_owned(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_lost_socket_is_opened_again_and_what_waited_on_the_old_line_is_not_sent_on_the_new() {
    let hub = Hub::open().await;
    let (_link, mut saw) = hub.link().await;
    let first = hub.socket().await;
    let old = up(&mut saw).await;
    drop(first);
    let mut second = hub.socket().await;
    down(&mut saw).await;
    let new = up(&mut saw).await;
    assert!(old.send(Sequenced { seq: 7, message: ToHub::Pause }).await.is_err());
    new.send(Sequenced { seq: 5, message: ToHub::Ready }).await.expect("a line");
    assert!(text(&mut second).await.contains("\"seq\":5"));
}

#[tokio::test]
async fn a_hub_that_hangs_in_the_middle_of_the_opening_is_left_for_another_attempt() {
    let hub = Hub::open().await;
    let (link, mut saw) = hub.link().await;
    // The network swallows the upgrade; then it has changed.
    let _hangs = hub.accept().await;
    link.reconnect();
    down(&mut saw).await;
    let _socket = hub.socket().await;
    up(&mut saw).await;
}

#[tokio::test]
async fn a_socket_that_stands_is_let_go_when_another_one_is_wanted() {
    let hub = Hub::open().await;
    let (link, mut saw) = hub.link().await;
    let _first = hub.socket().await;
    let line = up(&mut saw).await;
    link.reconnect();
    down(&mut saw).await;
    within(line.closed()).await;
    let _second = hub.socket().await;
    up(&mut saw).await;
}

#[tokio::test]
async fn a_goodbye_ends_the_link_and_so_does_an_engine_that_has_gone() {
    let hub = Hub::open().await;
    let (_link, mut saw) = hub.link().await;
    let mut socket = hub.socket().await;
    let _line = up(&mut saw).await;
    let bye = ToDesk::Bye { error: ApiError::new(ErrorCode::NotLoggedIn, "") };
    let bye = serde_json::to_string(&bye).expect("JSON");
    socket.send(Message::text(bye)).await.expect("a desk");
    let said = within(saw.recv()).await;
    assert!(matches!(said, Some(LinkSaw::Said(ToDesk::Bye { .. }))), "{said:?}");
    assert!(within(saw.recv()).await.is_none());

    let (link, mut saw) = hub.link().await;
    let mut socket = hub.socket().await;
    let _line = up(&mut saw).await;
    drop(link);
    while let Some(Ok(_)) = within(socket.next()).await {}
    assert!(within(saw.recv()).await.is_none());
}

#[tokio::test]
async fn a_message_that_no_hub_would_read_comes_back_and_the_next_one_goes_out() {
    let hub = Hub::open().await;
    let (_link, mut saw) = hub.link().await;
    let mut socket = hub.socket().await;
    let line = up(&mut saw).await;
    let note = "x".repeat(MAX_MESSAGE);
    let close = ToHub::Close {
        call: siaga_model::CallId::from_parts(1, 1),
        disposition: siaga_model::Disposition::HandledHere,
        note,
    };
    line.send(Sequenced { seq: 1, message: close }).await.expect("a line");
    line.send(Sequenced { seq: 2, message: ToHub::Ready }).await.expect("a line");
    let said = within(saw.recv()).await;
    assert!(
        matches!(&said, Some(LinkSaw::Said(ToDesk::Refused { seq: 1, error }))
            if error.code == ErrorCode::TooLarge),
        "{said:?}"
    );
    assert!(text(&mut socket).await.contains("\"seq\":2"));
}
