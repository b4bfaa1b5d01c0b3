//! A partial segment: what a low-latency player fetches.

use std::time::Duration;

/// Which part of its segment, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartIndex(pub u32);

/// A finished part as a playlist lists it. Its bytes leave with the event that told of it, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its place in the segment.
    pub index: PartIndex,
    /// The sum of its samples' durations; at most the part target.
    pub duration: Duration,
    /// It has a frame that a decoder can begin at (`INDEPENDENT=YES`).
    pub is_independent: bool,
    /// There is nothing to fetch (`GAP=YES`).
    pub is_gap: bool,
    /// How many bytes it has.
    pub size_bytes: u32,
}
