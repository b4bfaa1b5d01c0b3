//! The VP9 payload descriptor (RFC 9628 section 4.2).

use sfu_model::layer::{Layer, Placement};
use sfu_model::packet::{Dimensions, LayerSizes, PayloadFacts, PictureNumbers};

use super::bytes::Bytes;

/// Most pictures that one refers to in flexible mode: P_DIFF may be there three times.
const DIFFERENCES_MAX: usize = 3;

/// The flags of the first octet.
struct Flags {
    has_picture_id: bool,
    is_inter_predicted: bool,
    has_layer_indices: bool,
    is_flexible: bool,
    begins_frame: bool,
    ends_frame: bool,
    has_structure: bool,
}

impl Flags {
    /// I, P, L, F, B, E, V. The last one, Z, says that no higher spatial layer of the picture refers to this one: all that
    /// are below what a subscriber gets pass, so it changes nothing.
    const fn new(octet: u8) -> Self {
        Self {
            has_picture_id: octet & 0x80 != 0,
            is_inter_predicted: octet & 0x40 != 0,
            has_layer_indices: octet & 0x20 != 0,
            is_flexible: octet & 0x10 != 0,
            begins_frame: octet & 0x08 != 0,
            ends_frame: octet & 0x04 != 0,
            has_structure: octet & 0x02 != 0,
        }
    }
}

pub(super) fn read(payload: &[u8]) -> Option<PayloadFacts> {
    let mut bytes = Bytes::new(payload);
    let flags = Flags::new(bytes.next()?);
    let mut picture = PictureNumbers::default();
    if flags.has_picture_id {
        picture.picture_id = Some(read_picture_id(&mut bytes)?);
    }
    let mut placement = None;
    if flags.has_layer_indices {
        placement = Some(read_placement(bytes.next()?, &flags)?);
        if !flags.is_flexible {
            picture.tl0_picture_index = Some(bytes.next()?);
        }
    }
    if flags.is_flexible && flags.is_inter_predicted {
        skip_differences(&mut bytes)?;
    }
    let sizes = if flags.has_structure {
        read_structure(&mut bytes)?.sizes
    } else {
        LayerSizes::default()
    };
    let spatial = placement.map_or(0, |p| p.layer.spatial);
    Some(PayloadFacts {
        starts_keyframe: flags.begins_frame && !flags.is_inter_predicted && spatial == 0,
        picture: Some(picture),
        placement,
        sizes,
    })
}

/// 7 bits, or 15 when the first one (M) says so.
fn read_picture_id(bytes: &mut Bytes<'_>) -> Option<u16> {
    let high = bytes.next()?;
    if high & 0x80 == 0 {
        return Some(u16::from(high));
    }
    Some(u16::from_be_bytes([high & 0x7f, bytes.next()?]))
}

/// TID, U, SID, D. Whether a frame depends on the one below it (D) changes nothing: both pass.
fn read_placement(octet: u8, flags: &Flags) -> Option<Placement> {
    Some(Placement {
        layer: Layer::new((octet >> 1) & 0x07, octet >> 5)?,
        begins_frame: flags.begins_frame,
        ends_frame: flags.ends_frame,
        is_switching_point: octet & 0x10 != 0,
        is_inter_predicted: flags.is_inter_predicted,
    })
}

/// P_DIFF, chained by its lowest bit (N). A fourth one is no descriptor.
fn skip_differences(bytes: &mut Bytes<'_>) -> Option<()> {
    for _ in 0..DIFFERENCES_MAX {
        if bytes.next()? & 0x01 == 0 {
            return Some(());
        }
    }
    None
}

/// What a scalability structure says.
#[derive(Debug, PartialEq, Eq)]
struct Structure {
    /// Low to high.
    sizes: LayerSizes,
}

