//! SIP over WebSocket on its way: addresses of voice are replaced by those of a relay, in place, so
//! that no length changes.

use super::media::VoiceLinks;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// Whose messages these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    FromDesk,
    FromSwitch,
}

/// One direction of one connection.
pub(super) struct SipEdit {
    links: Arc<Mutex<VoiceLinks>>,
    direction: Direction,
    frames: Frames,
}

impl SipEdit {
    pub(super) fn new(links: Arc<Mutex<VoiceLinks>>, direction: Direction) -> Self {
        Self { links, direction, frames: Frames::default() }
    }

    /// Takes bytes and gives those that may go on.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (links, direction) = (&self.links, self.direction);
        self.frames.pass(bytes, |message| {
            let Some(call) = header(message, "call-id:") else { return };
            let Some((at, real)) = candidate(message) else { return };
            let mut links = links.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(instead) = links.relay(&call, direction, real) {
                let (old, new) = (real.port().to_string(), instead.port().to_string());
                if old.len() == new.len() && real.ip() == instead.ip() {
                    message[at..at + new.len()].copy_from_slice(new.as_bytes());
                }
            }
        })
    }
}

/// Whole WebSocket frames (RFC 6455 section 5.2) out of a stream that begins with an HTTP upgrade.
#[derive(Default)]
struct Frames {
    buffer: Vec<u8>,
    upgraded: bool,
}

impl Frames {
    fn pass(&mut self, bytes: &[u8], mut edit: impl FnMut(&mut [u8])) -> Vec<u8> {
        self.buffer.extend_from_slice(bytes);
        let mut out = Vec::with_capacity(self.buffer.len());
        if !self.upgraded {
            let Some(end) = find(&self.buffer, b"\r\n\r\n") else { return out };
            self.upgraded = true;
            out.extend(self.buffer.drain(..end + 4));
        }
        while let Some((head, length)) = frame(&self.buffer) {
            let mut whole: Vec<u8> = self.buffer.drain(..head + length).collect();
            let mask: Option<[u8; 4]> =
                (whole[1] & 0x80 != 0).then(|| [0, 1, 2, 3].map(|n| whole[head - 4 + n]));
            unmask(&mut whole[head..], mask);
            edit(&mut whole[head..]);
            unmask(&mut whole[head..], mask);
            out.extend(whole);
        }
        out
    }
}

/// The lengths of the first frame's head and body, if it is there whole.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let second = *bytes.get(1)?;
    let (mut head, length): (usize, usize) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        short => (2, usize::from(short)),
    };
    if second & 0x80 != 0 {
        head += 4;
    }
    (bytes.len() >= head.checked_add(length)?).then_some((head, length))
}

fn unmask(body: &mut [u8], mask: Option<[u8; 4]>) {
    if let Some(mask) = mask {
        for (byte, key) in body.iter_mut().zip(mask.into_iter().cycle()) {
            *byte ^= key;
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn header(message: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(message).ok()?;
    let line = text.lines().take_while(|line| !line.is_empty()).find(|line| {
        line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
    })?;
    Some(line[name.len()..].trim().to_owned())
}

/// Where the port of the first UDP candidate stands, and the candidate's address.
fn candidate(message: &[u8]) -> Option<(usize, SocketAddr)> {
    let text = std::str::from_utf8(message).ok()?;
    let line_at = text.find("a=candidate:")?;
    let line = text[line_at..].lines().next()?;
    let fields: Vec<&str> = line.split(' ').collect();
    let [_, _, protocol, _, ip, port, ..] = fields[..] else { return None };
    let (ip, number) = (ip.parse::<Ipv4Addr>().ok()?, port.parse::<u16>().ok()?);
    let before: usize = fields[..5].iter().map(|field| field.len() + 1).sum();
    protocol.eq_ignore_ascii_case("udp").then_some((line_at + before, (ip, number).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "INVITE sip:pmj-1@siaga.invalid SIP/2.0\r\nCall-ID: abc@x\r\n\r\nv=0\r\n\
        a=candidate:1 1 udp 2130706431 127.0.0.1 40001 typ host\r\na=mid:0\r\n";

    fn framed(text: &str, mask: Option<[u8; 4]>) -> Vec<u8> {
        let mut out = vec![0x81];
        let masked = if mask.is_some() { 0x80 } else { 0 };
        if text.len() < 126 {
            out.push(masked | text.len() as u8);
        } else {
            out.push(masked | 126);
            out.extend((text.len() as u16).to_be_bytes());
        }
        out.extend(mask.into_iter().flatten());
        let mut body = text.as_bytes().to_vec();
        unmask(&mut body, mask);
        out.extend(body);
        out
    }

    #[test]
    fn a_message_is_changed_in_its_frame_however_the_stream_is_cut() {
        let mut stream = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n".to_vec();
        let mut wanted = stream.clone();
        for mask in [None, Some([1, 2, 3, 4])] {
            stream.extend(framed(MESSAGE, mask));
            wanted.extend(framed(&MESSAGE.replace("40001", "50002"), mask));
            stream.extend(framed("\r\n\r\n", mask));
            wanted.extend(framed("\r\n\r\n", mask));
        }
        for cut in 0..stream.len() {
            let mut frames = Frames::default();
            let mut edit = |message: &mut [u8]| {
                if let Some((at, address)) = candidate(message) {
                    assert_eq!(address.to_string(), "127.0.0.1:40001");
                    message[at..at + 5].copy_from_slice(b"50002");
                }
            };
            let mut out = frames.pass(&stream[..cut], &mut edit);
            out.extend(frames.pass(&stream[cut..], &mut edit));
            assert!(out == wanted, "cut at {cut}");
        }
    }

    #[test]
    fn the_call_is_named_by_its_header_whatever_its_case() {
        assert_eq!(header(MESSAGE.as_bytes(), "call-id:").as_deref(), Some("abc@x"));
        assert_eq!(header(b"\r\n\r\n", "call-id:"), None);
        assert_eq!(candidate(b"v=0\r\na=candidate:1 1 tcp 1 127.0.0.1 9 typ host\r\n"), None);
    }
}
