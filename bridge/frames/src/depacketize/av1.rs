//! AV1 in RTP (AOM's "RTP Payload Format For AV1"): a temporal unit is the OBU elements of its packets, each OBU with its size
//! again, as a sample has them (AV1 in ISOBMFF section 2.4).

use std::sync::Arc;

use sfu_model::frame::Format;
use sfu_model::packet::Packet;

use super::av1_sequence::SequenceHeader;
use super::chain::{Chain, Place};
use super::whole::{Refusal, Whole};
use crate::bits::Bits;

/// OBU types (AV1 section 6.2.2).
mod obu {
    pub(super) const SEQUENCE_HEADER: u8 = 1;
    pub(super) const TEMPORAL_DELIMITER: u8 = 2;
    pub(super) const FRAME_HEADER: u8 = 3;
    pub(super) const FRAME: u8 = 6;
    pub(super) const TILE_LIST: u8 = 8;
    pub(super) const PADDING: u8 = 15;
    /// Bits of the header (section 5.3.2).
    pub(super) const HAS_EXTENSION: u8 = 0x04;
    pub(super) const HAS_SIZE: u8 = 0x02;
}

/// Reads one encoding's temporal units.
#[derive(Debug, Default)]
pub(crate) struct Av1 {
    chain: Chain,
    /// That of the last coded video sequence.
    format: Option<Arc<Format>>,
}

/// An OBU whose last fragment has not come.
#[derive(Debug)]
struct Open {
    kind: u8,
    /// Where its size goes; `None`: it is left out.
    place: Option<Place>,
    /// How much was gathered before its payload.
    before: usize,
}

/// What the OBUs of one temporal unit told so far.
#[derive(Debug, Default)]
struct Unit {
    open: Option<Open>,
    sequence: Option<SequenceHeader>,
    /// The first frame is a shown keyframe.
    is_key: Option<bool>,
}

impl Av1 {
    pub(super) fn frame(&mut self, packets: &[Packet]) -> Result<Whole, Refusal> {
        self.chain.clear();
        let mut unit = Unit::default();
        for (index, packet) in packets.iter().enumerate() {
            self.packet(index, &packet.payload, &mut unit)
                .ok_or(Refusal::Malformed)?;
        }
        if unit.open.is_some() {
            return Err(Refusal::CutShort);
        }
        let is_key = unit.is_key.ok_or(Refusal::Empty)?;
        // A sync sample has its sequence header (AV1 in ISOBMFF section 2.5).
        let is_keyframe = is_key && unit.sequence.is_some();
        if let Some(sequence) = unit.sequence {
            let format = Format::Av1 {
                sequence_header: sequence.obu,
                size: sequence.size,
            };
            if self.format.as_deref() != Some(&format) {
                self.format = Some(Arc::new(format));
            }
        }
        let format = self.format.clone().ok_or(Refusal::NoParameterSets)?;
        let data = self.chain.gather(packets).ok_or(Refusal::Malformed)?;
        Ok(Whole {
            data,
            is_keyframe,
            format,
        })
    }

    /// The aggregation header: Z (continues an OBU), Y (the last goes on), W (how many elements), N (section 4.4).
    fn packet(&mut self, index: usize, payload: &[u8], unit: &mut Unit) -> Option<()> {
        let header = *payload.first()?;
        let (mut continues, goes_on) = (header & 0x80 != 0, header & 0x40 != 0);
        let n_elements = usize::from((header >> 4) & 0x03);
        if continues != unit.open.is_some() {
            return None;
        }
        let (mut at, mut n_read) = (1, 0);
        while at < payload.len() {
            n_read += 1;
            // The last of W elements has no length; without W all have one.
            let end = if n_read == n_elements {
                payload.len()
            } else {
                let (length, n_bytes) = leb128(payload.get(at..)?)?;
                at += n_bytes;
                at.checked_add(length)?
            };
            let element = payload.get(at..end)?;
            if !continues {
                self.begin(index, at, element, unit)?;
            } else if let Some(open) = &unit.open {
                // Only frames are long enough to be cut.
                if open.kind == obu::SEQUENCE_HEADER {
                    return None;
                }
                if open.place.is_some() {
                    self.chain.payload(index, at, end);
                }
            }
            if !(goes_on && end == payload.len()) {
                self.end(unit)?;
            }
            continues = false;
            at = end;
        }
        (n_elements == 0 || n_read == n_elements).then_some(())
    }

