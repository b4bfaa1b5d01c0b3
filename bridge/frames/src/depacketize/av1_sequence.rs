//! The AV1 sequence header (AV1 section 5.5), as far as the size of its pictures.

use sfu_model::packet::Dimensions;

use crate::bits::Bits;

/// Its OBU header: type 1, with a size field.
const OBU_HEADER: u8 = (1 << 3) | 0x02;

/// Longest that is kept, in bytes: with 32 operating points and their models it has under 700. Of a longer one the temporal
/// unit is malformed. Its length takes two bytes of LEB128 then.
const SEQUENCE_HEADER_BYTES_MAX: usize = 1_024;

/// What a decoder must know before the first frame.
#[derive(Debug)]
pub(super) struct SequenceHeader {
    /// The OBU, with its size field.
    pub(super) obu: Box<[u8]>,
    pub(super) size: Dimensions,
}

impl SequenceHeader {
    /// Reads what follows the OBU's header and size.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        if body.len() > SEQUENCE_HEADER_BYTES_MAX {
            return None;
        }
        let size = size(body)?;
        let low = u8::try_from(body.len() & 0x7f).ok()?;
        let high = u8::try_from(body.len() >> 7).ok()?;
        let mut obu = vec![OBU_HEADER];
        match high {
            0 => obu.push(low),
            _ => obu.extend([low | 0x80, high]),
        }
        obu.extend(body);
        Some(Self {
            obu: obu.into(),
            size,
        })
    }
}

fn size(body: &[u8]) -> Option<Dimensions> {
    let mut bits = Bits::new(body);
    bits.skip(4)?; // seq_profile, still_picture
    let is_reduced = bits.flag()?;
    if is_reduced {
        bits.skip(5)?; // seq_level_idx
    } else {
        skip_operating_points(&mut bits)?;
    }
    let n_width = bits.number(4)? + 1;
    let n_height = bits.number(4)? + 1;
    Some(Dimensions {
        width: u16::try_from(bits.number(n_width)? + 1).ok()?,
        height: u16::try_from(bits.number(n_height)? + 1).ok()?,
    })
}

/// timing_info, decoder_model_info and the operating points, up to frame_width_bits_minus_1.
fn skip_operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut n_delay = None;
    if bits.flag()? {
        bits.skip(64)?; // num_units_in_display_tick, time_scale
        if bits.flag()? {
            bits.exp_golomb()?; // num_ticks_per_picture_minus_1
        }
        if bits.flag()? {
            n_delay = Some(bits.number(5)? + 1);
            bits.skip(32 + 5 + 5)?;
        }
    }
    let has_display_delay = bits.flag()?;
    let n_points = bits.number(5)? + 1;
    for _ in 0..n_points {
        bits.skip(12)?; // operating_point_idc
        if bits.number(5)? > 7 {
            bits.skip(1)?; // seq_tier
        }
        if let Some(n_delay) = n_delay
            && bits.flag()?
        {
            bits.skip(2 * n_delay + 1)?;
        }
        if has_display_delay && bits.flag()? {
            bits.skip(4)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_header_has_an_edge_at_1024_bytes() {
        // A reduced header: profile and still_picture, the flag, the level, then the sizes with one bit each.
        let mut body = vec![0b0000_1000, 0, 0];
        body.resize(SEQUENCE_HEADER_BYTES_MAX, 0);
        assert!(SequenceHeader::read(&body).is_some());
        body.push(0);
        assert!(SequenceHeader::read(&body).is_none());
    }
}
