//! The VP8 payload descriptor and the first bytes of a frame (RFC 7741 sections 4.2 and 4.3; RFC 6386 section 9.1).

use sfu_model::packet::PictureNumbers;

use super::Part;

/// How far the key index moves at a keyframe.
pub const KEY_INDEX_STEPS_PER_KEYFRAME: u8 = 1;

pub(super) fn write(part: &Part, payload: &mut Vec<u8>) {
    let starts_partition = if part.is_first() { 0x10 } else { 0 };
    let counters = part.shot.counters;
    let picture_id = counters.picture_id.unwrap_or(0) | 0x8000;
    let temporal = part.shot.place.layer.temporal;
    let sync = if temporal > 0 && part.shot.is_sync {
        0x20
    } else {
        0
    };
    // X; then I, L, T and K; a 15-bit picture id, TL0PICIDX, and TID and Y beside KEYIDX.
    payload.extend([0x80 | starts_partition, 0xf0]);
    payload.extend(picture_id.to_be_bytes());
    payload.push(counters.tl0_picture_index.unwrap_or(0));
    payload.push(temporal << 6 | sync | counters.key_index.unwrap_or(0) & 0x1f);
    if !part.is_first() {
        return;
    }
    if part.stamp.is_keyframe {
        payload.extend([0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a]);
        payload.extend(part.dimensions.width.to_le_bytes());
        payload.extend(part.dimensions.height.to_le_bytes());
    } else {
        payload.extend([0x11, 0x02, 0x00]);
    }
}

/// The counters of a payload that [`write`] made, whatever they were changed to on the way.
pub fn numbers(payload: &[u8]) -> Option<PictureNumbers> {
    let [0x80 | 0x90, 0xf0, high, low, tl0, key] = *payload.first_chunk()? else {
        return None;
    };
    Some(PictureNumbers {
        picture_id: Some(u16::from_be_bytes([high & 0x7f, low])),
        tl0_picture_index: Some(tl0),
        key_index: Some(key & 0x1f),
    })
}
