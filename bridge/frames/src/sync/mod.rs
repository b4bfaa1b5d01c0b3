//! Many RTP clocks on one timeline.
//!
//! Each encoding counts from a number of its own, at the rate of its publisher's clock, which is not quite ours. Two steps
//! bring its packets onto the timeline:
//!
//! 1. [`relation`] gives an encoding's RTP time a place on the clock that all encodings of its medium share. It is a constant:
//!    pictures that were captured at once have the same place exactly, because their timestamps are of one clock, and so
//!    segments can be cut at the same time in all renditions. Capture times only tell which constant.
//! 2. [`media_clock`] lays the shared clock on the timeline, with an offset that follows the capture times slowly. It moves
//!    all encodings alike.
//!
//! Sound and pictures have a media clock each; both follow the same capture times, and are in sync by them.

pub(crate) mod least_difference;
pub(crate) mod media_clock;
pub(crate) mod relation;
