//! Bad neighbours at the SIP port and at the media ports of a live call: the two people go on hearing
//! each other, the recording is whole, and nothing is left of the neighbours afterwards.

use crate::exchange::{Exchange, soon};
use crate::phone::Phone;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use siaga_call_flow::{Program, SwitchCommand};
use siaga_media::goertzel::power_dbfs;
use siaga_media::tone::Sine;
use siaga_media::{FRAME_DURATION, MediaConfig, MediaSession, sdp};
use siaga_sip::{DialogKey, UaEvent};
use siaga_switch::Switch as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

const CALLER_HZ: f32 = 500.0;
const SEAT_HZ: f32 = 1_150.0;
/// What is listened to at once: 200 ms, in samples.
const WINDOW: usize = 9_600;
/// From here on a tone is heard.
const HEARD_DBFS: f32 = -32.0;
/// The caller, whose datagrams pass through our hands.
struct Caller {
    phone: Phone,
    dialog: DialogKey,
    heard: Arc<Mutex<Vec<i16>>>,
    length: watch::Receiver<usize>,
    /// The switch's side of the wire: what is sent here comes from the caller's address.
    wire: Arc<UdpSocket>,
    /// Where the switch has the caller's media.
    at_switch: SocketAddr,
    /// What the caller has sent, as it was on the wire.
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

/// Datagrams of the caller that are kept to be sent again.
const KEPT: usize = 500;

impl Caller {
    async fn dial(exchange: &Exchange) -> Self {
        let mut phone = Phone::stranger(&exchange.switch.endpoint());
        let (session, offer) = MediaSession::offer(MediaConfig::loopback()).await.expect("media");
        let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a socket"));
        let far = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a socket"));
        let at_caller = sdp::candidates(&offer)[0];
        let (near_at, far_at) =
            (near.local_addr().expect("bound"), far.local_addr().expect("bound"));
        let dialog = phone.invite(&sdp::with_candidate(&offer, far_at)).await;
        let answer = phone
            .next("an answer", |event| match event {
                UaEvent::Answered { sdp, .. } => Some(sdp),
                UaEvent::Failed { status, reason, .. } => panic!("refused: {status} {reason}"),
                _ => None,
            })
            .await;
        let at_switch = sdp::candidates(&answer)[0];
        let sent = Arc::new(Mutex::new(Vec::new()));
        let to_switch = tokio::spawn({
            let (near, far, sent) = (near.clone(), far.clone(), sent.clone());
            async move {
                let mut buffer = [0; 2048];
                while let Ok(n) = near.recv(&mut buffer).await {
                    {
                        let mut sent = sent.lock().expect("unpoisoned");
                        if sent.len() < KEPT {
                            sent.push(buffer[..n].to_vec());
                        }
                    }
                    let _ = far.send_to(&buffer[..n], at_switch).await; // UDP promises nothing
                }
            }
        });
        let to_caller = tokio::spawn({
            let (near, far) = (near, far.clone());
            async move {
                let mut buffer = [0; 2048];
                while let Ok((n, from)) = far.recv_from(&mut buffer).await {
                    if from == at_switch {
                        let _ = near.send_to(&buffer[..n], at_caller).await;
                    }
                }
            }
        });
        session.accept_answer(&sdp::with_candidate(&answer, near_at)).await.expect("an answer");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (grows, length) = watch::channel(0);
        let talk = tokio::spawn({
            let heard = heard.clone();
            async move {
                let mut mouth = Sine::new(CALLER_HZ, -20.0);
                let mut ticks = tokio::time::interval(FRAME_DURATION);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
                loop {
                    ticks.tick().await;
                    let frame = session.pull(Instant::now());
                    session.send(&mouth.next_frame());
                    let mut heard = heard.lock().expect("unpoisoned");
                    heard.extend_from_slice(&frame.0);
                    grows.send_replace(heard.len());
                }
            }
        });
        let tasks = [to_switch, to_caller, talk].map(AbortOnDropHandle::new).into();
        Self { phone, dialog, heard, length, wire: far, at_switch, sent, _tasks: tasks }
    }

    /// What has been heard so far, in samples.
    fn now(&self) -> usize {
        *self.length.borrow()
    }

