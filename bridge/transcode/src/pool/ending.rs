//! Workers that end, and those that are ended by force.

use sfu_model::time::Instant;

use super::Pool;
use super::action::{Action, Ending, Event, WorkerId};
use super::worker::Worker;
use crate::job::SlotId;

impl Pool {
    /// A worker process has ended, or could not be started.
    pub fn handle_exit(&mut self, id: WorkerId, now: Instant) {
        if let Some(worker) = self.workers.remove(&id) {
            self.replace(&worker, now);
        }
    }

    /// Gives the slots of a worker that is gone to others.
    pub(super) fn replace(&mut self, worker: &Worker, now: Instant) {
        self.count_false_start(worker, now);
        let ids: Vec<SlotId> = worker.slots().collect();
        for id in &ids {
            if let Some(slot) = self.slots.get_mut(id) {
                slot.handle_crash(now);
            }
            self.tell(*id, Event::Restarting);
        }
        self.begin_again(&ids, worker.lane, now);
        self.keep_spares(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let workers = self.workers.iter();
        let ended = workers.filter_map(|(id, w)| Some((*id, self.must_end(w, now)?)));
        let ended: Vec<(WorkerId, Ending)> = ended.collect();
        for (id, why) in ended {
            // The end of one may be that of others: where a card is given up, spares are of no use.
            if self.workers.contains_key(&id) {
                self.actions.push_back(Action::Kill(id, why));
                self.handle_exit(id, now);
            }
        }
        self.start_due(now);
    }

    /// Whether a worker must be ended by force, and why.
    fn must_end(&self, worker: &Worker, now: Instant) -> Option<Ending> {
        if worker.is_silent(now) {
            return Some(Ending::Silent);
        }
        let mut slots = worker.slots().filter_map(|slot| self.slots.get(&slot));
        slots
            .any(|slot| slot.watch.is_stuck(now))
            .then_some(Ending::Stuck)
    }
}
