//! The VP8 payload descriptor and header (RFC 7741 sections 4.2 and 4.3; RFC 6386 section 9.1).

use sfu_model::layer::{Layer, Placement};
use sfu_model::packet::{Dimensions, LayerSizes, PayloadFacts, PictureNumbers};

pub(super) fn read(payload: &[u8]) -> Option<PayloadFacts> {
    let first = *payload.first()?;
    let has_extension = first & 0x80 != 0;
    let starts_partition = first & 0x10 != 0;
    let partition = first & 0x07;

    let mut at = 1;
    let mut numbers = PictureNumbers::default();
    let mut temporal = None;
    if has_extension {
        let flags = *payload.get(at)?;
        at += 1;
        if flags & 0x80 != 0 {
            let high = *payload.get(at)?;
            at += 1;
            let picture_id = if high & 0x80 == 0 {
                u16::from(high)
            } else {
                let low = *payload.get(at)?;
                at += 1;
                u16::from_be_bytes([high & 0x7f, low])
            };
            numbers.picture_id = Some(picture_id);
        }
        if flags & 0x40 != 0 {
            numbers.tl0_picture_index = Some(*payload.get(at)?);
            at += 1;
        }
        // TID with Y and KEYIDX share an octet that is there when either of them is.
        if flags & 0x30 != 0 {
            let octet = *payload.get(at)?;
            at += 1;
            if flags & 0x20 != 0 {
                temporal = Some((octet >> 6, octet & 0x20 != 0));
            }
            if flags & 0x10 != 0 {
                numbers.key_index = Some(octet & 0x1f);
            }
        }
    }

    let header = payload.get(at..)?;
    let begins_frame = starts_partition && partition == 0;
    // The first bit of a frame is zero for keyframes.
    let starts_keyframe = begins_frame && header.first()? & 0x01 == 0;
    let dimensions = if starts_keyframe {
        dimensions(header)
    } else {
        None
    };
    Some(PayloadFacts {
        starts_keyframe,
        picture: Some(numbers),
        placement: temporal
            .and_then(|(index, is_synced)| placement(index, is_synced, begins_frame)),
        sizes: dimensions.map(LayerSizes::from).unwrap_or_default(),
    })
}

/// TID and Y: a picture with Y set depends only on the latest one of the base layer. Two bits name no layer beyond the limit.
fn placement(temporal: u8, is_synced: bool, begins_frame: bool) -> Option<Placement> {
    Some(Placement {
        layer: Layer::new(0, temporal)?,
        begins_frame,
        ends_frame: false,
        is_switching_point: is_synced,
        is_inter_predicted: true,
    })
}

/// Width and height follow the three-byte frame tag and the start code, 14 bits each, little-endian.
fn dimensions(header: &[u8]) -> Option<Dimensions> {
    match header.get(3..10)? {
        [0x9d, 0x01, 0x2a, w0, w1, h0, h1] => Some(Dimensions {
            width: u16::from_le_bytes([*w0, *w1]) & 0x3fff,
            height: u16::from_le_bytes([*h0, *h1]) & 0x3fff,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_tells_its_size_and_counters() {
        let payload = [
            0x90, 0xf0, 0x81, 0x02, 0x07,
            0x23, // S=1 PID=0; I L T K; picture id 258; TL0 7; key index 3
            0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01,
        ];
        let facts = read(&payload).unwrap();
        assert!(facts.starts_keyframe);
        assert_eq!(
            facts.sizes.largest(),
            Some(Dimensions {
                width: 640,
                height: 360
            })
        );
        let numbers = facts.picture.unwrap();
        assert_eq!(numbers.picture_id, Some(258));
        assert_eq!(numbers.tl0_picture_index, Some(7));
        assert_eq!(numbers.key_index, Some(3));
        let placement = facts.placement.unwrap();
        assert_eq!(placement.layer, Layer::default());
        assert!(placement.begins_frame && placement.is_switching_point);
    }

    #[test]
    fn a_temporal_layer_is_told_only_where_the_descriptor_has_one() {
        let placement = |payload: &[u8]| read(payload).unwrap().placement;
        // X, S; T; TID 2 without Y.
        let upper = placement(&[0x90, 0x20, 0x80, 0x01]).unwrap();
        assert_eq!(
            upper.layer,
            Layer {
                spatial: 0,
                temporal: 2
            }
        );
        assert!(!upper.is_switching_point);
        // A later packet of a picture with Y.
        let later = placement(&[0x80, 0x20, 0x60, 0x01]).unwrap();
        assert_eq!(later.layer.temporal, 1);
        assert!(later.is_switching_point && !later.begins_frame);
        // K only: the octet is there, its TID means nothing.
        assert_eq!(placement(&[0x90, 0x10, 0xc3, 0x01]), None);
    }

    #[test]
    fn a_delta_frame_or_a_later_packet_starts_nothing() {
        assert!(!read(&[0x10, 0x01]).unwrap().starts_keyframe);
        assert!(!read(&[0x00, 0x00]).unwrap().starts_keyframe);
    }

    #[test]
    fn a_short_descriptor_is_malformed() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x90, 0x80, 0x81]), None);
        assert_eq!(read(&[0x10]), None);
    }
}