    async fn listen(&mut self, samples: usize) {
        let until = self.now() + samples;
        soon("time to pass", self.length.wait_for(|l| *l >= until)).await.expect("it listens");
    }

    async fn hears(&mut self, hz: f32) {
        soon(&format!("{hz} Hz to be heard"), async {
            loop {
                let from = self.now();
                self.listen(WINDOW).await;
                if power_dbfs(&self.since(from), hz) > HEARD_DBFS {
                    return;
                }
            }
        })
        .await;
    }

    fn since(&self, from: usize) -> Vec<i16> {
        self.heard.lock().expect("unpoisoned")[from..].to_vec()
    }
}

/// A call that is up, and where it can be attacked.
struct Call {
    exchange: Exchange,
    call: siaga_model::CallId,
    caller: Caller,
    sip: SocketAddr,
    /// The switch's media addresses: of the caller's leg and of the seat's.
    media: [SocketAddr; 2],
    seat: Phone,
    at_seat: crate::phone::Talk,
    /// Tasks of this process when nobody attacked.
    tasks: usize,
}

impl Call {
    async fn up() -> Self {
        let mut exchange = Exchange::start().await;
        let url = exchange.switch.endpoint().ws_url;
        let host = url.trim_start_matches("ws://").trim_end_matches('/');
        let sip = host.parse().expect("an address");
        let mut seat = exchange.seat("pmj-1").await;
        let mut caller = Caller::dial(&exchange).await;
        let call = exchange.arrival().await;
        let leg = exchange.ring(call, 1, "pmj-1").await;
        let incoming = seat.incoming().await;
        let at_switch = sdp::candidates(&incoming.offer)[0];
        seat.ua.ring(incoming.dialog).await.expect("rings");
        let mut at_seat = seat.answer(&incoming, SEAT_HZ).await;
        exchange.saw(siaga_call_flow::SwitchSaw::Answered(leg)).await;
        exchange.told(SwitchCommand::Join(leg)).await;
        exchange.told(SwitchCommand::Play { call, program: Program::Quiet }).await;
        caller.hears(SEAT_HZ).await;
        at_seat.hears(CALLER_HZ).await;
        let media = [caller.at_switch, at_switch];
        let tasks = tasks();
        Self { exchange, call, caller, sip, media, seat, at_seat, tasks }
    }

    /// While an attack is on, or after it: both hear each other, and nobody was hung up on.
    async fn goes_on(&mut self, attack: &str) {
        self.caller.hears(SEAT_HZ).await;
        self.at_seat.hears(CALLER_HZ).await;
        assert!(!self.caller.phone.heard_of_an_end(), "{attack}: the caller was dropped");
        assert!(!self.seat.heard_of_an_end(), "{attack}: the seat was dropped");
    }

