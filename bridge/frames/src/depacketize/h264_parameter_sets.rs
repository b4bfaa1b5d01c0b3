//! The parameter sets of an H.264 encoding, by their ids, and the format that they make.

use std::sync::Arc;

use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::rbsp::{BitReader, ByteReader};
use sfu_model::frame::Format;
use sfu_model::packet::Dimensions;

use super::whole::Refusal;
use crate::bits::Bits;

/// Most parameter sets of a kind that are kept. Encoders for real time have one of each, some a few PPS; the one that came
/// longest ago makes room.
const PARAMETER_SETS_MAX: usize = 16;

/// Longest parameter set that is kept, in bytes: with scaling lists and VUI one has under 200. A longer one is not taken, so
/// that pictures which name it have no parameter sets.
const PARAMETER_SET_BYTES_MAX: usize = 1_024;

/// How much of a parameter set is looked at for its ids, which stand at its start.
const IDS_BYTES: usize = 16;

/// What came in band.
#[derive(Debug, Default)]
pub(super) struct ParameterSets {
    sps: Vec<Sps>,
    pps: Vec<Pps>,
    /// That of the last picture.
    format: Option<Arc<Format>>,
}

#[derive(Debug)]
struct Sps {
    id: u32,
    bytes: Box<[u8]>,
}

#[derive(Debug)]
struct Pps {
    id: u32,
    sps: u32,
    bytes: Box<[u8]>,
}

impl ParameterSets {
    /// Keeps an SPS. Senders repeat it with each keyframe: the same bytes are no change.
    pub(super) fn insert_sps(&mut self, unit: &[u8]) {
        let unit = without_trailing_zeros(unit);
        // profile_idc, the constraints and level_idc are before the id (section 7.3.2.1.1).
        let id = unit.get(4..).and_then(|rest| ids(rest).next());
        let Some(id) = id.filter(|_| unit.len() <= PARAMETER_SET_BYTES_MAX) else {
            return;
        };
        if self.sps.iter().any(|s| s.id == id && *s.bytes == *unit) {
            return;
        }
        self.sps.retain(|s| s.id != id);
        make_room(&mut self.sps);
        self.sps.push(Sps {
            id,
            bytes: unit.into(),
        });
    }

    /// Keeps a PPS, likewise (section 7.3.2.2).
    pub(super) fn insert_pps(&mut self, unit: &[u8]) {
        let unit = without_trailing_zeros(unit);
        let mut ids = ids(unit.get(1..).unwrap_or_default());
        let (Some(id), Some(sps)) = (ids.next(), ids.next()) else {
            return;
        };
        let is_known = self.pps.iter().any(|p| p.id == id && *p.bytes == *unit);
        if is_known || unit.len() > PARAMETER_SET_BYTES_MAX {
            return;
        }
        self.pps.retain(|p| p.id != id);
        make_room(&mut self.pps);
        self.pps.push(Pps {
            id,
            sps,
            bytes: unit.into(),
        });
    }

    /// The format of a picture whose slices name this PPS. `told` is its size as its packets told it.
    pub(super) fn format(
        &mut self,
        pps: u32,
        told: Option<Dimensions>,
    ) -> Result<Arc<Format>, Refusal> {
        let named = self.pps.iter().find(|p| p.id == pps);
        let pps = named.ok_or(Refusal::NoParameterSets)?;
        let named = self.sps.iter().find(|s| s.id == pps.sps);
        let sps = named.ok_or(Refusal::NoParameterSets)?;
        if let Some(format) = self.format.as_ref().filter(|f| is_of(f, sps, pps)) {
            return Ok(Arc::clone(format));
        }
        // Encoders that say a lower level than their size needs are common, and the reader holds them to it.
        let size = size(&sps.bytes).or(told).ok_or(Refusal::Malformed)?;
        let format = Arc::new(Format::H264 {
            sps: sps.bytes.clone(),
            pps: pps.bytes.clone(),
            size,
        });
        self.format = Some(Arc::clone(&format));
        Ok(format)
    }
}

fn is_of(format: &Format, sps: &Sps, pps: &Pps) -> bool {
    let (ours, theirs) = (&sps.bytes, &pps.bytes);
    matches!(format, Format::H264 { sps, pps, .. } if sps == ours && pps == theirs)
}

fn make_room<T>(sets: &mut Vec<T>) {
    if sets.len() >= PARAMETER_SETS_MAX {
        sets.remove(0);
    }
}

fn ids(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut bits = Bits::new(bytes.get(..IDS_BYTES).unwrap_or(bytes));
    std::iter::from_fn(move || bits.exp_golomb())
}

/// A NAL unit ends with its last byte that is not zero (H.264 section 7.4.1).
fn without_trailing_zeros(unit: &[u8]) -> &[u8] {
    let end = unit
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    unit.get(..end).unwrap_or_default()
}

/// The size of the pictures of an SPS, as it crops them.
fn size(sps: &[u8]) -> Option<Dimensions> {
    let reader = BitReader::new(ByteReader::skipping_h264_header(sps));
    let (width, height) = SeqParameterSet::from_bits(reader)
        .ok()?
        .pixel_dimensions()
        .ok()?;
    Some(Dimensions {
        width: u16::try_from(width).ok()?,
        height: u16::try_from(height).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An SPS whose id is in one byte at most, and so long.
    fn sps(id: u8, n_bytes: usize) -> Vec<u8> {
        // Exp-Golomb (section 9.1): the id and one more, after as many zeros as it has bits behind its first.
        let code = u16::from(id) + 1;
        let n_zeros = u32::from(15 - u16::try_from(code.leading_zeros()).unwrap());
        let bits = code << (15 - 2 * n_zeros);
        let mut unit = vec![0x67, 66, 0xc0, 30];
        unit.extend(bits.to_be_bytes());
        unit.resize(n_bytes, 1);
        unit
    }

    #[test]
    fn a_parameter_set_has_an_edge_at_1024_bytes() {
        let mut sets = ParameterSets::default();
        sets.insert_sps(&sps(0, PARAMETER_SET_BYTES_MAX + 1));
        assert_eq!(sets.sps.len(), 0);
        sets.insert_sps(&sps(0, PARAMETER_SET_BYTES_MAX));
        assert_eq!(sets.sps.len(), 1);
    }

    #[test]
    fn sixteen_parameter_sets_are_kept_and_the_oldest_makes_room() {
        let mut sets = ParameterSets::default();
        for id in 0..=16 {
            sets.insert_sps(&sps(id, 20));
        }
        let ids: Vec<u32> = sets.sps.iter().map(|kept| kept.id).collect();
        assert_eq!(ids, (1..=16).collect::<Vec<u32>>());
    }
}
