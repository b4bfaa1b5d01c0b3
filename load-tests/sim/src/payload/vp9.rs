//! The VP9 payload descriptor (RFC 9628 section 4.2) as libwebrtc writes it: not flexible, with layer indices where there
//! are layers, and a scalability structure in front of each keyframe.

use sfu_model::codec::Codec;

use super::Part;
use crate::layers::beat;

const VP9: Codec = Codec::Vp9 { profile_id: 0 };

pub(super) fn write(part: &Part, payload: &mut Vec<u8>) {
    let shot = &part.shot;
    let mode = shot.place.mode;
    let layer = shot.place.layer;
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    let has_structure = part.stamp.is_keyframe && part.is_first();
    let has_frame_below = mode.has_frame_below(layer.spatial, shot.is_key_picture);
    let above = layer.spatial + 1;
    let is_top = above == mode.spatial;
    let is_left_alone = is_top || !mode.has_frame_below(above, shot.is_key_picture);
    payload.push(
        0x80 | flag(!shot.is_key_picture, 0x40)
            | flag(mode.is_layered(), 0x20)
            | flag(part.is_first(), 0x08)
            | flag(part.is_last(), 0x04)
            | flag(has_structure, 0x02)
            | flag(mode.is_layered() && is_left_alone, 0x01),
    );
    let picture_id = shot.counters.picture_id.unwrap_or(0) | 0x8000;
    payload.extend(picture_id.to_be_bytes());
    if mode.is_layered() {
        payload.push(
            layer.temporal << 5
                | flag(shot.is_sync, 0x10)
                | layer.spatial << 1
                | flag(has_frame_below, 0x01),
        );
        payload.push(shot.counters.tl0_picture_index.unwrap_or(0));
    }
    if has_structure {
        write_structure(part, payload);
    }
}

/// N_S, Y, G; the sizes; where there are layers the pictures of a group.
fn write_structure(part: &Part, payload: &mut Vec<u8>) {
    let mode = part.shot.place.mode;
    let has_group = mode.is_layered();
    payload.push((mode.spatial - 1) << 5 | 0x10 | u8::from(has_group) << 3);
    for size in part.sizes() {
        payload.extend(size.width.to_be_bytes());
        payload.extend(size.height.to_be_bytes());
    }
    if !has_group {
        return;
    }
    payload.push(u8::try_from(mode.period()).unwrap_or(0));
    for n in 0..mode.period() {
        let picture = beat(VP9, mode, n);
        let n_references = u8::try_from(picture.pictures_back.len()).unwrap_or(0);
        payload.push(picture.temporal << 5 | u8::from(picture.is_sync) << 4 | n_references << 2);
        payload.extend(picture.pictures_back);
    }
}
