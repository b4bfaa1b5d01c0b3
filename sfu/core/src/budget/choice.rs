//! What a subscriber has asked for, and why it gets what it gets.

use sfu_model::packet::Dimensions;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Rid;

use crate::route::tracks::{EncodingOutline, TrackOutline};

/// The encodings of its video that a subscriber wants at most. The default bounds nothing: the path alone decides.
///
/// It is a bound and no command: below it the path decides, so that whoever asks for more than arrives does not freeze.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerChoice {
    /// The encoding of this rid, and none that ranks above it.
    pub rid: Option<Rid>,
    /// The encoding of this spatial layer, and none above it: the rank by size, 0 is the smallest.
    pub spatial: Option<u8>,
    /// None above this spatial layer, which need not be there.
    pub spatial_max: Option<u8>,
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
}

impl LayerChoice {
    /// Nothing is asked for.
    pub fn is_automatic(&self) -> bool {
        *self == Self::default()
    }

    /// Every encoding that it names is one of this track's. A bound names none.
    pub(crate) fn is_of(&self, track: &TrackOutline) -> bool {
        let has_rid = |rid| track.encodings.iter().any(|e| e.rid == Some(rid));
        let has_rank = |rank| track.encodings.iter().any(|e| e.rank == rank);
        self.rid.is_none_or(has_rid) && self.spatial.is_none_or(has_rank)
    }

    /// Whether it allows this encoding of the track. A rid that the track does not have, because another publisher came,
    /// bounds nothing.
    pub(crate) fn allows(&self, encoding: &EncodingOutline, track: &TrackOutline) -> bool {
        let named = track
            .encodings
            .iter()
            .find(|e| self.rid.is_some() && e.rid == self.rid);
        let within = |max: Option<u8>| max.is_none_or(|max| encoding.rank <= max);
        named.is_none_or(|named| encoding.rank <= named.rank)
            && within(self.spatial)
            && within(self.spatial_max)
            && self.allows_size(encoding.dimensions)
    }

    /// Whether this encoding, the highest that it allows, is that because of it.
    pub(crate) fn decides(&self, highest: &EncodingOutline, track: &TrackOutline) -> bool {
        let is_named = (self.rid.is_some() && self.rid == highest.rid)
            || self.spatial.is_some_and(|rank| rank == highest.rank);
        is_named || !track.encodings.iter().all(|e| self.allows(e, track))
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
    use sfu_model::layer::Layer;

    use super::*;

    /// `q` 320x180, `h` 640x360, `f` whose size is not known yet.
    fn track() -> TrackOutline {
        let sizes = [Some((320, 180)), Some((640, 360)), None];
        let encodings = (0_u8..).zip(["q", "h", "f"]).zip(sizes);
        let outline = |((rank, rid), size): ((u8, &str), Option<(u16, u16)>)| EncodingOutline {
            id: EncodingId(u64::from(rank)),
            rid: Rid::new(rid),
            rank,
            codec: None,
            dimensions: size.map(|(width, height)| Dimensions { width, height }),
            is_flowing: true,
            highest_layer: Layer::default(),
        };
        TrackOutline {
            id: TrackId(1),
            kind: MediaKind::Video,
            encodings: encodings.map(outline).collect(),
        }
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
            let allowed = track.encodings.iter().filter(|e| choice.allows(e, &track));
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
}