    /// The neighbours have gone: so has all that was there for them. Then the call ends in order.
    /// `sessions` is how many media sessions this test has made and closed itself: each leaves one
    /// task of the library that ends late.
    async fn ends_whole(mut self, sessions: usize) {
        soon("the neighbours' tasks to end", async {
            let mut look = tokio::time::interval(Duration::from_millis(50));
            while tasks() > self.tasks + sessions {
                look.tick().await;
            }
        })
        .await;
        let talked = self.caller.now() as f64 / 48_000.0;
        self.caller.phone.ua.hang_up(self.caller.dialog).await.expect("hung up");
        self.exchange.told(SwitchCommand::End(self.call)).await;
        let report = self.exchange.recorded(self.call).await;
        let verified = siaga_recording::verify(&report.file).expect("the recording is whole");
        assert!(verified.complete && verified.call == Some(self.call));
        assert!(report.seconds >= talked - 1.0, "{} of {talked} s recorded", report.seconds);
        let (left, _) = siaga_recording::decode(&report.file).expect("the recording plays");
        for (n, quarter) in left.chunks(left.len() / 4).take(4).enumerate() {
            let heard = quarter.chunks_exact(WINDOW).any(|w| power_dbfs(w, CALLER_HZ) > HEARD_DBFS);
            assert!(heard, "the caller is missing in quarter {n} of the recording");
        }
        self.exchange.shut_down().await;
    }
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// A connection from an address that nobody honest has.
async fn connect(sip: SocketAddr, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).expect("an address of our own");
    soon("a connection", socket.connect(sip)).await.expect("connected")
}

const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: sip\r\n\r\n";

/// A connection that has shaken hands.
async fn websocket(sip: SocketAddr, last: u8) -> TcpStream {
    let mut stream = connect(sip, last).await;
    stream.write_all(UPGRADE.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    soon("the handshake", async {
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.expect("an answer"));
        }
    })
    .await;
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// A WebSocket frame; its mask is zero, which is a mask.
fn frame(head: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![head];
    match u16::try_from(data.len()) {
        Ok(n) if n < 126 => frame.push(0x80 | n as u8),
        Ok(n) => {
            frame.push(0x80 | 126);
            frame.extend(n.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((data.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(data);
    frame
}

/// Sends what the other side may refuse to take at any time.
async fn throw(stream: &mut TcpStream, data: &[u8]) -> bool {
    soon("what is thrown to leave", stream.write_all(data)).await.is_ok()
}

fn noise(rng: &mut StdRng, len: usize) -> Vec<u8> {
    let mut data = vec![0; len];
    rng.fill_bytes(&mut data);
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_while_garbage_comes_to_the_sip_port() {
    let mut call = Call::up().await;
    let mut rng = StdRng::seed_from_u64(110);
    // Held open to the end: none of them may cost anything but itself.
    let mut held = Vec::new();
    for n in 0..20 {
        let mut stream = connect(call.sip, 2).await;
        throw(&mut stream, &noise(&mut rng, 5000)).await;
        let mut http = connect(call.sip, 2).await;
        let request = match n % 4 {
            0 => "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            1 => format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", u64::MAX),
            2 => format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000)),
            _ => UPGRADE.replace("Protocol: sip", "Protocol: mqtt"),
        };
        throw(&mut http, request.as_bytes()).await;
        held.extend([stream, http]);
    }
    call.goes_on("garbage and HTTP").await;
    for n in 0..60 {
        let mut slow = connect(call.sip, 3).await;
        throw(&mut slow, &UPGRADE.as_bytes()[..n]).await;
        held.push(slow);
    }
    call.goes_on("half handshakes").await;
    let frames: [Vec<u8>; 9] = [
        vec![0x81],                                                   // half a head
        frame(0x81, b"OPTIONS sip:110@x SIP/2.0\r\n")[..20].to_vec(), // half a message
        frame(0x01, b"begun and never ended"),                        // a first fragment
        frame(0x80, b"the end of nothing"),                           // a last one
        [vec![0x82, 0xff], vec![0x7f; 12]].concat(),                  // 2^63 bytes to come
        vec![0x81, 0x05, b'p', b'l', b'a', b'i', b'n'],               // without a mask
        frame(0xf3, b"reserved"),
        frame(0x89, &[0; 200]), // a ping too long
        frame(0x81, &vec![b'x'; 100_000]),
    ];
    for bytes in &frames {
        for _ in 0..3 {
            let mut stream = websocket(call.sip, 4).await;
            throw(&mut stream, bytes).await;
            held.push(stream);
        }
    }
    call.goes_on("broken frames").await;
    let torture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/tests/torture");
    for entry in std::fs::read_dir(torture).expect("the torture messages") {
        let message = std::fs::read(entry.expect("an entry").path()).expect("a message");
        let mut stream = websocket(call.sip, 5).await;
        throw(&mut stream, &frame(0x82, &message)).await;
        for _ in 0..5 {
            let mut damaged = message.clone();
            let at = rng.random_range(0..damaged.len());
            damaged[at] = (rng.next_u32() & 0xff) as u8;
            throw(&mut stream, &frame(0x82, &damaged)).await;
        }
    }
    call.goes_on("tortured SIP").await;
    drop(held);
    call.ends_whole(0).await;
}

fn request(method: &str, user: &str, n: usize, extra: &str, body: &str) -> Vec<u8> {
    let text = format!(
        "{method} sip:{user}@siaga.invalid SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK{n}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:x@x.invalid>;tag=x{n}\r\nTo: <sip:{user}@siaga.invalid>\r\n\
         Call-ID: n{n}\r\nCSeq: 1 {method}\r\nContact: <sip:x@x.invalid;transport=ws>\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    frame(0x81, text.as_bytes())
}

/// Callers who get through during a flood.
const OTHERS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_while_one_address_floods() {
    let mut call = Call::up().await;
    let floods: Vec<_> = (0..8_usize)
        .map(|n| {
            let sip = call.sip;
            AbortOnDropHandle::new(tokio::spawn(async move {
                let (mut back, mut out) = websocket(sip, 6).await.into_split();
                let answers = tokio::spawn(async move {
                    tokio::io::copy(&mut back, &mut tokio::io::sink()).await
                });
                let _answers = AbortOnDropHandle::new(answers);
                let proof = "Authorization: Digest username=\"pmj-1\", realm=\"siaga.invalid\", \
                     nonce=\"n\", uri=\"sip:x\", response=\"0\", algorithm=SHA-256, qop=auth, \
                     nc=00000001, cnonce=\"c\"\r\n";
                for round in n * 1_000_000.. {
                    let message = match n % 4 {
                        0 => request("OPTIONS", "110", round, "", ""),
                        1 => request("REGISTER", "pmj-1", round, proof, ""),
                        2 => request("BYE", "110", round, "", ""),
                        _ => frame(0x89, b"ping"),
                    };
                    if out.write_all(&message).await.is_err() {
                        return;
                    }
                }
            }))
        })
        .collect();
    for n in 0..OTHERS {
        call.goes_on(&format!("flood {n}")).await;
        // And somebody else gets through.
        let mut other = Phone::stranger(&call.exchange.switch.endpoint());
        let talk = other.dial(2_000.0).await;
        call.exchange.arrival().await;
        other.ua.hang_up(talk.dialog).await.expect("hung up");
        other.is_ended(talk.dialog).await;
        talk.dies();
    }
    drop(floods);
    call.ends_whole(OTHERS).await;
}

/// Session descriptions that no honest telephone offers.
fn hostile_offers(good: &str) -> Vec<String> {
    let lines = |n: usize, line: &str| format!("{good}{}", line.repeat(n));
    let without = |start: &str| {
        let kept: Vec<&str> = good.lines().filter(|l| !l.starts_with(start)).collect();
        kept.join("\r\n") + "\r\n"
    };
    let candidates: String = (0..1500)
        .map(|n| format!("a=candidate:{n} 1 udp {} 127.0.0.1 {} typ host\r\n", 9000 + n, 1024 + n))
        .collect();
    vec![
        String::from("v=0\r\n"),
        "x".repeat(40_000),
        lines(1_900, "a=x\r\n"),
        lines(20, &format!("a={}\r\n", "y".repeat(2_000))),
        format!("{good}{candidates}"),
        without("a=fingerprint"),
        without("a=ice-"),
        without("m="),
        without("a=rtpmap"),
        good.replace("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:"),
        good.replace("a=fingerprint:sha-256", "a=fingerprint:md5"),
        good.replace("m=audio 9", "m=audio 0").replace("m=audio ", "m=audio 0"),
        good.replace("m=audio", "m=video"),
        good.replace("m=audio", "m=audio 99999999999 x\r\nm=audio"),
        good.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        good.replace("127.0.0.1", "::1").replace("IP4", "IP6"),
        good.replace("127.0.0.1", "fe80::1%lo"),
        good.replace("127.0.0.1", "x.local"),
        good.replace("127.0.0.1", "0.0.0.0"),
        good.replace("a=ice-ufrag:", "a=ice-ufrag:\r\nm=audio 9 x 0\r\na=ice-ufrag:"),
        good.replace("s=", "s=\r\n\r\nINVITE sip:110@x SIP/2.0\r\ns="),
        good.replace("a=mid:", "a=mid:%0d%0a"),
        good.replace("a=sendrecv", "a=inactive\r\na=sendonly\r\na=recvonly"),
        good.replace("a=setup:actpass", "a=setup:holdconn"),
        good.replace("opus/48000/2", "opus/0/0"),
        good.replace("\r\n", "\n"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_while_hostile_offers_call_110() {
    let mut call = Call::up().await;
    let (session, good) = MediaSession::offer(MediaConfig::loopback()).await.expect("media");
    session.close().await;
    let mut stranger = Phone::stranger(&call.exchange.switch.endpoint());
    for (n, offer) in hostile_offers(&good).iter().enumerate() {
        let dialog = stranger.invite(offer).await;
        let answered = stranger
            .next(&format!("the fate of offer {n}"), |event| match event {
                UaEvent::Answered { dialog: d, .. } if d == dialog => Some(true),
                UaEvent::Failed { dialog: d, status, .. } if d == dialog => {
                    assert!((400..700).contains(&status) && status != 408, "offer {n}: {status}");
                    Some(false)
                }
                _ => None,
            })
            .await;
        if answered {
            stranger.ua.hang_up(dialog).await.expect("hung up");
            stranger.is_ended(dialog).await;
        }
    }
    call.goes_on("hostile offers").await;
    drop(stranger);
    call.ends_whole(1).await;
}

/// Datagrams that were never agreed on: noise, and each protocol of a media port without its keys.
fn datagrams(rng: &mut StdRng) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = (0..300)
        .map(|_| {
            let len = rng.random_range(0..1500);
            noise(rng, len)
        })
        .collect();
    for kind in [0x0001_u16, 0x0101, 0x0111, 0x0011, 0x0003, 0x0017] {
        for body in [0, 4, 24, 400] {
            let mut stun = [kind.to_be_bytes(), (body as u16).to_be_bytes()].concat();
            stun.extend(0x2112_A442_u32.to_be_bytes());
            stun.extend(noise(rng, 12 + body));
            all.push(stun);
        }
    }
    for kind in 20..=26_u8 {
        for epoch in [0, 1] {
            // The two bytes of a fatal alert, or of close_notify, among others.
            for body in [vec![1, 0], vec![2, 40], noise(rng, 60), Vec::new()] {
                let mut record = vec![kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 9];
                record.extend((body.len() as u16).to_be_bytes());
                record.extend(body);
                all.push(record);
            }
        }
    }
    for payload in [0, 8, 111, 110, 96, 72, 200 & 0x7f, 203 & 0x7f] {
        for head in [0x80, 0x90, 0xbf, 0xa0] {
            let mut rtp = vec![head, payload];
            let len = rng.random_range(10..200);
            rtp.extend(noise(rng, len));
            all.push(rtp);
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_while_its_media_ports_are_sent_garbage_and_replays() {
    let mut call = Call::up().await;
    let mut rng = StdRng::seed_from_u64(111);
    let stranger = UdpSocket::bind("127.0.0.2:0").await.expect("a socket");
    let neighbour = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let (stranger, neighbour) = (Arc::new(stranger), Arc::new(neighbour));
    for from in [&stranger, &neighbour] {
        let attack = barrage(from, &call.media, datagrams(&mut rng));
        call.goes_on("garbage from elsewhere").await;
        drop(attack);
    }
    // Real packets of the caller, again and from elsewhere.
    let replay = call.caller.sent.lock().expect("unpoisoned").clone();
    assert!(replay.len() > 50, "the caller's packets do not pass through our hands");
    for from in [&stranger, &neighbour] {
        let attack = barrage(from, &call.media, replay.clone());
        call.goes_on("replays from elsewhere").await;
        drop(attack);
    }
    // As whoever can forge the caller's address could.
    let at = [call.caller.at_switch];
    let attack = barrage(&call.caller.wire, &at, replay);
    call.goes_on("replays from the caller's own address").await;
    drop(attack);
    let attack = barrage(&call.caller.wire, &at, datagrams(&mut rng));
    call.goes_on("garbage from the caller's own address").await;
    drop(attack);
    call.ends_whole(0).await;
}

/// Datagrams of one attack after which others get their turn.
const VOLLEY: usize = 50;

/// Sends all of it to each address, again and again until dropped.
fn barrage(
    from: &Arc<UdpSocket>,
    to: &[SocketAddr],
    datagrams: Vec<Vec<u8>>,
) -> AbortOnDropHandle<()> {
    let (from, to) = (from.clone(), to.to_vec());
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut pace = tokio::time::interval(FRAME_DURATION);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            for volley in datagrams.chunks(VOLLEY) {
                pace.tick().await;
                for datagram in volley {
                    for at in &to {
                        let _ = from.send_to(datagram, *at).await; // UDP promises nothing
                    }
                }
            }
        }
    }))
}
