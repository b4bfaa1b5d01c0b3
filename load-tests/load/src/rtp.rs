//! The plain part of an RTP packet: all that a player reads of most packets.

/// A fixed header (RFC 3550 section 5.1).
const FIXED_HEADER_BYTES: usize = 12;

/// RFC 8285 section 4.2: one-byte extensions.
const ONE_BYTE: u16 = 0xbede;

/// RFC 8285 section 4.3: two-byte extensions; the low four bits are the application's.
const TWO_BYTE: u16 = 0x1000;

/// An RTP packet whose payload is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// Seven bits.
    pub payload_type: u8,
    /// The packet ends its picture.
    pub marker: bool,
    /// As on the wire.
    pub sequence: u16,
    /// As on the wire.
    pub timestamp: u32,
    /// Of the stream.
    pub ssrc: u32,
    /// Bytes in front of the payload.
    pub header_bytes: usize,
    /// All of it.
    pub bytes: &'a [u8],
    extensions: &'a [u8],
    profile: u16,
}

/// True for RTCP, which shares the port (RFC 5761 section 4).
pub fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes.get(1), Some(192..=223))
}

/// True for RTP: what shares the port with it begins otherwise (RFC 7983 section 7).
pub fn is_media(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(128..=191)) && !is_rtcp(bytes)
}

impl<'a> RtpPacket<'a> {
    /// `None` when its header is cut.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; FIXED_HEADER_BYTES] = bytes.first_chunk()?;
        let [first, second, q1, q0, t3, t2, t1, t0, s3, s2, s1, s0] = *header;
        let mut header_bytes = FIXED_HEADER_BYTES + 4 * usize::from(first & 0x0f);
        let mut profile = 0;
        let mut extensions: &[u8] = &[];
        if first & 0x10 != 0 {
            let (head, rest) = bytes.get(header_bytes..)?.split_first_chunk::<4>()?;
            let [p1, p0, l1, l0] = *head;
            let n_bytes = 4 * usize::from(u16::from_be_bytes([l1, l0]));
            profile = u16::from_be_bytes([p1, p0]);
            extensions = rest.get(..n_bytes)?;
            header_bytes += 4 + n_bytes;
        }
        (first >> 6 == 2 && header_bytes <= bytes.len()).then_some(Self {
            payload_type: second & 0x7f,
            marker: second & 0x80 != 0,
            sequence: u16::from_be_bytes([q1, q0]),
            timestamp: u32::from_be_bytes([t3, t2, t1, t0]),
            ssrc: u32::from_be_bytes([s3, s2, s1, s0]),
            header_bytes,
            bytes,
            extensions,
            profile,
        })
    }

    /// The value of a header extension.
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        let mut rest = self.extensions;
        loop {
            let (&first, after) = rest.split_first()?;
            if first == 0 {
                rest = after;
                continue;
            }
            let (found, n_bytes, after) = if self.profile == ONE_BYTE {
                (first >> 4, usize::from(first & 0x0f) + 1, after)
            } else if self.profile & 0xfff0 == TWO_BYTE {
                let (&length, after) = after.split_first()?;
                (first, usize::from(length), after)
            } else {
                return None;
            };
            let (value, after) = after.split_at_checked(n_bytes)?;
            if found == id {
                return Some(value);
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rustfmt::skip]
    const PACKET: [u8; 27] = [
        0x90, 0x80 | 102, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7,
        0xbe, 0xde, 0, 2, 0x10, 0x61, 0x00, 0x31, 0xab, 0xcd, 0, 0,
        1, 2, 3,
    ];

    #[test]
    fn a_header_is_read_and_its_extensions_found() {
        let packet = RtpPacket::parse(&PACKET).unwrap();
        assert_eq!((packet.payload_type, packet.sequence), (102, 0x1234));
        assert_eq!((packet.timestamp, packet.ssrc), (9, 7));
        assert_eq!(packet.header_bytes, 24);
        assert_eq!(packet.extension(1), Some(&[0x61][..]));
        assert_eq!(packet.extension(3), Some(&[0xab, 0xcd][..]));
        assert_eq!(packet.extension(2), None);
    }

    #[test]
    fn two_byte_extensions_are_found_too() {
        let mut bytes = PACKET;
        bytes[12..24].copy_from_slice(&[0x10, 0, 0, 2, 3, 2, 0xab, 0xcd, 0, 5, 1, 8]);
        let packet = RtpPacket::parse(&bytes).unwrap();
        assert_eq!(packet.extension(3), Some(&[0xab, 0xcd][..]));
        assert_eq!(packet.extension(5), Some(&[8][..]));
    }

    #[test]
    fn every_cut_of_a_header_is_refused() {
        for n in 0..24 {
            assert_eq!(RtpPacket::parse(&PACKET[..n]), None, "{n}");
        }
        assert!(RtpPacket::parse(&PACKET[..24]).is_some());
    }

    #[test]
    fn reports_are_told_from_media() {
        assert!(is_rtcp(&[0x80, 200]));
        assert!(!is_rtcp(&PACKET));
        assert!(is_media(&PACKET));
        assert!(!is_media(&[0x80, 200]) && !is_media(&[22, 254]) && !is_media(&[]));
    }
}
