//! What a worker counts itself.

use std::time::Duration;

use sfu_model::drop_reason::DropCounts;
use sfu_model::time::Instant;

use crate::stats::ThreadStats;

/// Drops, turns and how busy the thread was.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) drops: DropCounts,
    pub(super) thread: ThreadStats,
    pub(super) woke_at: Instant,
    pub(super) busy_at_last_chores: Duration,
    pub(super) last_chores: Instant,
}

impl Books {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            drops: DropCounts::default(),
            thread: ThreadStats::default(),
            woke_at: now,
            busy_at_last_chores: Duration::ZERO,
            last_chores: now,
        }
    }
}
