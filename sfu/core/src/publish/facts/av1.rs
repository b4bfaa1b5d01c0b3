//! The AV1 aggregation header (AV1 RTP payload format, section 4.4) and the size in a sequence header OBU.

use sfu_model::packet::{Dimensions, LayerSizes, PayloadFacts};

use super::bits::Bits;

const SEQUENCE_HEADER: u8 = 1;

pub(super) fn read(payload: &[u8]) -> Option<PayloadFacts> {
    let aggregation = *payload.first()?;
    payload.get(1)?;
    let continues_obu = aggregation & 0x80 != 0;
    let n_elements = (aggregation >> 4) & 0x03;
    // N: the first packet of a coded video sequence, that is of a keyframe with its sequence header.
    let starts_keyframe = aggregation & 0x08 != 0 && !continues_obu;
    let dimensions = if starts_keyframe {
        first_element(payload.get(1..)?, n_elements).and_then(dimensions)
    } else {
        None
    };
    Some(PayloadFacts {
        starts_keyframe,
        sizes: dimensions.map(LayerSizes::from).unwrap_or_default(),
        ..PayloadFacts::default()
    })
}

/// The first OBU element. With W=1 it has no length in front.
fn first_element(elements: &[u8], n_elements: u8) -> Option<&[u8]> {
    if n_elements == 1 {
        return Some(elements);
    }
    let (length, prefix) = leb128(elements)?;
    elements.get(prefix..prefix.checked_add(length)?)
}

/// A LEB128 number of at most four bytes, and how many bytes it took.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

/// max_frame_width and max_frame_height of a sequence header (AV1 section 5.5.1).
fn dimensions(obu: &[u8]) -> Option<Dimensions> {
    let header = *obu.first()?;
    if (header >> 3) & 0x0f != SEQUENCE_HEADER {
        return None;
    }
    let has_extension = header & 0x04 != 0;
    let has_size = header & 0x02 != 0;
    let mut at = if has_extension { 2 } else { 1 };
    if has_size {
        at += leb128(obu.get(at..)?)?.1;
    }
    let mut bits = Bits::new(obu.get(at..)?);
    bits.skip(3)?; // seq_profile
    bits.bit()?; // still_picture
    let is_reduced = bits.bit()?;
    if is_reduced {
        bits.skip(5)?; // seq_level_idx
    } else {
        skip_operating_points(&mut bits)?;
    }
    let width_bits = bits.number(4)? + 1;
    let height_bits = bits.number(4)? + 1;
    let width = bits.number(width_bits)? + 1;
    let height = bits.number(height_bits)? + 1;
    Some(Dimensions {
        width: u16::try_from(width).ok()?,
        height: u16::try_from(height).ok()?,
    })
}

fn skip_operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut has_decoder_model = false;
    let mut delay_bits = 0;
    if bits.bit()? {
        // timing_info: two 32-bit numbers, and perhaps the ticks of a picture.
        bits.skip(64)?;
        if bits.bit()? {
            bits.exp_golomb()?;
        }
        has_decoder_model = bits.bit()?;
        if has_decoder_model {
            delay_bits = bits.number(5)? + 1;
            bits.skip(32 + 5 + 5)?;
        }
    }
    let has_display_delay = bits.bit()?;
    let n_points = bits.number(5)? + 1;
    for _ in 0..n_points {
        bits.skip(12)?; // operating_point_idc
        let level = bits.number(5)?;
        if level > 7 {
            bits.bit()?; // seq_tier
        }
        if has_decoder_model && bits.bit()? {
            bits.skip(2 * delay_bits + 1)?;
        }
        if has_display_delay && bits.bit()? {
            bits.skip(4)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_coded_video_sequence_starts_a_keyframe() {
        // Z=0 Y=0 W=1 N=1, then a sequence header: profile 0, one operating point, level 5 (3.1), 640x360.
        // Bits: 000 0 0 | timing 0 | display delay 0 | points 00000 | idc 12x0 | level 00101 | 1001 1000 |
        // width 10 bits 1001111111 | height 9 bits 101100111
        let bits = "00000".to_owned()
            + "0"
            + "0"
            + "00000"
            + "000000000000"
            + "00101"
            + "1001"
            + "1000"
            + "1001111111"
            + "101100111";
        let mut obu = vec![SEQUENCE_HEADER << 3];
        for chunk in bits.as_bytes().chunks(8) {
            let text = std::str::from_utf8(chunk).unwrap();
            obu.push(u8::from_str_radix(&format!("{text:0<8}"), 2).unwrap());
        }
        let mut payload = vec![0x18];
        payload.extend(obu);
        let facts = read(&payload).unwrap();
        assert!(facts.starts_keyframe);
        assert_eq!(
            facts.sizes.largest(),
            Some(Dimensions {
                width: 640,
                height: 360
            })
        );
    }

    #[test]
    fn other_packets_start_nothing() {
        assert!(!read(&[0x10, 0x30]).unwrap().starts_keyframe);
        assert!(
            !read(&[0x98, 0x30]).unwrap().starts_keyframe,
            "continues an OBU"
        );
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x18]), None);
    }
}
