//! How soon what crashed begins again.

use std::time::Duration;

use sfu_model::time::Instant;

/// Crashes further apart than this have nothing to do with each other: the next is again the first.
const FORGET_AFTER: Duration = Duration::from_secs(60);

/// Waits before a start: none the first time, so that viewers lose what a decoder needs to begin; a longer one each time
/// after, so that a publisher whose every frame crashes a codec costs the node little. After the last it stays so.
const WAITS: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(30),
];

/// The wait before the start after so many crashes in a row; at least one.
pub(super) fn wait(n_crashes: u32) -> Duration {
    let index = usize::try_from(n_crashes.saturating_sub(1)).unwrap_or(usize::MAX);
    let last = Duration::from_secs(30);
    WAITS.get(index).copied().unwrap_or(last)
}

/// Crashes of one slot, or of workers that had made nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Crashes {
    n_in_a_row: u32,
    last_at: Option<Instant>,
}

impl Crashes {
    pub(super) fn handle_crash(&mut self, now: Instant) {
        let is_new = self.last_at.is_none_or(|at| now - at > FORGET_AFTER);
        self.n_in_a_row = match is_new {
            true => 1,
            false => self.n_in_a_row.saturating_add(1),
        };
        self.last_at = Some(now);
    }

    /// How many there were, none of them long after the one before it.
    pub(super) fn n_in_a_row(&self) -> u32 {
        self.n_in_a_row
    }
}
