//! How the supervisor stands: what metrics show.

use crate::message::from_worker::{Counts, Trouble};
use crate::pool::Census;

/// A moment's state, and what was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Workers, slots and the queue.
    pub census: Census,
    /// What all workers counted, those that ended included.
    pub counts: Counts,
    /// Workers that ended while they were needed, whatever ended them.
    pub worker_exits: u64,
    /// Workers that were ended because they said nothing.
    pub workers_silent: u64,
    /// Workers that were ended because they made nothing of what they were given.
    pub workers_stuck: u64,
    /// Slots that found no room: told to wait.
    pub slots_queued: u64,
    /// Slots that were refused.
    pub slots_refused: u64,
    /// Slots that ended by a failure.
    pub slots_failed: u64,
    /// What was wrong with slots that went on, in the order of [`Trouble::ALL`].
    pub troubles: [u64; Trouble::ALL.len()],
    /// Frames of publishers that found their slot without a worker, or its worker behind.
    pub frames_in_dropped: u64,
    /// Frames of rungs that a slot's owner did not read in time.
    pub frames_out_dropped: u64,
    /// Messages that were none: the worker was ended.
    pub messages_malformed: u64,
}

/// The sum of what workers counted: a worker's figures begin at zero, its predecessors' stay.
pub(super) fn add(total: &mut Counts, was: Counts, is: Counts) {
    let grow = |total: &mut u64, was: u64, is: u64| {
        *total = total.saturating_add(is.saturating_sub(was));
    };
    grow(&mut total.frames_in, was.frames_in, is.frames_in);
    grow(
        &mut total.frames_in_dropped,
        was.frames_in_dropped,
        is.frames_in_dropped,
    );
    grow(
        &mut total.pictures_dropped,
        was.pictures_dropped,
        is.pictures_dropped,
    );
    grow(&mut total.frames_out, was.frames_out, is.frames_out);
    grow(
        &mut total.frames_out_dropped,
        was.frames_out_dropped,
        is.frames_out_dropped,
    );
    total.lag_max_us = total.lag_max_us.max(is.lag_max_us);
}
