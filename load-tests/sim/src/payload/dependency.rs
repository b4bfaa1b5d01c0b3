//! The Dependency Descriptor (AV1 RTP payload format, appendix A) as libwebrtc writes it: a template for each kind of frame,
//! one chain for each spatial layer, the structure with each keyframe.

use sfu_model::codec::Codec;
use sfu_model::packet::Dimensions;

use super::Shot;
use super::bits::BitWriter;
use crate::layers::{Place, Scalability, beat};

/// What a frame can be.
struct Template {
    place: Place,
    is_key: bool,
    /// Of the pictures after a keyframe the first that it describes.
    beat: u32,
    indications: Vec<u32>,
    chains: Vec<u32>,
}

/// Dependency Descriptors write the temporal layers of this codec, whatever it is.
const CODEC: Codec = Codec::Av1 { profile: 0 };

/// Not present, discardable, switch, required (table A.1).
const NOT_PRESENT: u32 = 0;
const DISCARDABLE: u32 = 1;
const SWITCH: u32 = 2;
const REQUIRED: u32 = 3;

/// Which templates an encoder begins with is its choice: not those that a reader might take for given.
const TEMPLATE_ID_OFFSET: u32 = 60;

/// The descriptor of one packet.
pub fn write(shot: &Shot, (begins, ends): (bool, bool), sizes: &[Dimensions]) -> Vec<u8> {
    let mode = shot.place.mode;
    let templates = templates(mode);
    let beat = shot.since_keyframe % mode.period();
    let index = templates.iter().position(|t| {
        t.place.layer == shot.place.layer
            && t.is_key == shot.is_key_picture
            && (t.is_key || t.beat == beat)
    });
    let template = u32::try_from(index.unwrap_or(0)).unwrap_or(0);
    let mut bits = BitWriter::default();
    bits.number(u32::from(begins), 1)
        .number(u32::from(ends), 1)
        .number((TEMPLATE_ID_OFFSET + template) & 0x3f, 6)
        .number(u32::from(shot.frame_number), 16);
    if begins && shot.is_key_picture && shot.place.layer.spatial == 0 {
        // A structure, and nothing else.
        bits.number(0b1_0000, 5);
        write_structure(&mut bits, mode, &templates, sizes);
    }
    bits.bytes()
}

/// In the order that they must have: by spatial layer, then by temporal.
fn templates(mode: Scalability) -> Vec<Template> {
    let mut latest = vec![None; usize::from(mode.spatial)];
    let mut templates = Vec::new();
    for picture in 0..2 * mode.period() {
        let is_key = picture == 0;
        for spatial in 0..mode.spatial {
            let place = Place::new(mode, beat(CODEC, mode, picture), spatial, is_key);
            let frame = picture * u32::from(mode.spatial) + u32::from(spatial);
            let chains = latest
                .iter()
                .map(|last| last.map_or(0, |last| frame - last));
            let template = Template {
                place,
                is_key,
                beat: picture % mode.period(),
                indications: indications(place, is_key),
                chains: chains.collect(),
            };
            for (chain, last) in (0..).zip(&mut latest) {
                if is_of_chain(place, is_key, chain) {
                    *last = Some(frame);
                }
            }
            // Of the pictures after the first those of the second round: the base layer's refer to one of their own.
            if is_key || picture >= mode.period() {
                templates.push(template);
            }
        }
    }
    templates.sort_by_key(|t| (t.place.layer, !t.is_key, t.beat));
    templates
}

fn is_of_chain(place: Place, is_key: bool, chain: u8) -> bool {
    let spatial = place.layer.spatial;
    let is_below = spatial <= chain && (is_key || !place.mode.is_key_only);
    place.layer.temporal == 0 && (is_below || spatial == chain)
}

/// What a frame is to each decode target, low to high.
fn indications(place: Place, is_key: bool) -> Vec<u32> {
    let mode = place.mode;
    let targets = (0..mode.spatial).flat_map(|s| (0..mode.temporal).map(move |t| (s, t)));
    targets
        .map(|(spatial, temporal)| indication(place, is_key, spatial, temporal))
        .collect()
}

fn indication(place: Place, is_key: bool, spatial: u8, temporal: u8) -> u32 {
    let layer = place.layer;
    if spatial < layer.spatial || temporal < layer.temporal {
        NOT_PRESENT
    } else if is_key {
        SWITCH
    } else if spatial > layer.spatial {
        match place.mode.is_key_only {
            true => NOT_PRESENT,
            false => REQUIRED,
        }
    } else if temporal == layer.temporal && temporal > 0 {
        DISCARDABLE
    } else {
        SWITCH
    }
}

fn write_structure(
    bits: &mut BitWriter,
    mode: Scalability,
    templates: &[Template],
    sizes: &[Dimensions],
) {
    let n_targets = u32::from(mode.spatial) * u32::from(mode.temporal);
    bits.number(TEMPLATE_ID_OFFSET, 6).number(n_targets - 1, 5);
    for pair in templates.windows(2) {
        let [before, after] = pair else { continue };
        let (before, after) = (before.place.layer, after.place.layer);
        let idc = if before.spatial != after.spatial {
            2
        } else {
            u32::from(before.temporal != after.temporal)
        };
        bits.number(idc, 2);
    }
    bits.number(3, 2);
    for indication in templates.iter().flat_map(|t| &t.indications) {
        bits.number(*indication, 2);
    }
    for template in templates {
        let references = template.place.references();
        for back in references.filter(|_| !template.is_key || template.place.layer.spatial > 0) {
            bits.number(1, 1).number(u32::from(back) - 1, 4);
        }
        bits.number(0, 1);
    }
    let n_chains = u32::from(mode.spatial);
    bits.below(n_chains, n_targets + 1);
    for chain in (0..n_chains).flat_map(|chain| (0..mode.temporal).map(move |_| chain)) {
        bits.below(chain, n_chains);
    }
    for chain in templates.iter().flat_map(|t| &t.chains) {
        bits.number(*chain, 4);
    }
    bits.number(1, 1);
    for size in sizes {
        bits.number(u32::from(size.width) - 1, 16)
            .number(u32::from(size.height) - 1, 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mode: Scalability) -> Vec<String> {
        let templates = templates(mode);
        let line = |t: &Template| {
            let letters: String = t
                .indications
                .iter()
                .map(|i| ['-', 'D', 'S', 'R'][*i as usize])
                .collect();
            format!("{letters} {:?}", t.chains)
        };
        templates.iter().map(line).collect()
    }

    /// As in appendix A.10 of the payload format, whose tables libwebrtc follows.
    #[test]
    fn templates_are_those_of_the_specification_s_examples() {
        assert_eq!(
            shown(Scalability::full(1, 3)),
            ["SSS [0]", "SSS [4]", "-DS [2]", "--D [1]", "--D [3]"]
        );
        let key_only = shown(Scalability::key_only(2, 2));
        assert_eq!(
            key_only,
            [
                "SSSS [0, 0]",
                "SS-- [4, 3]",
                "-D-- [2, 1]",
                "--SS [1, 1]",
                "--SS [1, 4]",
                "---D [3, 2]",
            ]
        );
        let full = shown(Scalability::full(2, 2));
        assert_eq!(
            full,
            [
                "SSSS [0, 0]",
                "SSRR [4, 3]",
                "-D-R [2, 1]",
                "--SS [1, 1]",
                "--SS [1, 1]",
                "---D [3, 2]",
            ]
        );
    }
}
