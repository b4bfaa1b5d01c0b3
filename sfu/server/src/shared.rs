//! What all threads of the media plane share with the rest of the node.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::closed_sessions::ClosedSessions;
use crate::durations::Durations;
use crate::placement::Placement;
use crate::stats::WorkerStats;

/// What the observer keeps and the handle reads. Locked for a moment, and by a worker only where the
/// observer has no room for what it should hear.
#[derive(Debug)]
pub(crate) struct Shared {
    placement: Mutex<Placement>,
    snapshots: Mutex<Vec<Option<WorkerStats>>>,
    pub(crate) durations: Durations,
    pub(crate) closed_sessions: ClosedSessions,
    requests_limit_hits: AtomicU64,
}

impl Shared {
    pub(crate) fn new(n_workers: usize) -> Self {
        Self {
            placement: Mutex::new(Placement::new(n_workers)),
            snapshots: Mutex::new(vec![None; n_workers]),
            durations: Durations::default(),
            closed_sessions: ClosedSessions::default(),
            requests_limit_hits: AtomicU64::new(0),
        }
    }

    /// A request was refused because a worker has as many as may wait.
    pub(crate) fn count_requests_limit_hit(&self) {
        self.requests_limit_hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn requests_limit_hits(&self) -> u64 {
        self.requests_limit_hits.load(Ordering::Relaxed)
    }

    /// A panic while it was locked left it whole: every change is one call.
    pub(crate) fn placement(&self) -> MutexGuard<'_, Placement> {
        self.placement
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What each worker told last.
    pub(crate) fn snapshots(&self) -> MutexGuard<'_, Vec<Option<WorkerStats>>> {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
