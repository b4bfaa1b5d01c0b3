//! How long a part waits for its media.

use std::time::Duration;

use sfu_model::time::Instant;

/// When nothing comes, a part is closed after so many hundredths of the part target: an eighth of a second of jitter in the
/// shorter ones, and well before a player's patience of 1.5 target durations ends.
const WAIT_PERCENT: u32 = 125;

/// Of one rendition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    part_target: Duration,
    /// When the media at the beginning of the open part was here, or should have been.
    from: Instant,
}

impl Patience {
    pub(crate) fn new(part_target: Duration, from: Instant) -> Self {
        Self { part_target, from }
    }

    /// When the open part is closed whatever comes.
    pub(crate) fn deadline(&self) -> Instant {
        self.from + self.part_target.saturating_mul(WAIT_PERCENT) / 100
    }

    /// How long nothing was done that should have been.
    pub(crate) fn lag(&self, now: Instant) -> Duration {
        now.saturating_since(self.deadline())
    }

    /// Media is here, or was told of: the next part is waited for from now on.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.from = now;
    }

    /// So much was told of without media.
    pub(crate) fn spend(&mut self, told: Duration) {
        self.from += told;
    }
}
