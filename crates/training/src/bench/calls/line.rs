//! A light caller on a PBX's trunk: plain SIP over UDP and G.711, in this process, so that many of them
//! cost little. It knows no more than one call needs; foreign telephones are in [`crate::caller`].

use crate::caller::{Rtp, TrunkLine};
use crate::sound::{Ear, Speaker};
use anyhow::{Context, bail, ensure};
use siaga_media::codec::waveform::Encoder;
use siaga_media::playout::Playout;
use siaga_media::{Codec, FRAME_DURATION, Frame, Waveform};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

/// What it speaks, and its payload type (RFC 3551).
const CODEC: Waveform = Waveform::Pcma;
const PAYLOAD_TYPE: u8 = 8;

/// RTP clock steps in a frame.
const FRAME_TICKS: u32 = 160;

/// Until a request that nobody has answered is sent again, and how often (RFC 3261 section 17.1.1.2).
const AGAIN_AFTER: Duration = Duration::from_millis(500);
const TRIES: u32 = 8;

/// The largest datagram that is read.
const LARGEST: usize = 4_096;

/// A call; hangs up by falling silent when this is dropped.
pub(super) struct Line {
    pub(super) ear: Ear,
    _talk: AbortOnDropHandle<()>,
}

/// Dials 110 and talks once it is answered.
///
/// # Errors
/// When it is not answered.
pub(super) async fn dial(line: TrunkLine, number: &str, speaker: Speaker) -> anyhow::Result<Line> {
    let sip = UdpSocket::bind((line.trunk, 0)).await.context("a port for SIP")?;
    let rtp = UdpSocket::bind((line.trunk, 0)).await.context("a port for voice")?;
    sip.connect(line.pbx).await?;
    let call = Call {
        here: sip.local_addr()?,
        pbx: line.pbx,
        number: number.to_owned(),
        id: hex::encode(rand::random::<[u8; 12]>()),
    };
    let answer = call.invite(&sip, rtp.local_addr()?.port()).await?;
    rtp.connect(media_of(&answer).context("an answer without media")?).await?;
    let ack = call.ack(&answer)?;
    sip.send(ack.as_bytes()).await?;
    let ear = Ear::default();
    let mut voice = Playout::new()?;
    voice.restart_as(Codec::Waveform(CODEC));
    let coder = Encoder::new(CODEC);
    let talk = Talk { sip, rtp, ack, ear: ear.clone(), voice, coder, speaker };
    Ok(Line { ear, _talk: AbortOnDropHandle::new(tokio::spawn(talk.run())) })
}

struct Call {
    here: SocketAddr,
    pbx: SocketAddr,
    number: String,
    id: String,
}

impl Call {
    /// Sends the INVITE until it is answered; gives the 200.
    async fn invite(&self, sip: &UdpSocket, port: u16) -> anyhow::Result<String> {
        let ip = self.here.ip();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {PAYLOAD_TYPE}\r\na=ptime:20\r\n"
        );
        let to = format!("<sip:110@{}>", self.pbx);
        let invite = format!(
            "{}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            self.head("INVITE", &format!("sip:110@{}", self.pbx), &to),
            sdp.len()
        );
        let mut datagram = [0; LARGEST];
        let (mut tries, mut heard) = (0, false);
        loop {
            if !heard {
                ensure!(tries < TRIES, "the PBX does not answer an INVITE");
                sip.send(invite.as_bytes()).await?;
                tries += 1;
            }
            // An error is an ICMP answer: nobody is there yet.
            let received = tokio::time::timeout(AGAIN_AFTER, sip.recv(&mut datagram)).await;
            let Ok(Ok(length)) = received else { continue };
            let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
            match text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)) {
                Some("200") => return Ok(text),
                Some(provisional) if provisional.starts_with('1') => heard = true,
                Some(status) => bail!("the PBX refuses a call: {status}"),
                None => {}
            }
        }
    }

    fn ack(&self, answer: &str) -> anyhow::Result<String> {
        let to = header(answer, "To").context("an answer without To")?;
        let contact = header(answer, "Contact").context("an answer without Contact")?;
        let target = contact.trim_start_matches('<').split('>').next().unwrap_or_default();
        Ok(format!("{}Content-Length: 0\r\n\r\n", self.head("ACK", target, to)))
    }

    fn head(&self, method: &str, target: &str, to: &str) -> String {
        let Self { here, number, id, .. } = self;
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{method}{id}\r\n\
             From: <sip:{number}@{here}>;tag={id}\r\nTo: {to}\r\nCall-ID: {id}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:{number}@{here}>\r\nMax-Forwards: 70\r\n"
        )
    }
}

