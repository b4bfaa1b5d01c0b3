//! What a subscriber, or another worker, is told of a room's tracks.

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::Dimensions;
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
    /// Its picture size, once a keyframe told it.
    pub dimensions: Option<Dimensions>,
    /// True while packets arrive.
    pub is_flowing: bool,
    /// The highest spatial and the highest temporal layer that flow inside it; zeros when it has none.
    pub highest_layer: Layer,
}
