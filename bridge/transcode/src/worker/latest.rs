//! The picture that was decoded last, and what an encoder is told of it.

use gstreamer as gst;
use sfu_model::time::{Instant, MediaTime};

use super::rung::Picture;
use crate::cadence::Shown;
use crate::job::VIDEO_CLOCK;

/// The picture that was decoded last.
pub(super) struct Latest {
    pub(super) sample: gst::Sample,
    pub(super) time: MediaTime,
    pub(super) captured_at: Instant,
    pub(super) came_at: Instant,
}

impl Latest {
    /// What an encoder is told of a picture that is shown at another time than it was taken.
    pub(super) fn shown(&self, shown: Shown) -> Picture {
        let later = shown.time.0.saturating_sub(self.time.0);
        let earlier = self.time.0.saturating_sub(shown.time.0);
        let captured_at = self.captured_at + VIDEO_CLOCK.duration(later);
        Picture {
            at: time_of(shown.time),
            time: shown.time,
            captured_at: captured_at.saturating_sub(VIDEO_CLOCK.duration(earlier)),
            came_at: self.came_at,
            is_keyframe: false,
            follows_hole: shown.follows_hole,
        }
    }
}

/// Ticks of 90 kHz as GStreamer's nanoseconds.
pub(super) fn time_of(time: MediaTime) -> gst::ClockTime {
    let nanos = u128::from(time.0) * 1_000_000_000 / u128::from(VIDEO_CLOCK.0);
    gst::ClockTime::from_nseconds(u64::try_from(nanos).unwrap_or(u64::MAX >> 1))
}
