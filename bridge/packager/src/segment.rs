//! A media segment: it starts at a keyframe (video) and is its parts, one after the other.

use std::sync::Arc;
use std::time::Duration;

use sfu_model::time::MediaTime;

use crate::part::Part;

/// The number of a segment (`EXT-X-MEDIA-SEQUENCE`), the same in all renditions of a stream; from 0, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaSequenceNumber(pub u64);

/// The number of an init section inside its rendition, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InitNumber(pub u32);

/// What is said of a segment before it is finished, which its first part already needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHead {
    /// Its number.
    pub number: MediaSequenceNumber,
    /// How many discontinuities of the stream came before it, its own included; the same in all renditions.
    pub discontinuity_sequence: u64,
    /// A discontinuity is between it and the segment before it (`EXT-X-DISCONTINUITY`).
    pub is_discontinuous: bool,
    /// The init section that its samples need (`EXT-X-MAP`).
    pub init: InitNumber,
    /// Time of its first sample on the stream's timeline, in ticks of the rendition's clock.
    pub starts_at: MediaTime,
    /// The wall time of its first sample (`EXT-X-PROGRAM-DATE-TIME`), as milliseconds since 1970.
    pub program_date_time_ms: u64,
}

/// A finished segment as a playlist lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What was said of it from its start.
    pub head: SegmentHead,
    /// The sum of its parts' durations.
    pub duration: Duration,
    /// Its parts.
    pub parts: Arc<[Part]>,
    /// There is nothing to fetch (`EXT-X-GAP`).
    pub is_gap: bool,
    /// How many bytes its parts have together.
    pub size_bytes: u32,
}