    /// The first bytes of an OBU, which are at `at` in their payload.
    fn begin(&mut self, index: usize, at: usize, element: &[u8], unit: &mut Unit) -> Option<()> {
        let header = *element.first()?;
        let kind = (header >> 3) & 0x0f;
        let n_header = if header & obu::HAS_EXTENSION == 0 {
            1
        } else {
            2
        };
        let mut from = n_header;
        if header & obu::HAS_SIZE != 0 {
            from += leb128(element.get(from..)?)?.1;
        }
        let body = element.get(from..)?;
        let is_left_out = matches!(
            kind,
            obu::TEMPORAL_DELIMITER | obu::TILE_LIST | obu::PADDING
        );
        if is_left_out {
            let before = self.chain.len();
            unit.open = Some(Open {
                kind,
                place: None,
                before,
            });
            return Some(());
        }
        self.chain.written(&[header | obu::HAS_SIZE]);
        if n_header == 2 {
            self.chain.written(element.get(1..2)?);
        }
        let place = Some(self.chain.place());
        let before = self.chain.len();
        self.chain.payload(index, at + from, at + element.len());
        match kind {
            obu::SEQUENCE_HEADER => unit.sequence = Some(SequenceHeader::read(body)?),
            obu::FRAME | obu::FRAME_HEADER if unit.is_key.is_none() => {
                unit.is_key = Some(is_shown_keyframe(body)?);
            }
            _ => {}
        }
        unit.open = Some(Open {
            kind,
            place,
            before,
        });
        Some(())
    }

    /// The OBU that is open is whole: its size is known.
    fn end(&mut self, unit: &mut Unit) -> Option<()> {
        let open = unit.open.take()?;
        if let Some(place) = open.place {
            let size = self.chain.len().checked_sub(open.before)?;
            let (bytes, n) = to_leb128(u32::try_from(size).ok()?);
            self.chain.fill(place, bytes.get(..n)?);
        }
        Some(())
    }
}

/// How a frame header begins (AV1 section 5.9.2): show_existing_frame, frame_type, show_frame.
fn is_shown_keyframe(body: &[u8]) -> Option<bool> {
    let mut bits = Bits::new(body);
    let shows_existing = bits.flag()?;
    Some(!shows_existing && bits.number(2)? == 0 && bits.flag()?)
}

/// A LEB128 number that fits 32 bits (AV1 section 4.10.5), and how many bytes it took.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).ok()?;
            return Some((usize::try_from(value).ok()?, index + 1));
        }
    }
    None
}

/// A number in LEB128, and how many bytes of it there are.
pub(super) fn to_leb128(mut value: u32) -> ([u8; 5], usize) {
    let (mut bytes, mut n) = ([0; 5], 0);
    for slot in &mut bytes {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        n += 1;
        *slot = if value == 0 { low } else { low | 0x80 };
        if value == 0 {
            break;
        }
    }
    (bytes, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_as_they_were_written() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u32::MAX] {
            let (bytes, n) = to_leb128(value);
            assert_eq!(leb128(&bytes[..n]), Some((value as usize, n)));
            assert_eq!(leb128(&bytes[..n - 1]), None);
        }
        assert_eq!(leb128(&[0x81, 0x80, 0x00]), Some((1, 3)), "padded");
        assert_eq!(leb128(&[0xff; 9]), None);
    }
}
