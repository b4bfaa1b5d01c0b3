//! The wish for a keyframe.

use crate::id::{EncodingId, TrackId};

/// Why somebody wants a keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyframeReason {
    /// A subscriber begins, or begins again after the publisher changed.
    Join,
    /// A subscriber may move to a better layer. What it has goes on meanwhile.
    Raise,
    /// A subscriber must move to a lesser layer.
    Lower,
    /// A subscriber's decoder lost its references and said so (PLI, RFC 4585; FIR, RFC 5104).
    Recovery,
}

/// A wish for a keyframe of one encoding. PLI or FIR is how it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyframeRequest {
    /// The track.
    pub track: TrackId,
    /// Which of its encodings.
    pub encoding: EncodingId,
    /// Why.
    pub reason: KeyframeReason,
}
