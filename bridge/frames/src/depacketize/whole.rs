//! What the packets of one frame make.

use std::sync::Arc;

use sfu_model::frame::Format;

/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// As [`Format`] says of its codec.
    pub(crate) data: Arc<[u8]>,
    /// A decoder can begin here.
    pub(crate) is_keyframe: bool,
    /// The same shared one until something of it changes.
    pub(crate) format: Arc<Format>,
}

/// Why packets make no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is nothing to show in them: parameter sets alone, or padding. Nothing is lost.
    Empty,
    /// Their codec does not allow them.
    Malformed,
    /// What they began does not end in them. A browser that stops sending an encoding throws away what waits to leave, and
    /// numbers what leaves later as if that had never been.
    CutShort,
    /// What a decoder must know before them has not come.
    NoParameterSets,
}
