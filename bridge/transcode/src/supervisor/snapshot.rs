//! How the supervisor stands: what metrics show.

use std::time::Duration;

use crate::message::from_worker::{Counts, Trouble};
use crate::pool::Census;
use crate::pool::action::Lane;

/// Why a job had to do without what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was refused: it is more than this node could ever do, or too many wait.
    Refused,
    /// Its elements failed, and it is over.
    Elements,
    /// Its worker ended, and it begins again in another.
    Worker,
}

impl Failure {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Refused, Self::Elements, Self::Worker];

    /// Its label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Elements => "elements",
            Self::Worker => "worker",
        }
    }
}

/// Upper bounds of [`Durations`], in seconds: a minute to a day.
pub const DURATION_BOUNDS: [u64; 6] = [60, 600, 1_800, 3_600, 14_400, 86_400];

/// How long jobs lasted that are over, from when they were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// Up to each of [`DURATION_BOUNDS`], and beyond the last.
    pub counts: [u64; DURATION_BOUNDS.len() + 1],
    /// Of all together.
    pub sum: Duration,
}

impl Durations {
    pub(super) fn add(&mut self, lasted: Duration) {
        let fits = |bound: &u64| lasted <= Duration::from_secs(*bound);
        let place = DURATION_BOUNDS.iter().position(fits);
        if let Some(count) = self.counts.get_mut(place.unwrap_or(DURATION_BOUNDS.len())) {
            *count = count.saturating_add(1);
        }
        self.sum = self.sum.saturating_add(lasted);
    }
}

/// Jobs of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jobs {
    /// Those that wait for room now.
    pub queued: usize,
    /// In the order of [`Failure::ALL`].
    pub failures: [u64; Failure::ALL.len()],
    /// Those that are over.
    pub durations: Durations,
}

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
    /// Workers that were ended because what they had of a card did not work any more.
    pub workers_card_lost: u64,
    /// Times that cards were given up after they had worked: what a probe finds is another from then on.
    pub cards_given_up: u64,
    /// Slots that found no room: told to wait.
    pub slots_queued: u64,
    /// In the order of [`Lane::ALL`].
    pub jobs: [Jobs; Lane::ALL.len()],
    /// What was wrong with slots that went on, in the order of [`Trouble::ALL`].
    pub troubles: [u64; Trouble::ALL.len()],
    /// Frames of publishers that found their slot without a worker, or its worker behind.
    pub frames_in_dropped: u64,
    /// Frames of rungs that a slot's owner did not read in time.
    pub frames_out_dropped: u64,
    /// Messages that were none: the worker was ended.
    pub messages_malformed: u64,
}

impl Snapshot {
    pub(super) fn jobs_mut(&mut self, lane: Lane) -> Option<&mut Jobs> {
        self.jobs.get_mut(lane.index())
    }

    pub(super) fn on_failure(&mut self, lane: Lane, failure: Failure) {
        let known = Failure::ALL.iter().position(|known| *known == failure);
        let jobs = self.jobs_mut(lane).zip(known);
        if let Some(n) = jobs.and_then(|(jobs, known)| jobs.failures.get_mut(known)) {
            *n = n.saturating_add(1);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_counted_where_its_duration_belongs() {
        let mut durations = Durations::default();
        for secs in [1, 60, 61, 86_400, 86_401] {
            durations.add(Duration::from_secs(secs));
        }
        assert_eq!(durations.counts, [2, 1, 0, 0, 0, 1, 1]);
        assert_eq!(durations.sum, Duration::from_secs(172_923));
    }

    #[test]
    fn each_lane_has_its_own_failures() {
        let mut snapshot = Snapshot::default();
        snapshot.on_failure(Lane::Pictures, Failure::Worker);
        let [sound, pictures] = snapshot.jobs;
        assert_eq!((sound.failures, pictures.failures), ([0; 3], [0, 0, 1]));
    }
}
