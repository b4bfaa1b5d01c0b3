//! The VP9 payload descriptor (RFC 9628 section 4.2).

use sfu_model::packet::{Dimensions, PayloadFacts};

pub(super) fn read(payload: &[u8]) -> Option<PayloadFacts> {
    let first = *payload.first()?;
    let has_picture_id = first & 0x80 != 0;
    let is_inter_predicted = first & 0x40 != 0;
    let has_layer_indices = first & 0x20 != 0;
    let is_flexible = first & 0x10 != 0;
    let begins_frame = first & 0x08 != 0;
    let has_scalability_structure = first & 0x02 != 0;

    let mut at = 1;
    if has_picture_id {
        let wide = payload.get(at)? & 0x80 != 0;
        at += if wide { 2 } else { 1 };
    }
    let mut spatial = 0;
    if has_layer_indices {
        spatial = (payload.get(at)? >> 1) & 0x07;
        // TL0PICIDX follows in non-flexible mode.
        at += if is_flexible { 1 } else { 2 };
    }
    if is_flexible && is_inter_predicted {
        // Up to three reference indices, chained by their lowest bit.
        for _ in 0..3 {
            let more = payload.get(at)? & 0x01 != 0;
            at += 1;
            if !more {
                break;
            }
        }
    }
    let dimensions = if has_scalability_structure {
        largest_dimensions(payload.get(at..)?)?
    } else {
        None
    };
    let starts_keyframe = begins_frame && !is_inter_predicted && spatial == 0;
    Some(PayloadFacts {
        starts_keyframe,
        vp8: None,
        dimensions,
    })
}

/// The size of the highest spatial layer in a scalability structure. The outer `None` is a cut structure.
#[expect(clippy::option_option, reason = "malformed and absent are two answers")]
fn largest_dimensions(structure: &[u8]) -> Option<Option<Dimensions>> {
    let head = *structure.first()?;
    let n_layers = usize::from(head >> 5) + 1;
    let has_sizes = head & 0x10 != 0;
    if !has_sizes {
        return Some(None);
    }
    let last = structure.get(1 + (n_layers - 1) * 4..1 + n_layers * 4)?;
    match last {
        [w1, w0, h1, h0] => Some(Some(Dimensions {
            width: u16::from_be_bytes([*w1, *w0]),
            height: u16::from_be_bytes([*h1, *h0]),
        })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_with_a_scalability_structure_tells_its_size() {
        // I=1 P=0 L=0 F=0 B=1 E=0 V=1; 15-bit picture id; one layer of 1280x720.
        let payload = [0x8a, 0x81, 0x02, 0x10, 0x05, 0x00, 0x02, 0xd0, 0xff];
        let facts = read(&payload).unwrap();
        assert!(facts.starts_keyframe);
        assert_eq!(
            facts.dimensions,
            Some(Dimensions {
                width: 1280,
                height: 720
            })
        );
    }

    #[test]
    fn an_inter_predicted_or_upper_layer_frame_starts_no_keyframe() {
        assert!(!read(&[0xc8, 0x01]).unwrap().starts_keyframe);
        // L=1, spatial layer 1, non-flexible.
        assert!(!read(&[0x28, 0x02, 0x00]).unwrap().starts_keyframe);
    }

    #[test]
    fn a_cut_descriptor_is_malformed() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x80]), None);
        assert_eq!(read(&[0x02, 0x10, 0x05]), None);
    }
}
