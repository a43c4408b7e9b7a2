//! What is needed of RTP packets to listen to them.

/// What is needed of an RTP packet (RFC 3550 section 5.1).
pub(crate) struct Rtp<'a> {
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) payload: &'a [u8],
}

impl<'a> Rtp<'a> {
    pub(crate) fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (head, rest) = datagram.split_first_chunk::<12>()?;
        if head[0] >> 6 != 2 {
            return None;
        }
        let mut payload = rest.get(4 * usize::from(head[0] & 0x0f)..)?;
        if head[0] & 0x10 != 0 {
            let words = u16::from_be_bytes([*payload.get(2)?, *payload.get(3)?]);
            payload = payload.get(4 + 4 * usize::from(words)..)?;
        }
        if head[0] & 0x20 != 0 {
            let padding = usize::from(*payload.last()?);
            payload = payload.get(..payload.len().checked_sub(padding)?)?;
        }
        Some(Self {
            payload_type: head[1] & 0x7f,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_its_payload_without_sources_extension_and_padding() {
        let mut packet = vec![0x80 | 0x20 | 0x10 | 1, 0x80 | 111, 0, 7, 0, 0, 3, 0xc0, 0, 0, 0, 1];
        packet.extend([9; 4]); // a contributing source
        packet.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // an extension of one word
        packet.extend([5, 6, 7, 0, 2]); // three bytes of voice, two of padding
        let rtp = Rtp::parse(&packet).expect("RTP");
        assert_eq!((rtp.payload_type, rtp.sequence, rtp.timestamp), (111, 7, 960));
        assert_eq!(rtp.payload, [5, 6, 7]);
        assert!(Rtp::parse(&packet[..14]).is_none());
        assert!(Rtp::parse(&[0; 20]).is_none());
    }
}
