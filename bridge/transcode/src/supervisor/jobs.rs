//! Slots that somebody holds, from when they were asked for until they are over.

use sfu_model::time::Instant;

use super::outlet::Outlet;
use super::request::Opened;
use super::snapshot::Failure;
use super::task::Task;
use crate::job::{Job, SlotId};
use crate::message::from_worker::Trouble;
use crate::pool::action::{Event, Lane};
use crate::pool::capacity::Refusal;

/// A slot that somebody holds.
pub(super) struct Held {
    pub(super) outlet: Outlet,
    lane: Lane,
    opened_at: Instant,
}

impl Task {
    pub(super) fn open(&mut self, job: Job, now: Instant) -> Result<Opened, Refusal> {
        let lane = Lane::of(&job);
        let id = self.pool.open(job, now)?;
        let (outlet, opened) = Outlet::new();
        let held = Held {
            outlet,
            lane,
            opened_at: now,
        };
        self.slots.insert(id, held);
        Ok((id, opened))
    }

    /// A job is over.
    pub(super) fn forget(&mut self, id: SlotId) {
        let Some(held) = self.slots.remove(&id) else {
            return;
        };
        let lasted = self.clock.now() - held.opened_at;
        if let Some(jobs) = self.snapshot.jobs_mut(held.lane) {
            jobs.durations.add(lasted);
        }
    }

    pub(super) fn tell(&mut self, id: SlotId, event: Event) {
        let failure = match &event {
            Event::Queued => {
                self.snapshot.slots_queued += 1;
                None
            }
            Event::Trouble(trouble) => {
                self.count(*trouble);
                None
            }
            Event::Failed(_) => Some(Failure::Elements),
            Event::Restarting => Some(Failure::Worker),
            Event::Running(_) | Event::KeyframeWanted => None,
        };
        if let (Some(failure), Some(held)) = (failure, self.slots.get(&id)) {
            self.snapshot.on_failure(held.lane, failure);
        }
        let is_over = matches!(event, Event::Failed(_));
        if let Some(held) = self.slots.get(&id) {
            held.outlet.tell(event);
        }
        if is_over {
            self.forget(id);
        }
    }

    fn count(&mut self, trouble: Trouble) {
        let counted = Trouble::ALL.iter().zip(&mut self.snapshot.troubles);
        for (_, n) in counted.filter(|(known, _)| **known == trouble) {
            *n += 1;
        }
    }

    pub(super) fn close_abandoned(&mut self) {
        let slots = self.slots.iter();
        let abandoned = slots.filter(|(_, held)| held.outlet.is_abandoned());
        let abandoned: Vec<SlotId> = abandoned.map(|(id, _)| *id).collect();
        for id in abandoned {
            self.forget(id);
            self.pool.close(id, self.clock.now());
        }
    }

    /// How many wait now.
    pub(super) fn count_waiting(&mut self) {
        self.snapshot.census = self.pool.census();
        for lane in Lane::ALL {
            let n_queued = self.pool.n_queued(lane);
            if let Some(jobs) = self.snapshot.jobs_mut(lane) {
                jobs.queued = n_queued;
            }
        }
    }
}
