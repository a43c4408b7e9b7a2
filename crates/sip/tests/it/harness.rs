//! A server, phones, a raw WebSocket client and a wire that can be cut.

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use siaga_model::Redacted;
use siaga_sip::{
    DialogKey, Ha1s, Headers, IncomingCall, IncomingLeg, Limits, ServerConfig, ServerEvent,
    SipServer, UaEvent, UserAgent, UserAgentConfig,
};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

pub(crate) const REALM: &str = "polda.test";
pub(crate) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=offer\r\n";
pub(crate) const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=answer\r\n";

/// Waits for `future`; generous, since only its coming is judged.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(30), future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// The next event that `pick` takes; the others are dropped.
pub(crate) async fn next<E: std::fmt::Debug, T>(
    events: &mut mpsc::Receiver<E>,
    what: &str,
    mut pick: impl FnMut(E) -> Result<T, E>,
) -> T {
    soon(what, async {
        loop {
            let event = events.recv().await.unwrap_or_else(|| panic!("closed before {what}"));
            match pick(event) {
                Ok(value) => return value,
                Err(other) => eprintln!("(while waiting for {what}: {other:?})"),
            }
        }
    })
    .await
}

/// Takes the next event that matches the pattern and gives the expression.
#[macro_export]
macro_rules! expect {
    ($events:expr, $pattern:pat $(if $guard:expr)? => $value:expr) => {
        $crate::harness::next(&mut $events, stringify!($pattern), |event| match event {
            $pattern $(if $guard)? => Ok($value),
            #[allow(unreachable_patterns)]
            other => Err(other),
        })
        .await
    };
}

pub(crate) struct Switch {
    pub(crate) server: SipServer,
    pub(crate) events: mpsc::Receiver<ServerEvent>,
}

impl Switch {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::try_with(change).await.unwrap()
    }

    pub(crate) async fn try_with(
        change: impl FnOnce(&mut ServerConfig),
    ) -> Result<Self, siaga_sip::SipError> {
        let mut cfg = ServerConfig {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            realm: REALM.into(),
            user_agent: "Siaga-Test".into(),
            tls: None,
            emergency_user: "110".into(),
            limits: Limits::default(),
        };
        change(&mut cfg);
        let (server, events) = SipServer::bind(cfg).await?;
        Ok(Self { server, events })
    }

    pub(crate) async fn account(&self, user: &str, secret: &str) {
        let secrets = Ha1s::of(user, REALM, &Redacted::new(secret.to_owned()));
        self.server.set_account(user, secrets).await.unwrap();
    }

    pub(crate) async fn incoming(&mut self) -> IncomingLeg {
        expect!(self.events, ServerEvent::Incoming(leg) => leg)
    }

    /// Answers the next call and waits until it is confirmed.
    pub(crate) async fn take_call(&mut self) -> IncomingLeg {
        let leg = self.incoming().await;
        self.server.answer(leg.dialog, ANSWER).await.unwrap();
        expect!(self.events, ServerEvent::Confirmed { dialog, .. } if dialog == leg.dialog => ());
        leg
    }
}

pub(crate) struct Phone {
    pub(crate) ua: UserAgent,
    pub(crate) events: mpsc::Receiver<UaEvent>,
}

pub(crate) fn config(server: SocketAddr, user: &str, secret: Option<&str>) -> UserAgentConfig {
    UserAgentConfig {
        ws_url: format!("ws://{server}/").parse().unwrap(),
        tls_roots: None,
        user: user.into(),
        domain: REALM.into(),
        secret: secret.map(|s| Redacted::new(s.to_owned())),
        display_name: Some(Redacted::new(format!("Name of {user}"))),
        register: secret.is_some(),
        expires: Duration::from_secs(600),
        user_agent: "Phone".into(),
    }
}

impl Phone {
    pub(crate) fn start(cfg: UserAgentConfig) -> Self {
        let (ua, events) = UserAgent::start(cfg).unwrap();
        Self { ua, events }
    }

    /// A seat of `switch` that has registered.
    pub(crate) async fn registered(switch: &Switch, user: &str) -> Self {
        switch.account(user, "rahasia").await;
        let mut phone = Self::start(config(switch.server.local_addr(), user, Some("rahasia")));
        expect!(phone.events, UaEvent::Registered { .. } => ());
        phone
    }

    /// A stranger, who has no account.
    pub(crate) fn stranger(server: SocketAddr) -> Self {
        Self::start(config(server, "08120001", None))
    }

