//! The far end of a SIP trunk: what stands between a plain telephone and a PBX.
//!
//! A telephone dials this proxy over UDP; the PBX sees the call come from the address of its trunk.
//! As an operator's border element does, it asserts the caller's number (RFC 3325) and hides the
//! telephone's media behind its own addresses: they pass a [`LossyRelay`]. Whatever reaches the
//! telephone is told as it arrives, so that what a caller hears is known to the packet.
//!
//! One telephone with one call at a time. Only what a dialog begins with passes here; later requests
//! go between the two directly, as no `Record-Route` asks for more. Nothing here is for production.

use crate::detour::{header, with_body, with_sdp};
use crate::relay::{Delivered, LinkModel, LossyRelay};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Packets to the telephone that may wait to be listened to: 20 s of voice. Further ones are not told.
const DELIVERED: usize = 1_024;

/// The largest UDP payload.
const LARGEST: usize = 65_535;

/// Where the trunk ends, and what it says and does.
#[derive(Clone, Debug)]
pub struct TrunkConfig {
    /// Where the PBX expects its trunk; port 0 takes a free one, which a PBX that only answers never
    /// needs to know.
    pub trunk: SocketAddr,
    /// The PBX.
    pub pbx: SocketAddr,
    /// The number that the operator vouches for; `None`: none is asserted.
    pub asserted: Option<String>,
    /// What happens to voice on its way.
    pub link: LinkModel,
}

/// See the module's documentation. Runs until it is dropped.
#[derive(Debug)]
pub struct Trunk {
    facing_telephone: SocketAddr,
    facing_pbx: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What has passed.
#[derive(Debug, Default)]
struct Seen {
    invited_at: Option<Instant>,
    /// Where the telephone is.
    telephone: Option<SocketAddr>,
    /// Codec by payload type, of what the telephone is sent.
    formats: BTreeMap<u8, String>,
}

impl Trunk {
    /// Opens its ports. The receiver is given every datagram of media that reached the telephone.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(config: TrunkConfig) -> io::Result<(Self, mpsc::Receiver<Delivered>)> {
        let (tell, delivered) = mpsc::channel(DELIVERED);
        let telephones = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let pbx = UdpSocket::bind(config.trunk).await?;
        let (facing_telephone, facing_pbx) = (telephones.local_addr()?, pbx.local_addr()?);
        let media = LossyRelay::start_told(config.link, None, None, Some(tell)).await?;
        let seen = Arc::<Mutex<Seen>>::default();
        let run = Run { telephones, pbx, config, media, seen: Arc::clone(&seen) };
        let task = tokio::spawn(run.run());
        Ok((Self { facing_telephone, facing_pbx, seen, task }, delivered))
    }

    /// Where the telephone dials.
    pub fn facing_telephone(&self) -> SocketAddr {
        self.facing_telephone
    }

    /// There is a telephone that may be called. Until then whoever calls repeats it in vain; one that
    /// calls itself is learnt from its first message.
    pub fn telephone_is_at(&self, address: SocketAddr) {
        self.seen().telephone = Some(address);
    }

    /// Where the PBX sees the trunk.
    pub fn facing_pbx(&self) -> SocketAddr {
        self.facing_pbx
    }

    /// When the telephone's first INVITE passed.
    pub fn invited_at(&self) -> Option<Instant> {
        self.seen().invited_at
    }

