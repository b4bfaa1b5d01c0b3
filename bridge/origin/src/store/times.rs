//! How long bytes are there that no playlist lists any more.

use std::time::Duration;

use bridge_packager::playlist::media::PART_TARGET_DURATIONS_LISTED;
use bridge_packager::playlist::server_control::ServerControl;

/// The spans that a stream's promises make (draft-pantos-hls-rfc8216bis section 6.2.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Tags of parts reach back so far from the end of a playlist, and parts are there as long again after that.
    pub(super) parts: Duration,
    /// No segment is longer: its duration rounds to the target duration.
    pub(super) segment: Duration,
}

impl Times {
    pub(super) fn new(control: &ServerControl) -> Self {
        let target = Duration::from_secs(u64::from(control.target_duration_s));
        Self {
            parts: target.saturating_mul(PART_TARGET_DURATIONS_LISTED),
            segment: target.saturating_add(Duration::from_millis(500)),
        }
    }
}
