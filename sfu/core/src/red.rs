//! RED (RFC 2198): a packet of sound that carries earlier frames before its own. What one lost packet took is in the next.

use sfu_model::rtp::PayloadType;

/// Most earlier frames that a packet is read with. libwebrtc sends one, and nine where an experiment asks for them; a packet
/// with more is malformed to us, and dropped.
pub const REDUNDANT_MAX: usize = 9;
/// How far back a frame may be, in ticks of the media clock: the header has 14 bits for it (section 3).
pub const OFFSET_MAX: u16 = (1 << 14) - 1;
/// The largest earlier frame: the header has 10 bits for its length (section 3).
pub const LENGTH_MAX: u16 = (1 << 10) - 1;
/// Bytes of an earlier frame's header.
pub const HEADER_BYTES: usize = 4;
/// Bytes of the packet's own frame's header.
pub const PRIMARY_HEADER_BYTES: usize = 1;

/// Another header follows (section 3, the F bit).
const FOLLOWED: u8 = 0x80;

/// An earlier frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redundant<'a> {
    /// How it is encoded.
    pub payload_type: PayloadType,
    /// How much earlier it is than the packet, in ticks of the media clock.
    pub offset: u16,
    /// The frame.
    pub payload: &'a [u8],
}

/// A packet taken apart. It borrows from the payload and owns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Red<'a> {
    redundant: [Option<Redundant<'a>>; REDUNDANT_MAX],
    /// How the packet's own frame is encoded.
    pub payload_type: PayloadType,
    /// The packet's own frame.
    pub primary: &'a [u8],
}

impl<'a> Red<'a> {
    /// Takes a payload apart. `None`: its headers promise more than it has, or more frames than anybody sends.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let mut headers = [None; REDUNDANT_MAX];
        let mut places = headers.iter_mut();
        let mut rest = payload;
        let payload_type = loop {
            let (first, tail) = rest.split_first()?;
            if first & FOLLOWED == 0 {
                rest = tail;
                break PayloadType::new(*first)?;
            }
            let (header, tail) = rest.split_first_chunk::<HEADER_BYTES>()?;
            *places.next()? = Some(*header);
            rest = tail;
        };
        let mut redundant = [None; REDUNDANT_MAX];
        for (place, header) in redundant.iter_mut().zip(headers.into_iter().flatten()) {
            let [first, high, middle, low] = header;
            let length = u16::from_be_bytes([middle & 0x03, low]);
            let (frame, tail) = rest.split_at_checked(usize::from(length))?;
            *place = Some(Redundant {
                payload_type: PayloadType::new(first & !FOLLOWED)?,
                offset: u16::from_be_bytes([high, middle]) >> 2,
                payload: frame,
            });
            rest = tail;
        }
        Some(Self {
            redundant,
            payload_type,
            primary: rest,
        })
    }

    /// The earlier frames, in the order of the packet: the earliest first, as everybody writes them.
    pub fn redundant(&self) -> impl Iterator<Item = Redundant<'a>> + Clone + use<'a> {
        self.redundant.into_iter().flatten()
    }
}

/// Writes the header of an earlier frame. Only [`OFFSET_MAX`] and [`LENGTH_MAX`] fit; what is beyond is cut to them.
pub fn write_redundant_header(
    buffer: &mut Vec<u8>,
    payload_type: PayloadType,
    offset: u16,
    length: u16,
) {
    let (offset, length) = (offset.min(OFFSET_MAX), length.min(LENGTH_MAX));
    let [high, low] = (offset << 2 | length >> 8).to_be_bytes();
    let [_, length_low] = length.to_be_bytes();
    buffer.extend_from_slice(&[FOLLOWED | payload_type.value(), high, low, length_low]);
}

/// Writes the header of the packet's own frame: the last.
pub fn write_primary_header(buffer: &mut Vec<u8>, payload_type: PayloadType) {
    buffer.push(payload_type.value());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pt(value: u8) -> PayloadType {
        PayloadType::new(value).unwrap()
    }

    fn packet(redundant: &[(u16, &[u8])], primary: &[u8]) -> Vec<u8> {
        let mut buffer = Vec::new();
        for (offset, frame) in redundant {
            write_redundant_header(&mut buffer, pt(111), *offset, frame.len() as u16);
        }
        write_primary_header(&mut buffer, pt(111));
        for (_, frame) in redundant {
            buffer.extend_from_slice(frame);
        }
        buffer.extend_from_slice(primary);
        buffer
    }

    #[test]
    fn a_packet_that_chromium_would_send_is_read() {
        // 111 followed, 960 ticks back, 3 bytes; then 111, its own.
        let bytes = [0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2, 3, 4, 5];
        let red = Red::parse(&bytes).unwrap();
        assert_eq!((red.payload_type, red.primary), (pt(111), &[4, 5][..]));
        let redundant: Vec<_> = red.redundant().collect();
        let expected = Redundant {
            payload_type: pt(111),
            offset: 960,
            payload: &[1, 2, 3],
        };
        assert_eq!(redundant, [expected]);
    }

    #[test]
    fn the_widest_numbers_fit() {
        let long = [7_u8; LENGTH_MAX as usize];
        let bytes = packet(&[(OFFSET_MAX, &long), (960, &[]), (1, &[9])], &[5]);
        let red = Red::parse(&bytes).unwrap();
        let read: Vec<_> = red.redundant().map(|r| (r.offset, r.payload)).collect();
        assert_eq!(read, [(OFFSET_MAX, &long[..]), (960, &[]), (1, &[9])]);
        assert_eq!(red.primary, [5]);
    }

    #[test]
    fn what_promises_more_than_it_has_is_malformed() {
        let whole = packet(&[(1_920, &[1, 2, 3]), (960, &[4, 5])], &[6]);
        // Without its primary frame it is still whole; a byte less, and the last earlier frame is cut.
        assert_eq!(Red::parse(&whole[..14]).unwrap().primary, [0_u8; 0]);
        for cut in 0..14 {
            assert_eq!(Red::parse(&whole[..cut]), None, "{cut} bytes");
        }
        let nobody: &[(u16, &[u8])] = &[(960, &[1_u8][..]); REDUNDANT_MAX + 1];
        assert_eq!(Red::parse(&packet(nobody, &[1])), None);
        assert!(Red::parse(&packet(&nobody[1..], &[1])).is_some());
        assert_eq!(Red::parse(&[0xff; 1_200]), None, "headers without end");
    }

    proptest! {
        #[test]
        fn any_payload_is_survived_and_its_frames_lie_inside(
            payload in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            if let Some(red) = Red::parse(&payload) {
                let frames: usize = red.redundant().map(|r| r.payload.len()).sum();
                let headers = red.redundant().count() * HEADER_BYTES + PRIMARY_HEADER_BYTES;
                prop_assert_eq!(headers + frames + red.primary.len(), payload.len());
            }
        }
    }
}