    /// Dials as soon as the connection is up.
    pub(crate) async fn dial(&self, target: &str) -> DialogKey {
        soon("a connection", async {
            loop {
                match self.ua.invite(target, OFFER, Headers::new().with("X-Siaga", "uji")).await {
                    Ok(dialog) => return dialog,
                    Err(siaga_sip::SipError::NotConnected) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        })
        .await
    }

    pub(crate) async fn incoming(&mut self) -> IncomingCall {
        expect!(self.events, UaEvent::Incoming(call) => call)
    }

    /// Dials 110 and has it answered.
    pub(crate) async fn established(&mut self, switch: &mut Switch) -> (DialogKey, DialogKey) {
        let here = self.dial("110").await;
        let leg = switch.take_call().await;
        let sdp = expect!(self.events, UaEvent::Answered { dialog, sdp } if dialog == here => sdp);
        assert_eq!(sdp, ANSWER);
        (here, leg.dialog)
    }
}

/// A TCP connection from a local address of our choice.
pub(crate) async fn connect_from(here: IpAddr, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(here, 0)).unwrap();
    socket.connect(server).await.unwrap()
}

/// A client that sends what it likes.
pub(crate) struct Raw {
    out: RawOut,
    back: RawBack,
}

pub(crate) struct RawOut(SplitSink<WebSocketStream<TcpStream>, Message>);
pub(crate) struct RawBack(SplitStream<WebSocketStream<TcpStream>>);

impl Raw {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        Self::connect_from(IpAddr::from([127, 0, 0, 1]), server).await
    }

    pub(crate) async fn connect_from(here: IpAddr, server: SocketAddr) -> Self {
        let mut request = format!("ws://{server}/").into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", "sip".parse().unwrap());
        let stream = connect_from(here, server).await;
        let socket = tokio_tungstenite::client_async(request, stream).await.unwrap().0;
        let (out, back) = socket.split();
        Self { out: RawOut(out), back: RawBack(back) }
    }

    pub(crate) fn split(self) -> (RawOut, RawBack) {
        (self.out, self.back)
    }

    /// False once the server has closed the connection.
    pub(crate) async fn send(&mut self, data: impl Into<Vec<u8>>) -> bool {
        self.out.send(data).await
    }

    /// The next SIP message; `None` once closed.
    pub(crate) async fn receive(&mut self) -> Option<String> {
        soon("a message", self.back.receive()).await
    }

    /// The status line of the next message.
    pub(crate) async fn status(&mut self) -> String {
        let message = self.receive().await.expect("a reply");
        message.lines().next().unwrap_or_default().to_owned()
    }
}

impl RawOut {
    pub(crate) async fn send(&mut self, data: impl Into<Vec<u8>>) -> bool {
        let message = match String::from_utf8(data.into()) {
            Ok(text) => Message::text(text),
            Err(error) => Message::binary(error.into_bytes()),
        };
        self.0.send(message).await.is_ok()
    }
}

impl RawBack {
    pub(crate) async fn receive(&mut self) -> Option<String> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }
}

/// A TCP relay in front of a server. What is done to it is done to the connections of the moment;
/// new ones pass, unless it is closed.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    fate: watch::Sender<Fate>,
    closed: watch::Sender<bool>,
    /// Connections taken while closed.
    pub(crate) held: watch::Receiver<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Cut,
    /// Nothing passes any more, and neither side is told.
    Frozen,
}

impl Wire {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (fate, fates) = watch::channel(Fate::Cut);
        let (closed, door) = watch::channel(false);
        let (holding, held) = watch::channel(0);
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut near, _)) = listener.accept().await {
                if *door.borrow() {
                    kept.push(near);
                    holding.send_replace(kept.len());
                    continue;
                }
                let mut fates = fates.clone();
                fates.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(server).await else { return };
                    let _ = (near.set_nodelay(true), far.set_nodelay(true));
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
                        _ = fates.changed() => {}
                    }
                    // Both sockets stay open until the wire is cut or the test ends.
                    let _ = fates.wait_for(|f| *f == Fate::Cut).await;
                });
            }
        });
        Self { address, fate, closed, held }
    }

    pub(crate) fn cut(&self) {
        self.fate.send_replace(Fate::Cut);
    }

    pub(crate) fn freeze(&self) {
        self.fate.send_replace(Fate::Frozen);
    }

    /// New connections are accepted and then left alone.
    pub(crate) fn close(&self, closed: bool) {
        self.closed.send_replace(closed);
    }
}

/// TLS with a certificate of its own authority, and whom to trust for it.
pub(crate) fn private_tls() -> (Arc<rustls::ServerConfig>, Arc<rustls::RootCertStore>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let cert = made.cert.der().clone();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key.into())
        .unwrap();
    (Arc::new(config), Arc::new(roots))
}