struct Talk {
    sip: UdpSocket,
    rtp: UdpSocket,
    ack: String,
    ear: Ear,
    voice: Playout,
    coder: Encoder,
    speaker: Speaker,
}

impl Talk {
    /// Until the PBX hangs up or a socket breaks.
    async fn run(mut self) {
        let (mut request, mut datagram) = ([0; LARGEST], [0; LARGEST]);
        let mut ticks = tokio::time::interval(FRAME_DURATION);
        // The sound's time is counted in ticks.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (ssrc, mut sequence, mut timestamp) = (rand::random::<u32>(), 0_u16, 0_u32);
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    self.ear.hear(&self.voice.pull(Instant::now()));
                    let mut packet = vec![0x80, PAYLOAD_TYPE];
                    packet.extend(sequence.to_be_bytes());
                    packet.extend(timestamp.to_be_bytes());
                    packet.extend(ssrc.to_be_bytes());
                    packet.extend(self.coder.encode(&Frame(self.speaker.next_frame())));
                    // A packet that cannot be sent is a lost one, and is heard to be missing.
                    let _ = self.rtp.send(&packet).await;
                    sequence = sequence.wrapping_add(1);
                    timestamp = timestamp.wrapping_add(FRAME_TICKS);
                }
                Ok(length) = self.rtp.recv(&mut datagram) => {
                    if let Some(rtp) = Rtp::parse(&datagram[..length])
                        && rtp.payload_type == PAYLOAD_TYPE
                    {
                        let payload = bytes::Bytes::copy_from_slice(rtp.payload);
                        self.voice.insert(Instant::now(), rtp.sequence, rtp.timestamp, payload);
                    }
                }
                Ok(length) = self.sip.recv(&mut request) => {
                    let text = String::from_utf8_lossy(&request[..length]);
                    if text.starts_with("SIP/2.0 200") {
                        // The acknowledgement was lost.
                        let _ = self.sip.send(self.ack.as_bytes()).await;
                    } else if text.starts_with("BYE ") {
                        let _ = self.sip.send(done(&text).as_bytes()).await;
                        return;
                    }
                }
            }
        }
    }
}

/// The answer to a request that is obeyed.
fn done(request: &str) -> String {
    let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        if let Some(value) = header(request, name) {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    answer.push_str("Content-Length: 0\r\n\r\n");
    answer
}

fn header<'a>(sip: &'a str, name: &str) -> Option<&'a str> {
    sip.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Where a plain answer (one address, one audio stream) wants its voice.
fn media_of(answer: &str) -> Option<SocketAddr> {
    let ip: IpAddr =
        answer.lines().find_map(|line| line.strip_prefix("c=IN IP4 "))?.parse().ok()?;
    let media = answer.lines().find_map(|line| line.strip_prefix("m=audio "))?;
    Some(SocketAddr::new(ip, media.split(' ').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_a_goodbye_is_answered() {
        let answer = "SIP/2.0 200 OK\r\nTo: <sip:110@192.0.2.1>;tag=x\r\nContact: <sip:192.0.2.1:5060>\r\n\
            \r\nv=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 20004 RTP/AVP 8\r\n";
        assert_eq!(media_of(answer), "192.0.2.7:20004".parse().ok());
        let call = Call {
            here: "192.0.2.9:1".parse().unwrap(),
            pbx: "192.0.2.1:5060".parse().unwrap(),
            number: "1".to_owned(),
            id: "i".to_owned(),
        };
        let ack = call.ack(answer).unwrap();
        assert!(ack.starts_with("ACK sip:192.0.2.1:5060 SIP/2.0\r\n"), "{ack}");
        assert!(ack.contains("To: <sip:110@192.0.2.1>;tag=x\r\n"), "{ack}");
        let bye = "BYE sip:1 SIP/2.0\r\nvia: SIP/2.0/UDP 192.0.2.1\r\nCSeq: 7 BYE\r\n\r\n";
        assert_eq!(
            done(bye),
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nCSeq: 7 BYE\r\nContent-Length: 0\r\n\r\n"
        );
    }
}