/// N_S, Y, G; then sizes, and the pictures of a group with their references. The group repeats what each packet says of
/// itself, so it is only passed over; a structure that is cut is malformed.
fn read_structure(bytes: &mut Bytes<'_>) -> Option<Structure> {
    let head = bytes.next()?;
    let n_layers = (head >> 5) + 1;
    let mut sizes = LayerSizes::default();
    if head & 0x10 != 0 {
        for _ in 0..n_layers {
            let size = Dimensions {
                width: bytes.next_u16()?,
                height: bytes.next_u16()?,
            };
            // Layers beyond what any encoding has are refused where a packet is of one.
            sizes.push(size);
        }
    }
    if head & 0x08 != 0 {
        let n_pictures = bytes.next()?;
        for _ in 0..n_pictures {
            let n_references = (bytes.next()? >> 2) & 0x03;
            for _ in 0..n_references {
                bytes.next()?;
            }
        }
    }
    Some(Structure { sizes })
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
            facts.sizes.largest(),
            Some(Dimensions {
                width: 1280,
                height: 720
            })
        );
        assert_eq!(facts.picture.unwrap().picture_id, Some(258));
        assert_eq!(facts.placement, None);
    }

    #[test]
    fn the_largest_of_three_layers_is_the_size_and_the_group_is_passed_over() {
        // Three sizes, then a group of two pictures with two references and none.
        let mut payload = vec![0x0a, 0b0101_1000];
        for (width, height) in [(320_u16, 180_u16), (640, 360), (1_280, 720)] {
            payload.extend(width.to_be_bytes());
            payload.extend(height.to_be_bytes());
        }
        payload.extend([2, 0b0001_1000, 1, 2, 0b0010_0000]);
        let facts = read(&payload).unwrap();
        let widths = (0..4).map(|s| Some(facts.sizes.of(s)?.width));
        let expected = [Some(320), Some(640), Some(1_280), None];
        assert_eq!(widths.collect::<Vec<_>>(), expected);
        for cut in 2..payload.len() {
            assert_eq!(read(&payload[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn an_inter_predicted_or_upper_layer_frame_starts_no_keyframe() {
        assert!(!read(&[0xc8, 0x01]).unwrap().starts_keyframe);
        // L=1, spatial layer 1, non-flexible.
        assert!(!read(&[0x28, 0x02, 0x00]).unwrap().starts_keyframe);
    }

    #[test]
    fn layer_indices_place_a_packet() {
        // I=0 P=1 L=1 F=0 B=0 E=1; TID 2, U, SID 1, D; TL0PICIDX 9.
        let facts = read(&[0x64, 0b0101_0011, 9]).unwrap();
        let expected = Placement {
            layer: Layer {
                spatial: 1,
                temporal: 2,
            },
            begins_frame: false,
            ends_frame: true,
            is_switching_point: true,
            is_inter_predicted: true,
        };
        assert_eq!(facts.placement, Some(expected));
        assert_eq!(facts.picture.unwrap().tl0_picture_index, Some(9));
    }

    #[test]
    fn flexible_mode_has_differences_instead_of_an_index() {
        // I=0 P=1 L=1 F=1 B=1; TID 1; P_DIFF 1 and more, then 2.
        let facts = read(&[0x78, 0x20, 0x03, 0x04, 0xff]).unwrap();
        assert_eq!(facts.picture.unwrap().tl0_picture_index, None);
        assert_eq!(facts.placement.unwrap().layer.temporal, 1);
        assert_eq!(read(&[0x78, 0x20, 0x03, 0x05]), None, "cut");
        assert_eq!(read(&[0x78, 0x20, 3, 3, 3, 2]), None, "four");
    }

    #[test]
    fn layers_that_nobody_has_are_malformed() {
        assert_eq!(read(&[0x28, 4 << 1, 0]), None);
        assert_eq!(read(&[0x28, 4 << 5, 0]), None);
        assert!(read(&[0x28, (3 << 5) | (3 << 1), 0]).is_some());
    }

    #[test]
    fn a_cut_descriptor_is_malformed() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x80]), None);
        assert_eq!(read(&[0x80, 0x80]), None);
        assert_eq!(read(&[0x20]), None);
        assert_eq!(read(&[0x20, 0x00]), None, "no TL0PICIDX");
        assert_eq!(read(&[0x02, 0x10, 0x05]), None);
    }
}
