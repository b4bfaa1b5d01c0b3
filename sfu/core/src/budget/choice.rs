//! What a subscriber has asked for, and why it gets what it gets.

use sfu_model::layer::Layer;
use sfu_model::packet::Dimensions;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Rid;

use crate::route::tracks::{Step, TrackOutline};

/// The layers of its video that a subscriber wants at most. The default bounds nothing: the path alone decides.
///
/// It is a bound and no command: below it the path decides, so that whoever asks for more than arrives does not freeze.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerChoice {
    /// The encoding of this rid, and none that ranks above it.
    pub rid: Option<Rid>,
    /// This spatial layer, and none above it: of simulcast the rank of an encoding by size, of a lone encoding one of the
    /// layers inside it. 0 is the smallest.
    pub spatial: Option<u8>,
    /// None above this spatial layer, which need not be there.
    pub spatial_max: Option<u8>,
    /// This temporal layer inside an encoding, and none above it. 0 is the lowest frame rate.
    pub temporal: Option<u8>,
    /// None above this temporal layer, which need not be there.
    pub temporal_max: Option<u8>,
    /// None wider than this, in pixels.
    pub width_max: Option<u16>,
    /// None higher than this, in pixels.
    pub height_max: Option<u16>,
}

/// Why a subscriber gets the encoding that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is the best there is.
    Best,
    /// It was asked for.
    Chosen,
    /// There is a better one that it may have, and its path carries only this much.
    Path(Bitrate),
    /// It gets no picture at all: its path carries only this much, and sound comes first.
    SoundOnly(Bitrate),
}

impl LayerChoice {
    /// Nothing is asked for.
    pub fn is_automatic(&self) -> bool {
        *self == Self::default()
    }

    /// Every layer that it names is one of this track's. A bound names none.
    pub(crate) fn is_of(&self, track: &TrackOutline) -> bool {
        let has_rid = |rid| track.encodings.iter().any(|e| e.rid == Some(rid));
        let has_spatial = |spatial| track.steps().any(|step| step.place(track) == spatial);
        let mut temporals = track.encodings.iter().map(|e| e.highest_layer.temporal);
        let mut has_temporal = |temporal| temporals.any(|highest| temporal <= highest);
        self.rid.is_none_or(has_rid)
            && self.spatial.is_none_or(has_spatial)
            && self.temporal.is_none_or(&mut has_temporal)
    }

    /// Whether it allows this resolution of the track. A rid that the track does not have, because another publisher came,
    /// bounds nothing.
    pub(crate) fn allows(&self, step: Step<'_>, track: &TrackOutline) -> bool {
        let named = track
            .encodings
            .iter()
            .find(|e| self.rid.is_some() && e.rid == self.rid);
        let within = |max: Option<u8>| max.is_none_or(|max| step.place(track) <= max);
        named.is_none_or(|named| step.encoding.rank <= named.rank)
            && within(self.spatial)
            && within(self.spatial_max)
            && self.allows_size(step.size())
    }

    /// The highest temporal layer that it allows.
    pub(crate) fn temporal_ceiling(&self) -> u8 {
        let bounds = [self.temporal, self.temporal_max];
        let top = Layer::TOP.temporal;
        bounds.into_iter().flatten().fold(top, u8::min)
    }

    /// Whether this resolution, the highest that it allows, is that because of it, or comes at a lower frame rate.
    pub(crate) fn decides(&self, highest: Step<'_>, track: &TrackOutline) -> bool {
        let is_named = (self.rid.is_some() && self.rid == highest.encoding.rid)
            || self.spatial == Some(highest.place(track))
            || self.temporal.is_some();
        let is_slower = self.temporal_ceiling() < highest.encoding.highest_layer.temporal;
        is_named || is_slower || !track.steps().all(|step| self.allows(step, track))
    }

