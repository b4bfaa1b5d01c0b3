//! The AV1 aggregation header and a sequence header OBU (AV1 RTP payload format, section 4.4).

use sfu_model::packet::Dimensions;

use super::Part;
use super::bits::BitWriter;
use crate::layers::Scalability;

const SEQUENCE_HEADER: u8 = 1 << 3;
const FRAME: u8 = 6 << 3;
/// An OBU header has a second byte, with its layer (AV1 section 5.3.3).
const HAS_EXTENSION: u8 = 0x04;

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
        payload.extend(sequence_header(part.dimensions, part.shot.place.mode));
    } else if part.is_first() && part.shot.place.mode.is_layered() {
        let layer = part.shot.place.layer;
        payload.extend([
            FRAME | HAS_EXTENSION,
            layer.temporal << 5 | layer.spatial << 3,
        ]);
    } else if part.is_first() {
        payload.push(FRAME);
    }
}

/// Main profile, level 3.1, an operating point for each layer: the first has all of them.
fn sequence_header(dimensions: Dimensions, mode: Scalability) -> Vec<u8> {
    let layers = |n: u8| (1_u32 << n) - 1;
    let spatials = (1..=mode.spatial).rev();
    let points = spatials.flat_map(|s| (1..=mode.temporal).rev().map(move |t| (s, t)));
    let points: Vec<u32> = points
        .map(|(s, t)| match mode.is_layered() {
            true => layers(s) << 8 | layers(t),
            false => 0,
        })
        .collect();
    let n_points = u32::try_from(points.len()).unwrap_or(1);
    let mut bits = BitWriter::default();
    bits.number(0, 5) // seq_profile, still_picture, reduced_still_picture_header
        .number(0, 2) // timing_info_present_flag, initial_display_delay_present_flag
        .number(n_points - 1, 5); // operating_points_cnt_minus_1
    for point in points {
        bits.number(point, 12) // operating_point_idc
            .number(5, 5); // seq_level_idx
    }
    bits.number(15, 4) // frame_width_bits_minus_1
        .number(15, 4) // frame_height_bits_minus_1
        .number(u32::from(dimensions.width) - 1, 16)
        .number(u32::from(dimensions.height) - 1, 16);
    bits.bytes()
}
