//! A real Asterisk reads what we write: it complains of nothing, lets in the trunk and no stranger, and
//! keeps a caller when there is no hub.

use siaga_model::Seat;
use siaga_switch_asterisk::provision::{Plan, files, install};
use siaga_testkit::asterisk::{Asterisk, Place, root_or_skip};
use std::path::Path;
use std::time::Duration;
use tokio::net::UdpSocket;

fn seats() -> Vec<Seat> {
    ["pmj-1", "pmj-2"]
        .map(|id| Seat {
            id: id.parse().expect("a seat"),
            unit: "pmj".parse().expect("a unit"),
            label: id.to_owned(),
        })
        .into()
}

/// A PBX with two desks in `folder`.
async fn pbx(root: &Path, folder: &Path) -> Asterisk {
    let place = Place::new(folder).expect("a place");
    let mut plan = Plan::on_loopback(place.address, place.trunk, &place.folder);
    plan.seats.without_hub = vec!["pmj".parse().expect("a unit")];
    install(&plan, &files(&plan, &seats()), Path::new("/")).expect("installed");
    Asterisk::start(root, &place).await.expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_loads_what_we_write_without_a_complaint() {
    let Some(root) = root_or_skip("asterisk_loads_what_we_write_without_a_complaint") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut pbx = pbx(&root, folder.path()).await;
    assert_eq!(complaints(&pbx), [] as [String; 0]);
    for (question, answer) in [
        ("pjsip show endpoints", "pmj-2"),
        ("pjsip show identifies", "trunk"),
        ("dialplan show siaga-tanpa-hub", "Queue(siaga"),
        ("moh show classes", "siaga-please-wait"),
        ("queue show siaga", "PJSIP/pmj-1"),
        ("core show translation paths opus", "alaw"),
        ("ari show status", "Enabled: Yes"),
    ] {
        let said = pbx.command(question).await.expect("it answers");
        assert!(said.contains(answer), "{question}: {said}");
    }
    let before = pbx.pid();
    pbx.start_again().await.expect("it starts again");
    assert_ne!(pbx.pid(), before);
    assert_eq!(complaints(&pbx), [] as [String; 0]);
}

/// Asterisk 22.10 says this of its own documentation, whatever `stasis.conf` says.
const OF_ITSELF: &str = "Could not find option 'minimum_size' with type 'threadpool'";

fn complaints(pbx: &Asterisk) -> Vec<String> {
    pbx.complaints().into_iter().filter(|line| !line.contains(OF_ITSELF)).collect()
}

/// The status of the final answer to an INVITE to 110 from `from`.
async fn invite(pbx: &Asterisk, from: std::net::IpAddr) -> u16 {
    let socket = UdpSocket::bind((from, 5_060)).await.expect("a socket");
    let (to, from) = (pbx.place().address, socket.local_addr().expect("its address"));
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n",
        from.ip()
    );
    let invite = format!(
        "INVITE sip:110@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK-{from};rport\r\n\
         From: <sip:082200001109@{from}>;tag=1\r\nTo: <sip:110@{to}>\r\nCall-ID: c1@{from}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:{from}>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    socket.send_to(invite.as_bytes(), (to, 5_060)).await.expect("sent");
    let mut buffer = [0; 8_192];
    loop {
        let (n, _) = tokio::time::timeout(Duration::from_secs(20), socket.recv_from(&mut buffer))
            .await
            .expect("an answer in time")
            .expect("an answer");
        let text = String::from_utf8_lossy(&buffer[..n]);
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        if status >= 200 {
            return status;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_hub_the_trunk_s_caller_waits_in_the_queue_and_a_stranger_is_refused() {
    let name = "without_a_hub_the_trunk_s_caller_waits_in_the_queue_and_a_stranger_is_refused";
    let Some(root) = root_or_skip(name) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let pbx = pbx(&root, folder.path()).await;
    assert_eq!(invite(&pbx, pbx.place().trunk).await, 200);
    // It is answered before it is in the queue.
    let queued = async {
        loop {
            let waiting = pbx.command("queue show siaga").await.expect("it answers");
            if waiting.contains("PJSIP/trunk-") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), queued).await.expect("it is in the queue");
    // A third address: neither the PBX nor the provider. It is asked for a password that nobody has.
    let stranger = match pbx.place().trunk {
        std::net::IpAddr::V4(trunk) => {
            let [a, b, c, _] = trunk.octets();
            std::net::IpAddr::from([a, b, c, 3])
        }
        std::net::IpAddr::V6(_) => unreachable!("loopback places are IPv4"),
    };
    assert_eq!(invite(&pbx, stranger).await, 401);
}
