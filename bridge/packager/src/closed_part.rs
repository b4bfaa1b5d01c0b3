//! What the writer of parts is given, and what it gives.

use std::sync::Arc;

use sfu_model::time::Instant;

use crate::fmp4::Sample;

/// A frame whose duration is not known yet.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) captured_at: Instant,
    pub(crate) is_keyframe: bool,
    pub(crate) data: Arc<[u8]>,
}

/// A part that is closed. Without samples it is a gap.
#[derive(Debug)]
pub(crate) struct ClosedPart {
    /// In ticks.
    pub(crate) starts_at: u64,
    pub(crate) ends_at: u64,
    pub(crate) samples: Vec<Sample>,
    /// When its first sample was captured; unknown of a part that was split off another.
    pub(crate) captured_at: Option<Instant>,
    /// Nobody sent what is in it.
    pub(crate) is_stand_in: bool,
}

/// Where a part is in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Nothing with media is before it.
    pub(crate) begins_segment: bool,
    /// Nothing comes after it, as far as is known by now.
    pub(crate) ends_segment: bool,
}