    /// A size that is not known yet may be too large: the first keyframe tells it.
    fn allows_size(&self, size: Option<Dimensions>) -> bool {
        let fits = |max: Option<u16>, side: fn(Dimensions) -> u16| {
            max.is_none_or(|max| size.is_some_and(|size| side(size) <= max))
        };
        fits(self.width_max, |size| size.width) && fits(self.height_max, |size| size.height)
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::id::{EncodingId, TrackId};
    use sfu_model::packet::LayerSizes;

    use super::*;
    use crate::route::tracks::EncodingOutline;

    /// `q` 320x180, `h` 640x360, `f` whose size is not known yet.
    fn track() -> TrackOutline {
        let known = [Some((320, 180)), Some((640, 360)), None];
        let encodings = (0_u8..).zip(["q", "h", "f"]).zip(known);
        let outline = |((rank, rid), size): ((u8, &str), Option<(u16, u16)>)| EncodingOutline {
            id: EncodingId(u64::from(rank)),
            rid: Rid::new(rid),
            rank,
            codec: None,
            sizes: sizes(size),
            is_flowing: true,
            highest_layer: Layer::default(),
        };
        TrackOutline {
            id: TrackId(1),
            kind: MediaKind::Video,
            encodings: encodings.map(outline).collect(),
        }
    }

    fn sizes(known: impl IntoIterator<Item = (u16, u16)>) -> LayerSizes {
        let mut sizes = LayerSizes::default();
        for (width, height) in known {
            assert!(sizes.push(Dimensions { width, height }));
        }
        sizes
    }

    /// One encoding of three resolutions and three frame rates.
    fn scalable() -> TrackOutline {
        let mut track = track();
        track.encodings.truncate(1);
        for encoding in &mut track.encodings {
            encoding.rid = None;
            encoding.sizes = sizes([(320, 180), (640, 360), (1_280, 720)]);
            encoding.highest_layer = Layer {
                spatial: 2,
                temporal: 2,
            };
        }
        track
    }

    fn rid(rid: &str) -> LayerChoice {
        LayerChoice {
            rid: Rid::new(rid),
            ..LayerChoice::default()
        }
    }

    fn size(width_max: Option<u16>, height_max: Option<u16>) -> LayerChoice {
        LayerChoice {
            width_max,
            height_max,
            ..LayerChoice::default()
        }
    }

    #[test]
    fn a_choice_bounds_from_above_and_the_default_bounds_nothing() {
        let spatial = LayerChoice {
            spatial: Some(1),
            ..LayerChoice::default()
        };
        let spatial_max = LayerChoice {
            spatial_max: Some(0),
            ..LayerChoice::default()
        };
        let table = [
            (LayerChoice::default(), 3),
            (rid("q"), 1),
            (rid("h"), 2),
            (rid("f"), 3),
            (rid("gone"), 3),
            (spatial, 2),
            (spatial_max, 1),
            (size(None, Some(180)), 1),
            (size(Some(639), Some(1_080)), 1),
            (size(Some(640), None), 2),
            (size(Some(4_000), None), 2),
            (size(Some(10), None), 0),
        ];
        let track = track();
        for (choice, n_allowed) in table {
            let allowed = track.steps().filter(|step| choice.allows(*step, &track));
            assert_eq!(allowed.count(), n_allowed, "{choice:?}");
        }
    }

    #[test]
    fn only_what_the_track_has_can_be_named() {
        let spatial = |rank| LayerChoice {
            spatial: Some(rank),
            ..LayerChoice::default()
        };
        let beyond = LayerChoice {
            spatial_max: Some(9),
            ..LayerChoice::default()
        };
        let track = track();
        for known in [
            LayerChoice::default(),
            rid("h"),
            spatial(2),
            beyond,
            size(Some(1), None),
        ] {
            assert!(known.is_of(&track), "{known:?}");
        }
        for unknown in [rid("x"), spatial(3)] {
            assert!(!unknown.is_of(&track), "{unknown:?}");
        }
    }

    #[test]
    fn the_layers_inside_a_lone_encoding_are_bounded_and_named_like_encodings() {
        let spatial = LayerChoice {
            spatial: Some(1),
            ..LayerChoice::default()
        };
        let table = [
            (LayerChoice::default(), 3),
            (spatial, 2),
            (size(None, Some(180)), 1),
        ];
        let track = scalable();
        for (choice, n_allowed) in table {
            let allowed = track.steps().filter(|step| choice.allows(*step, &track));
            assert_eq!(allowed.count(), n_allowed, "{choice:?}");
            assert!(choice.is_of(&track));
        }
        let beyond = LayerChoice {
            spatial: Some(3),
            ..LayerChoice::default()
        };
        assert!(!beyond.is_of(&track));
    }

    #[test]
    fn frame_rates_are_named_or_bounded() {
        let named = |temporal| LayerChoice {
            temporal: Some(temporal),
            ..LayerChoice::default()
        };
        let bounded = LayerChoice {
            temporal_max: Some(1),
            ..LayerChoice::default()
        };
        let track = scalable();
        assert!(named(2).is_of(&track) && !named(3).is_of(&track));
        assert_eq!(named(0).temporal_ceiling(), 0);
        assert_eq!(bounded.temporal_ceiling(), 1);
        assert_eq!(LayerChoice::default().temporal_ceiling(), 3);
        let best = track.steps().last().unwrap();
        assert!(named(2).decides(best, &track) && bounded.decides(best, &track));
        assert!(!LayerChoice::default().decides(best, &track));
    }
}
