//! Writes RTP headers (RFC 3550 section 5.1) with extensions (RFC 8285) to where the packet will be sealed.

use sfu_model::rtp::{PayloadType, SeqNo, Ssrc};
use sfu_model::time::RtpTimestamp;

/// Version 2, no padding, no CSRC.
const VERSION: u8 = 0x80;
const EXTENSION_BIT: u8 = 0x10;
const PADDING_BIT: u8 = 0x20;
const MARKER_BIT: u8 = 0x80;
/// The two profiles of RFC 8285.
const ONE_BYTE_FORM: u16 = 0xbede;
const TWO_BYTE_FORM: u16 = 0x1000;
/// Longest value of the one-byte form (RFC 8285 section 4.2). Who takes one form takes both: every browser offers
/// `extmap-allow-mixed`, and parses them without, too.
pub(crate) const SHORT_VALUE_BYTES_MAX: usize = 16;
/// The 16-bit profile and the 16-bit length, in words, of what follows.
const EXTENSION_HEADER_BYTES: usize = 4;

/// The fixed part of a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed {
    pub(crate) payload_type: PayloadType,
    pub(crate) marker: bool,
    /// The last byte of the payload says how much of it is padding.
    pub(crate) padding: bool,
    pub(crate) sequence: SeqNo,
    pub(crate) timestamp: RtpTimestamp,
    pub(crate) ssrc: Ssrc,
}

/// A header in the making, at the end of a buffer.
#[derive(Debug)]
pub(crate) struct HeaderWriter<'a> {
    buffer: &'a mut Vec<u8>,
    start: usize,
    /// Where the extension begins, once there is one.
    extension: Option<usize>,
    two_bytes: bool,
}

impl<'a> HeaderWriter<'a> {
    /// Writes the fixed part. With `two_bytes` extensions take the long form.
    #[inline]
    pub(crate) fn begin(buffer: &'a mut Vec<u8>, fixed: &Fixed, two_bytes: bool) -> Self {
        let start = buffer.len();
        let first = if fixed.padding {
            VERSION | PADDING_BIT
        } else {
            VERSION
        };
        let marker = if fixed.marker { MARKER_BIT } else { 0 };
        let [s0, s1] = fixed.sequence.wire().to_be_bytes();
        let [t0, t1, t2, t3] = fixed.timestamp.0.to_be_bytes();
        let [c0, c1, c2, c3] = fixed.ssrc.0.to_be_bytes();
        let second = marker | fixed.payload_type.value();
        buffer.extend_from_slice(&[first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3]);
        Self {
            buffer,
            start,
            extension: None,
            two_bytes,
        }
    }

    /// Writes one extension, of 1 to 255 bytes. Nothing when it was not negotiated, or does not fit the form.
    #[inline]
    pub(crate) fn extension(&mut self, id: Option<u8>, value: &[u8]) {
        let (Some(id), Ok(length @ 1..)) = (id, u8::try_from(value.len())) else {
            return;
        };
        if value.len() > SHORT_VALUE_BYTES_MAX && !self.two_bytes {
            return;
        }
        if self.extension.is_none() {
            self.extension = Some(self.buffer.len());
            let form = if self.two_bytes {
                TWO_BYTE_FORM
            } else {
                ONE_BYTE_FORM
            };
            let [f0, f1] = form.to_be_bytes();
            self.buffer.extend_from_slice(&[f0, f1, 0, 0]);
        }
        if self.two_bytes {
            self.buffer.extend_from_slice(&[id, length]);
        } else {
            self.buffer.push((id << 4) | (length - 1));
        }
        self.buffer.extend_from_slice(value);
    }

    /// Completes the header. Returns its length.
    #[inline]
    pub(crate) fn finish(self) -> usize {
        if let Some(extension) = self.extension {
            let body = extension + EXTENSION_HEADER_BYTES;
            while !(self.buffer.len() - body).is_multiple_of(4) {
                self.buffer.push(0);
            }
            let words = u16::try_from((self.buffer.len() - body) / 4).unwrap_or(0);
            if let Some(place) = self.buffer.get_mut(extension + 2..body) {
                place.copy_from_slice(&words.to_be_bytes());
            }
            if let Some(first) = self.buffer.get_mut(self.start) {
                *first |= EXTENSION_BIT;
            }
        }
        self.buffer.len() - self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Fixed {
        Fixed {
            payload_type: PayloadType::new(96).unwrap(),
            marker: true,
            padding: false,
            sequence: SeqNo(0x1_2345),
            timestamp: RtpTimestamp(0x0102_0304),
            ssrc: Ssrc(0xa0b0_c0d0),
        }
    }

    #[test]
    fn a_header_without_extensions_is_twelve_bytes() {
        let mut buffer = vec![9];
        let length = HeaderWriter::begin(&mut buffer, &fixed(), false).finish();
        assert_eq!(length, 12);
        assert_eq!(
            buffer,
            [
                9, 0x80, 0xe0, 0x23, 0x45, 1, 2, 3, 4, 0xa0, 0xb0, 0xc0, 0xd0
            ]
        );
    }

    #[test]
    fn short_extensions_are_padded_to_a_word() {
        let mut buffer = Vec::new();
        let mut header = HeaderWriter::begin(&mut buffer, &fixed(), false);
        header.extension(Some(4), b"0");
        header.extension(None, b"not negotiated");
        header.extension(Some(3), &[7, 8]);
        header.extension(Some(5), &[0; 17]);
        assert_eq!(header.finish(), 12 + 4 + 8);
        assert_eq!(buffer[0], 0x90);
        assert_eq!(
            buffer[12..],
            [0xbe, 0xde, 0, 2, 0x40, b'0', 0x31, 7, 8, 0, 0, 0]
        );
    }

    #[test]
    fn ids_beyond_fourteen_take_the_long_form() {
        let mut buffer = Vec::new();
        let mut header = HeaderWriter::begin(&mut buffer, &fixed(), true);
        header.extension(Some(16), &[7]);
        assert_eq!(header.finish(), 12 + 4 + 4);
        assert_eq!(buffer[12..], [0x10, 0x00, 0, 1, 16, 1, 7, 0]);
    }

    #[test]
    fn a_long_value_takes_the_long_form() {
        let mut buffer = Vec::new();
        let mut header = HeaderWriter::begin(&mut buffer, &fixed(), true);
        header.extension(Some(5), &[9; 17]);
        assert_eq!(header.finish(), 12 + 4 + 20);
        assert_eq!(buffer[12..19], [0x10, 0x00, 0, 5, 5, 17, 9]);
        assert_eq!(buffer[33..], [9, 9, 0], "padded to a word");
    }
}