    /// The codec behind a payload type of what the telephone is sent, e.g. `opus`.
    pub fn codec(&self, payload_type: u8) -> Option<String> {
        self.seen().formats.get(&payload_type).cloned()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Run {
    telephones: UdpSocket,
    pbx: UdpSocket,
    config: TrunkConfig,
    media: LossyRelay,
    seen: Arc<Mutex<Seen>>,
}

impl Run {
    async fn run(self) {
        let (mut from_telephone, mut from_pbx) = (vec![0; LARGEST], vec![0; LARGEST]);
        loop {
            // An error is an ICMP answer to an earlier message: nobody is there (yet).
            tokio::select! {
                got = self.telephones.recv_from(&mut from_telephone) => {
                    let Ok((length, sender)) = got else { continue };
                    self.seen().telephone = Some(sender);
                    let Ok(sip) = std::str::from_utf8(&from_telephone[..length]) else { continue };
                    let sip = self.to_pbx(sip);
                    let _ = self.pbx.send_to(sip.as_bytes(), self.config.pbx).await;
                }
                got = self.pbx.recv_from(&mut from_pbx) => {
                    let Ok((length, _)) = got else { continue };
                    let Some(telephone) = self.seen().telephone else { continue };
                    let Ok(sip) = std::str::from_utf8(&from_pbx[..length]) else { continue };
                    let sip = self.to_telephone(sip);
                    let _ = self.telephones.send_to(sip.as_bytes(), telephone).await;
                }
            }
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn to_pbx(&self, sip: &str) -> String {
        let mut sip = sip.to_owned();
        if sip.starts_with("INVITE ") {
            self.seen().invited_at.get_or_insert_with(Instant::now);
            if let (Some(number), None) =
                (&self.config.asserted, header(&sip, "P-Asserted-Identity", ""))
                && let Some((first, rest)) = sip.split_once("\r\n")
            {
                let host = self.config.trunk.ip();
                sip = format!("{first}\r\nP-Asserted-Identity: <sip:{number}@{host}>\r\n{rest}");
            }
        }
        let Some((head, sdp)) = with_sdp(&sip) else { return sip };
        let (sdp, telephone) = redirect(sdp, self.media.facing_b());
        if let Some(telephone) = telephone {
            self.media.set_a(telephone);
        }
        with_body(head, &sdp)
    }

    fn to_telephone(&self, sip: &str) -> String {
        let Some((head, sdp)) = with_sdp(sip) else { return sip.to_owned() };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).formats = formats(sdp);
        let (sdp, pbx) = redirect(sdp, self.media.facing_a());
        if let Some(pbx) = pbx {
            self.media.set_b(pbx);
        }
        with_body(head, &sdp)
    }
}

/// Leads the media of a plain SDP (one address, one audio stream) through `address`; also gives where
/// they were.
fn redirect(sdp: &str, address: SocketAddr) -> (String, Option<SocketAddr>) {
    let (mut ip, mut port) = (None::<Ipv4Addr>, None::<u16>);
    let mut out = String::with_capacity(sdp.len());
    for line in sdp.split_inclusive('\n') {
        let text = line.trim_end();
        if let Some(address_of) = text.strip_prefix("c=IN IP4 ") {
            ip = address_of.parse().ok().or(ip);
            out.push_str(&format!("c=IN IP4 {}\r\n", address.ip()));
        } else if let Some(media) = text.strip_prefix("m=audio ") {
            let (was, rest) = media.split_once(' ').unwrap_or((media, ""));
            port = was.parse().ok().or(port);
            out.push_str(&format!("m=audio {} {rest}\r\n", address.port()));
        } else if !text.starts_with("a=rtcp:") {
            out.push_str(line);
        }
    }
    (out, ip.zip(port).map(SocketAddr::from))
}

/// The codecs that an SDP's audio is offered or answered in, by payload type.
fn formats(sdp: &str) -> BTreeMap<u8, String> {
    // RFC 3551 table 4: these need no rtpmap.
    let mut formats: BTreeMap<u8, String> =
        [(0, "PCMU"), (8, "PCMA"), (9, "G722")].map(|(n, name)| (n, name.to_owned())).into();
    for line in sdp.lines() {
        let Some((payload_type, codec)) =
            line.strip_prefix("a=rtpmap:").and_then(|map| map.split_once(' '))
        else {
            continue;
        };
        let name = codec.split('/').next().unwrap_or_default();
        if let Ok(payload_type) = payload_type.parse() {
            formats.insert(payload_type, name.to_owned());
        }
    }
    formats
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// For datagrams that certainly come; reached only when the test has failed.
    const DEADLINE: Duration = Duration::from_secs(20);

    const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        m=audio 42000 RTP/AVP 107 8\r\na=rtpmap:107 opus/48000/2\r\na=rtcp:42001\r\na=sendrecv\r\n";

    fn message(start: &str) -> String {
        format!(
            "{start}\r\nCall-ID: x\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        )
    }

    async fn receive(socket: &UdpSocket) -> (String, SocketAddr) {
        let mut buffer = vec![0; LARGEST];
        let got = tokio::time::timeout(DEADLINE, socket.recv_from(&mut buffer)).await;
        let (length, from) = got.expect("in time").expect("received");
        (String::from_utf8_lossy(&buffer[..length]).into_owned(), from)
    }

    #[test]
    fn a_plain_sdp_is_redirected_whole() {
        let (out, was) = redirect(SDP, "127.0.0.1:7000".parse().expect("an address"));
        assert_eq!(was, "127.0.0.1:42000".parse().ok());
        assert!(out.contains("\r\nm=audio 7000 RTP/AVP 107 8\r\n"), "{out}");
        assert!(!out.contains("42000") && !out.contains("42001"), "{out}");
        assert_eq!(formats(SDP).get(&107).map(String::as_str), Some("opus"));
    }

    #[tokio::test]
    async fn a_call_comes_from_the_trunk_with_a_number_that_is_vouched_for() {
        let pbx = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let telephone = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let (trunk, mut delivered) = Trunk::start(TrunkConfig {
            trunk: "127.0.0.1:0".parse().expect("an address"),
            pbx: pbx.local_addr().expect("bound"),
            asserted: Some("+6282200001108".to_owned()),
            link: LinkModel::default(),
        })
        .await
        .expect("ports");
        let invite = message("INVITE sip:110@127.0.0.1 SIP/2.0");
        telephone.send_to(invite.as_bytes(), trunk.facing_telephone()).await.expect("sent");
        let (invite, from) = receive(&pbx).await;
        assert_eq!(from, trunk.facing_pbx());
        assert!(invite.contains("P-Asserted-Identity: <sip:+6282200001108@127.0.0.1>"), "{invite}");
        assert!(trunk.invited_at().is_some());
        pbx.send_to(message("SIP/2.0 200 OK").as_bytes(), from).await.expect("sent");
        let (answer, _) = receive(&telephone).await;
        let media = answer.lines().find_map(|line| line.strip_prefix("m=audio "));
        let port = media.and_then(|media| media.split(' ').next()).expect("a port");
        assert_ne!(port, "42000");
        assert_eq!(trunk.codec(107).as_deref(), Some("opus"));
        // What the PBX sends to the telephone is told; nobody listens at the telephone's port.
        let (_, to) = redirect(
            invite.split("\r\n\r\n").nth(1).expect("a body"),
            "127.0.0.1:1".parse().expect("an address"),
        );
        pbx.send_to(&[0x80; 12], to.expect("an address")).await.expect("sent");
        let told = tokio::time::timeout(DEADLINE, delivered.recv()).await.expect("in time");
        assert_eq!(told.expect("told").datagram.len(), 12);
    }

    #[tokio::test]
    async fn a_telephone_that_has_never_called_is_rung_by_the_pbx() {
        let pbx = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let telephone = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let (trunk, _delivered) = Trunk::start(TrunkConfig {
            trunk: "127.0.0.1:0".parse().expect("an address"),
            pbx: pbx.local_addr().expect("bound"),
            asserted: None,
            link: LinkModel::default(),
        })
        .await
        .expect("ports");
        trunk.telephone_is_at(telephone.local_addr().expect("bound"));
        let invite = message("INVITE sip:082200001108@127.0.0.2 SIP/2.0");
        pbx.send_to(invite.as_bytes(), trunk.facing_pbx()).await.expect("sent");
        let (invite, from) = receive(&telephone).await;
        assert_eq!(from, trunk.facing_telephone());
        assert!(invite.contains("\r\nm=audio ") && !invite.contains("42000"), "{invite}");
        telephone.send_to(b"SIP/2.0 180 Ringing\r\n\r\n", from).await.expect("sent");
        assert!(receive(&pbx).await.0.starts_with("SIP/2.0 180"));
    }
}
