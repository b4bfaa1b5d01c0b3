//! H.264 (RFC 6184, packetization mode 1): a keyframe is an aggregate of parameter sets, then fragments of an IDR slice.

use sfu_model::packet::Dimensions;

use super::Part;
use super::bits::BitWriter;
use crate::stamp::STAMP_BYTES;

const STAP_A: u8 = 0x78;
const FU_A: u8 = 0x7c;
const PPS: [u8; 4] = [0x68, 0xce, 0x3c, 0x80];
const SEI: u8 = 0x06;

pub(super) fn write(part: &Part, payload: &mut Vec<u8>) {
    if part.stamp.is_keyframe && part.is_first() {
        payload.push(STAP_A);
        let sps = sps(part.dimensions);
        push_unit(&sps, payload);
        push_unit(&PPS, payload);
        // The stamp that follows is the body of a message unit.
        let length = u16::try_from(STAMP_BYTES + 1).unwrap_or(0);
        payload.extend(length.to_be_bytes());
        payload.push(SEI);
        return;
    }
    // The parameter sets are the first packet of a keyframe, so its slice begins with the second.
    let begins = part.stamp.packet_index == u16::from(part.stamp.is_keyframe);
    let unit: u8 = if part.stamp.is_keyframe { 5 } else { 1 };
    if begins && part.is_last() {
        payload.push(0x60 | unit);
        return;
    }
    let start = if begins { 0x80 } else { 0 };
    let end = if part.is_last() { 0x40 } else { 0 };
    payload.extend([FU_A, start | end | unit]);
}

fn push_unit(unit: &[u8], payload: &mut Vec<u8>) {
    let length = u16::try_from(unit.len()).unwrap_or(0);
    payload.extend(length.to_be_bytes());
    payload.extend(unit);
}

/// Constrained Baseline 3.1; sizes are whole macroblocks, so nothing is cropped.
fn sps(dimensions: Dimensions) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.exp_golomb(0) // seq_parameter_set_id
        .exp_golomb(0) // log2_max_frame_num_minus4
        .exp_golomb(2) // pic_order_cnt_type
        .exp_golomb(1) // max_num_ref_frames
        .number(0, 1) // gaps_in_frame_num_value_allowed_flag
        .exp_golomb(u32::from(dimensions.width / 16) - 1)
        .exp_golomb(u32::from(dimensions.height / 16) - 1)
        .number(0b1100, 4) // frame_mbs_only, direct_8x8_inference, no cropping, no VUI
        .number(1, 1); // stop bit
    let mut unit = vec![0x67, 0x42, 0xc0, 0x1f];
    unit.extend(bits.bytes());
    unit
}
