//! What a subscriber, or another worker, is told of a room's tracks.

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::{Dimensions, LayerSizes};
use sfu_model::rtp::Rid;

/// A published track, as seen from outside its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackOutline {
    /// Its name.
    pub id: TrackId,
    /// Audio or video.
    pub kind: MediaKind,
    /// Its encodings, in no particular order.
    pub encodings: Vec<EncodingOutline>,
}

/// One encoding of a track, as seen from outside its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodingOutline {
    /// Its name.
    pub id: EncodingId,
    /// Its rid in the publisher's session.
    pub rid: Option<Rid>,
    /// Rank by size, 0 is the smallest.
    pub rank: u8,
    /// What it carries, once something arrived.
    pub codec: Option<Codec>,
    /// Its picture sizes, once a keyframe told them.
    pub sizes: LayerSizes,
    /// True while packets arrive.
    pub is_flowing: bool,
    /// The highest spatial and the highest temporal layer that flow inside it; zeros when it has none.
    pub highest_layer: Layer,
}

/// A resolution of a track: an encoding up to one of its spatial layers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) encoding: &'a EncodingOutline,
    /// The layer inside the encoding.
    pub(crate) spatial: u8,
}

impl TrackOutline {
    /// Its resolutions, those of each encoding low to high.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.encodings.iter().flat_map(EncodingOutline::steps)
    }
}

impl EncodingOutline {
    /// Its resolutions, low to high.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        (0..=self.highest_layer.spatial).map(|spatial| Step {
            encoding: self,
            spatial,
        })
    }
}

impl Step<'_> {
    /// Its place among all resolutions of its track, as players name it: the rank of the encoding where there are several,
    /// and the layer inside where there is one. Nobody sends both.
    pub(crate) fn place(self, track: &TrackOutline) -> u8 {
        match track.encodings.len() {
            0 | 1 => self.spatial,
            _ => self.encoding.rank,
        }
    }

    /// Its picture size, once known.
    pub(crate) fn size(self) -> Option<Dimensions> {
        self.encoding.sizes.of(self.spatial)
    }
}
