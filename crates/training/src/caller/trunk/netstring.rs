//! The frames of baresip's control port: netstrings, `LENGTH:TEXT,`.

use bytes::{Buf, BufMut, BytesMut};
use std::io;
use tokio_util::codec::{Decoder, Encoder};

/// The longest text taken.
const LONGEST: usize = 64 * 1024;

/// Texts in netstrings.
#[derive(Debug)]
pub(super) struct Netstring;

impl Encoder<String> for Netstring {
    type Error = io::Error;

    fn encode(&mut self, text: String, out: &mut BytesMut) -> io::Result<()> {
        out.put_slice(format!("{}:{text},", text.len()).as_bytes());
        Ok(())
    }
}

impl Decoder for Netstring {
    type Item = String;
    type Error = io::Error;

    fn decode(&mut self, from: &mut BytesMut) -> io::Result<Option<String>> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let Some(colon) = from.iter().position(|byte| *byte == b':') else { return Ok(None) };
        let length: usize = std::str::from_utf8(&from[..colon])
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| bad("no length"))?;
        if length > LONGEST {
            return Err(bad("too long"));
        }
        if from.len() < colon + 1 + length + 1 {
            return Ok(None);
        }
        from.advance(colon + 1);
        let text = from.split_to(length);
        if from.get_u8() != b',' {
            return Err(bad("no comma"));
        }
        String::from_utf8(text.to_vec()).map(Some).map_err(|_| bad("no text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_out_as_they_went_in_however_they_are_cut() {
        let mut wire = BytesMut::new();
        Netstring.encode("{\"a\":1}".to_owned(), &mut wire).expect("room");
        Netstring.encode(String::new(), &mut wire).expect("room");
        let (mut arrived, mut texts) = (BytesMut::new(), Vec::new());
        for byte in wire {
            arrived.put_u8(byte);
            texts.extend(Netstring.decode(&mut arrived).expect("netstrings"));
        }
        assert_eq!(texts, ["{\"a\":1}", ""]);
    }

    #[test]
    fn what_is_no_netstring_is_an_error() {
        for text in ["x:a,", "1:ab", "99999999:"] {
            assert!(Netstring.decode(&mut BytesMut::from(text)).is_err(), "{text}");
        }
    }
}
