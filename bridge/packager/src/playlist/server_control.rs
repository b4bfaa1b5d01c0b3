//! The durations that a stream promises for its whole life.

use std::time::Duration;

/// The promises of every media playlist of a stream. They never change while it lives: players that see one change stop
/// for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerControl {
    /// `EXT-X-TARGETDURATION`, whole seconds: the rounded duration of a segment is at most this.
    pub target_duration_s: u32,
    /// `PART-TARGET`: no part is longer.
    pub part_target: Duration,
    /// `PART-HOLD-BACK`: three times the part target.
    pub part_hold_back: Duration,
    /// `HOLD-BACK`: three times the target duration.
    pub hold_back: Duration,
    /// `CAN-SKIP-UNTIL`: six times the target duration.
    pub can_skip_until: Duration,
}

impl ServerControl {
    /// The promises that go with a part target, of segments that round to the target duration or less.
    pub const fn new(part_target: Duration, target_duration_s: u32) -> Self {
        let target = Duration::from_secs(target_duration_s as u64);
        Self {
            target_duration_s,
            part_target,
            part_hold_back: part_target.saturating_mul(3),
            hold_back: target.saturating_mul(3),
            can_skip_until: target.saturating_mul(6),
        }
    }
}
