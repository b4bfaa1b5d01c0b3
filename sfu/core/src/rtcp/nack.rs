//! Packets that did not arrive (RFC 4585 section 6.2.1).

use sfu_model::rtp::Ssrc;

use crate::rtcp::cursor::Cursor;
use crate::rtcp::packet::{append, kind};

/// The format of a generic NACK.
pub(super) const FORMAT: u8 = 1;

/// The sequence numbers of a NACK: at most 17 for each four bytes.
#[derive(Clone, Debug)]
pub struct NackIter<'a> {
    pairs: Cursor<'a>,
    /// The number that the lowest bit of the mask stands for.
    next: u16,
    /// What is left of the packet and the sixteen after it.
    mask: u32,
}

impl<'a> NackIter<'a> {
    pub(super) fn new(pairs: Cursor<'a>) -> Self {
        Self {
            pairs,
            next: 0,
            mask: 0,
        }
    }
}

impl Iterator for NackIter<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.mask == 0 {
            self.next = self.pairs.u16()?;
            self.mask = (u32::from(self.pairs.u16()?) << 1) | 1;
        }
        let skipped = self.mask.trailing_zeros();
        let sequence = self.next.wrapping_add(u16::try_from(skipped).ok()?);
        self.next = sequence.wrapping_add(1);
        self.mask >>= skipped + 1;
        Some(sequence)
    }
}

/// Appends a NACK of `reporter` for packets of `media`. Numbers that follow each other share four bytes by 17.
pub fn write_nack(
    buffer: &mut Vec<u8>,
    reporter: Ssrc,
    media: Ssrc,
    packets: impl Iterator<Item = u16>,
) {
    append(buffer, FORMAT, kind::TRANSPORT_FEEDBACK, |buffer| {
        buffer.extend_from_slice(&reporter.0.to_be_bytes());
        buffer.extend_from_slice(&media.0.to_be_bytes());
        let mut pair: Option<(u16, u16)> = None;
        let mut write = |(first, mask): (u16, u16)| {
            buffer.extend_from_slice(&first.to_be_bytes());
            buffer.extend_from_slice(&mask.to_be_bytes());
        };
        for sequence in packets {
            pair = match pair {
                Some((first, mask)) if (1..=16).contains(&sequence.wrapping_sub(first)) => {
                    Some((first, mask | 1 << (sequence.wrapping_sub(first) - 1)))
                }
                full => {
                    full.into_iter().for_each(&mut write);
                    Some((sequence, 0))
                }
            };
        }
        pair.into_iter().for_each(write);
    });
}
