//! How far behind the camera a stream may be, and so how its media is cut.

use std::time::Duration;

use crate::playlist::server_control::ServerControl;

/// What a stream promises about delay, for its whole life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LatencyMode {
    /// Parts of 0.5 s: about two seconds behind the camera.
    #[default]
    Low,
    /// Parts of 1.0 s: half the requests, about three and a half seconds behind the camera.
    Standard,
}

/// `EXT-X-TARGETDURATION` of every stream, in seconds: what [`crate::segment_clock::SEGMENT_LIMIT`] rounds to.
pub(crate) const TARGET_DURATION_S: u32 = 2;

impl LatencyMode {
    /// No part is longer.
    pub const fn part_target(self) -> Duration {
        match self {
            Self::Low => Duration::from_millis(500),
            Self::Standard => Duration::from_millis(1_000),
        }
    }

    /// The promises that every playlist of the stream repeats.
    pub const fn server_control(self) -> ServerControl {
        ServerControl::new(self.part_target(), TARGET_DURATION_S)
    }
}
