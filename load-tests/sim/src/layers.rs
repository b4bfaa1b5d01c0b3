//! How an encoder makes layers: which frames a picture has, and which frames each of them refers to. The patterns are those
//! of libwebrtc's encoders: temporal layers come as 0, 2, 1, 2, and begin anew with each keyframe.

use sfu_model::codec::Codec;
use sfu_model::layer::Layer;

/// `LnTm` or `LnTm_KEY` of webrtc-svc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scalability {
    /// Spatial layers.
    pub spatial: u8,
    /// Temporal layers, up to three.
    pub temporal: u8,
    /// Spatial layers depend on each other in keyframes only.
    pub is_key_only: bool,
}

impl Scalability {
    /// One layer: every frame refers to the one before it.
    pub const NONE: Self = Self::full(1, 1);

    /// `LnTm`: each spatial layer depends on the one below it in every picture.
    pub const fn full(spatial: u8, temporal: u8) -> Self {
        Self {
            spatial,
            temporal,
            is_key_only: false,
        }
    }

    /// `LnTm_KEY`.
    pub const fn key_only(spatial: u8, temporal: u8) -> Self {
        Self {
            is_key_only: true,
            ..Self::full(spatial, temporal)
        }
    }

    /// It has layers.
    pub fn is_layered(self) -> bool {
        self.spatial > 1 || self.temporal > 1
    }

    /// Pictures after which temporal layers repeat.
    pub fn period(self) -> u32 {
        match self.temporal {
            0 | 1 => 1,
            2 => 2,
            _ => 4,
        }
    }

    /// A frame of this spatial layer depends on the one below it in the same picture.
    pub fn has_frame_below(self, spatial: u8, is_key_picture: bool) -> bool {
        spatial > 0 && (is_key_picture || !self.is_key_only)
    }
}

/// What a picture is in the temporal pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Its temporal layer.
    pub temporal: u8,
    /// How many pictures back those are that it refers to.
    pub pictures_back: &'static [u8],
    /// Of its own layer and those above it refers to nothing: whoever has the layers below can begin with it.
    pub is_sync: bool,
}

impl Beat {
    const fn new(temporal: u8, pictures_back: &'static [u8], is_sync: bool) -> Self {
        Self {
            temporal,
            pictures_back,
            is_sync,
        }
    }
}

const ONE: [Beat; 1] = [Beat::new(0, &[1], true)];
const TWO: [Beat; 2] = [Beat::new(0, &[2], true), Beat::new(1, &[1], true)];
const THREE: [Beat; 4] = [
    Beat::new(0, &[4], true),
    Beat::new(2, &[1], true),
    Beat::new(1, &[2], true),
    Beat::new(2, &[1], true),
];

/// VP8's temporal layers keep their own buffers: only each second time they begin anew from the base layer.
const TWO_OF_VP8: [Beat; 4] = [
    Beat::new(0, &[2], false),
    Beat::new(1, &[1], true),
    Beat::new(0, &[2], false),
    Beat::new(1, &[1, 2], false),
];
const THREE_OF_VP8: [Beat; 8] = [
    Beat::new(0, &[4], false),
    Beat::new(2, &[1], true),
    Beat::new(1, &[2], true),
    Beat::new(2, &[1, 3], false),
    Beat::new(0, &[4], false),
    Beat::new(2, &[1, 3], false),
    Beat::new(1, &[2, 4], false),
    Beat::new(2, &[1, 3], false),
];

/// What the picture so many after a keyframe is.
pub fn beat(codec: Codec, mode: Scalability, since_keyframe: u32) -> Beat {
    let beats: &[Beat] = match (mode.temporal, codec) {
        (0 | 1, _) => &ONE,
        (2, Codec::Vp8) => &TWO_OF_VP8,
        (2, _) => &TWO,
        (_, Codec::Vp8) => &THREE_OF_VP8,
        (_, _) => &THREE,
    };
    let index = since_keyframe as usize % beats.len();
    beats.get(index).copied().unwrap_or(ONE[0])
}

/// Most frames that a frame refers to.
pub const REFERENCES_MAX: usize = 3;

/// Where a frame stands among the layers of its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// What its encoder makes.
    pub mode: Scalability,
    /// Its layer.
    pub layer: Layer,
    /// How many frames of the encoding back those are that it refers to; zeros are none. A keyframe refers to none,
    /// whatever stands here.
    pub references: [u8; REFERENCES_MAX],
}

impl Default for Place {
    /// The only layer: each frame refers to the one before it.
    fn default() -> Self {
        Self::new(Scalability::NONE, ONE[0], 0, false)
    }
}

impl Place {
    /// The place of a picture's frame of this spatial layer.
    pub fn new(mode: Scalability, beat: Beat, spatial: u8, is_key_picture: bool) -> Self {
        let back = beat.pictures_back.iter().filter(|_| !is_key_picture);
        let below = mode.has_frame_below(spatial, is_key_picture).then_some(1);
        let all = back.map(|pictures| pictures * mode.spatial).chain(below);
        let mut references = [0; REFERENCES_MAX];
        for (place, frames) in references.iter_mut().zip(all) {
            *place = frames;
        }
        Self {
            mode,
            layer: Layer {
                spatial,
                temporal: beat.temporal,
            },
            references,
        }
    }

    /// How many frames back those are that it refers to.
    pub fn references(&self) -> impl Iterator<Item = u8> + '_ {
        self.references.iter().copied().filter(|back| *back > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every picture refers to pictures of its layer and of those below, and not across a keyframe; one that says so, only
    /// to those below.
    #[test]
    fn references_are_of_the_layers_below() {
        for codec in [Codec::Vp8, Codec::Vp9 { profile_id: 0 }] {
            for temporal in 1..=3 {
                let mode = Scalability::full(1, temporal);
                for n in 1..32 {
                    let picture = beat(codec, mode, n);
                    for back in picture.pictures_back {
                        let Some(at) = n.checked_sub(u32::from(*back)) else {
                            panic!("{codec:?} {temporal}: {n} refers to before the keyframe");
                        };
                        let reference = beat(codec, mode, at);
                        assert!(reference.temporal <= picture.temporal);
                        let is_own = reference.temporal == picture.temporal;
                        assert!(!(is_own && picture.is_sync && picture.temporal > 0));
                    }
                }
            }
        }
    }

    #[test]
    fn a_keyframe_s_upper_layers_refer_to_the_one_below_only() {
        let key = |mode| Place::new(mode, THREE[0], 2, true).references;
        assert_eq!(key(Scalability::full(3, 3)), [1, 0, 0]);
        assert_eq!(key(Scalability::key_only(3, 3)), [1, 0, 0]);
        let delta = |mode| Place::new(mode, THREE[0], 2, false).references;
        assert_eq!(delta(Scalability::full(3, 3)), [12, 1, 0]);
        assert_eq!(delta(Scalability::key_only(3, 3)), [12, 0, 0]);
        assert_eq!(Place::default().references, [1, 0, 0]);
    }
}
