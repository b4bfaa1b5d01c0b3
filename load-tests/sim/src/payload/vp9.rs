//! The VP9 payload descriptor (RFC 9628 section 4.2), non-flexible, one spatial layer.

use super::Part;

pub(super) fn write(part: &Part, payload: &mut Vec<u8>) {
    let is_key = part.stamp.is_keyframe;
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    let has_structure = is_key && part.is_first();
    payload.push(
        0x80 | flag(!is_key, 0x40)
            | flag(part.is_first(), 0x08)
            | flag(part.is_last(), 0x04)
            | flag(has_structure, 0x02),
    );
    #[expect(clippy::cast_possible_truncation, reason = "15 running bits")]
    let picture_id = part.stamp.frame as u16 | 0x8000;
    payload.extend(picture_id.to_be_bytes());
    if has_structure {
        payload.push(0x10);
        payload.extend(part.dimensions.width.to_be_bytes());
        payload.extend(part.dimensions.height.to_be_bytes());
    }
}
