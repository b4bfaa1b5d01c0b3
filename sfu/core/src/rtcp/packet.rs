//! What all RTCP packets share: a header with a count, a type and a length (RFC 3550 section 6.4.1).

use sfu_model::rtp::Ssrc;

use crate::rtcp::cursor::Cursor;

/// The other side misbehaved: lengths or counts in a packet do not add up. The rest of the compound packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an RTCP packet does not add up")]
pub struct Malformed;

/// The types of RFC 3550 section 12.1 and RFC 4585 section 6.1 that mean something here.
pub(super) mod kind {
    pub(crate) const SENDER_REPORT: u8 = 200;
    pub(crate) const RECEIVER_REPORT: u8 = 201;
    pub(crate) const SOURCE_DESCRIPTION: u8 = 202;
    pub(crate) const BYE: u8 = 203;
    pub(crate) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(crate) const PAYLOAD_FEEDBACK: u8 = 206;
}

/// Version 2, without padding, as the first two bits and the third (RFC 3550 section 6.4.1).
const VERSION: u8 = 2 << 6;
const PADDING: u8 = 1 << 5;
/// Five bits: blocks, sources, or the format of a feedback packet.
const COUNT_MASK: u8 = 0x1f;

/// One packet of a compound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) count: u8,
    pub(super) kind: u8,
    /// What follows the header, without padding.
    pub(super) body: Cursor<'a>,
}

impl<'a> Packet<'a> {
    /// The first packet of a compound, and the rest of it.
    pub(super) fn split_first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        let mut cursor = Cursor(bytes);
        let first = cursor.u8().ok_or(Malformed)?;
        let kind = cursor.u8().ok_or(Malformed)?;
        let words = cursor.u16().ok_or(Malformed)?;
        if first & 0xc0 != VERSION {
            return Err(Malformed);
        }
        let mut body = cursor.bytes(usize::from(words) * 4).ok_or(Malformed)?;
        if first & PADDING != 0 {
            // The last byte counts the padding, itself included.
            let n_padding = body.last().copied().map(usize::from).ok_or(Malformed)?;
            let end = body.len().checked_sub(n_padding).ok_or(Malformed)?;
            body = body.get(..end).filter(|_| n_padding > 0).ok_or(Malformed)?;
        }
        let packet = Self {
            count: first & COUNT_MASK,
            kind,
            body: Cursor(body),
        };
        Ok((packet, cursor.0))
    }
}

/// Appends a packet: header, what `body` appends, and the length of it. What is no whole number of words is filled up.
pub(super) fn append(buffer: &mut Vec<u8>, count: u8, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = buffer.len();
    buffer.extend_from_slice(&[VERSION | (count & COUNT_MASK), kind, 0, 0]);
    body(buffer);
    let n_bytes = (buffer.len() - start).next_multiple_of(4);
    buffer.resize(start + n_bytes, 0);
    // The length counts words without the first. What is written here is a few of them, 65,535 would be 256 KiB.
    let words = u16::try_from(n_bytes / 4 - 1).unwrap_or(u16::MAX);
    if let Some(length) = buffer.get_mut(start + 2..start + 4) {
        length.copy_from_slice(&words.to_be_bytes());
    }
}

/// SSRCs in a row.
#[derive(Clone, Debug)]
pub struct SsrcIter<'a>(pub(super) Cursor<'a>);

impl Iterator for SsrcIter<'_> {
    type Item = Ssrc;

    fn next(&mut self) -> Option<Ssrc> {
        self.0.u32().map(Ssrc)
    }
}
