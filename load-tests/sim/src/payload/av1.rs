//! The AV1 aggregation header and a sequence header OBU (AV1 RTP payload format, section 4.4).

use sfu_model::packet::Dimensions;

use super::Part;
use super::bits::BitWriter;

const SEQUENCE_HEADER: u8 = 1 << 3;
const FRAME: u8 = 6 << 3;

pub(super) fn write(part: &Part, payload: &mut Vec<u8>) {
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    let starts_sequence = part.is_first() && part.stamp.is_keyframe;
    // Z and Y: an OBU that goes on from the packet before, and into the next; one element; N.
    payload.push(
        flag(!part.is_first(), 0x80)
            | flag(!part.is_last(), 0x40)
            | 0x10
            | flag(starts_sequence, 0x08),
    );
    if starts_sequence {
        payload.push(SEQUENCE_HEADER);
        payload.extend(sequence_header(part.dimensions));
    } else if part.is_first() {
        payload.push(FRAME);
    }
}

/// Main profile, one operating point, level 3.1.
fn sequence_header(dimensions: Dimensions) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.number(0, 5) // seq_profile, still_picture, reduced_still_picture_header
        .number(0, 2) // timing_info_present_flag, initial_display_delay_present_flag
        .number(0, 5) // operating_points_cnt_minus_1
        .number(0, 12) // operating_point_idc
        .number(5, 5) // seq_level_idx
        .number(15, 4) // frame_width_bits_minus_1
        .number(15, 4) // frame_height_bits_minus_1
        .number(u32::from(dimensions.width) - 1, 16)
        .number(u32::from(dimensions.height) - 1, 16);
    bits.bytes()
}
