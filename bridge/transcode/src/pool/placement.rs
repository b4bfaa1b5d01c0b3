//! Which worker a slot goes to, and which workers there are.

use sfu_model::time::Instant;

use super::action::{Action, Event, Lane, WorkerId};
use super::capacity::{Capacity, SOUNDS_MAX, SOUNDS_PER_WORKER_MAX, cost};
use super::slot::Slot;
use super::worker::{Phase, Worker};
use super::{Pool, restart};
use crate::capabilities::Capabilities;
use crate::job::{Job, SlotId};
use crate::message::to_worker::ToWorker;

/// Crashes in a row after which a slot is taken to cause them.
const SUSPECT_AFTER: u32 = 2;

impl Pool {
    /// What a probe found, and what the machine carries by it. Slots that waited for it are placed anew: where a card does the
    /// work they share workers.
    pub fn handle_found(&mut self, found: Capabilities, capacity: Capacity, now: Instant) {
        self.found = Some(found);
        self.capacity = capacity;
        for id in self.take_waiting(Lane::Pictures) {
            self.place(id, now);
        }
        self.admit_queued(now);
        self.keep_spares(now);
    }

    pub(super) fn tell(&mut self, id: SlotId, event: Event) {
        self.actions.push_back(Action::Tell(id, event));
    }

    pub(super) fn carries(&self, worker: WorkerId, id: SlotId) -> bool {
        self.workers.get(&worker).is_some_and(|w| w.carries(id))
    }

    /// Sends what a slot's worker must know; one that is not ready is told all at once when it is.
    pub(super) fn send(&mut self, id: SlotId, message: ToWorker) {
        let mut ready = self.workers.iter().filter(|(_, worker)| worker.is_ready());
        if let Some((&place, _)) = ready.find(|(_, worker)| worker.carries(id)) {
            self.actions
                .push_back(Action::Send(place, Box::new(message)));
        }
    }

    /// Pixels a second of all slots that do not wait for room.
    pub(super) fn pixel_rate(&self) -> u64 {
        self.pixel_rate_of(|_| true)
    }

    fn pixel_rate_of(&self, counts: impl Fn(&Slot) -> bool) -> u64 {
        let placed = self.slots.iter().filter(|(id, _)| !self.queue.contains(id));
        let counted = placed.filter(|(_, slot)| counts(slot));
        counted.map(|(_, slot)| cost(&slot.job)).sum()
    }

    /// What left a card is the processor's to carry: while that is more than it can, nobody is let in whom the card may not keep.
    pub(super) fn has_room(&self, job: &Job, cost: u64) -> bool {
        match job {
            Job::Pictures(_) if self.capacity == self.capacity_of_processor => {
                self.pixel_rate().saturating_add(cost) <= self.capacity.pixel_rate_max
            }
            Job::Pictures(_) => {
                let on_card = self.pixel_rate_of(|slot| !slot.has_left_card);
                let left = self.pixel_rate_of(|slot| slot.has_left_card);
                on_card.saturating_add(cost) <= self.capacity.pixel_rate_max
                    && left <= self.capacity_of_processor.pixel_rate_max
            }
            Job::Sound(_) => {
                let placed = self.slots.iter().filter(|(id, _)| !self.queue.contains(id));
                let sounds = placed.filter(|(_, slot)| matches!(slot.job, Job::Sound(_)));
                sounds.count() < SOUNDS_MAX
            }
        }
    }

    /// How many slots of a lane wait for room.
    pub fn n_queued(&self, lane: Lane) -> usize {
        let queued = self.queue.iter().filter_map(|id| self.slots.get(id));
        queued.filter(|slot| Lane::of(&slot.job) == lane).count()
    }

    /// The slot of a lane that waits longest for room.
    pub(super) fn next_queued(&self, lane: Lane) -> Option<SlotId> {
        let mut queued = self.queue.iter().copied();
        queued.find(|id| self.slots.get(id).map(|slot| Lane::of(&slot.job)) == Some(lane))
    }

    /// Gives waiting slots what room there is, those of a lane in their order: one that does not fit is not overtaken, or
    /// large ones would wait for ever. Sound needs none of what pictures wait for, and never waits behind them.
    pub(super) fn admit_queued(&mut self, now: Instant) {
        for lane in [Lane::Sound, Lane::Pictures] {
            while let Some(id) = self.next_queued(lane) {
                let fits = |slot: &Slot| self.has_room(&slot.job, cost(&slot.job));
                if !self.slots.get(&id).is_some_and(fits) {
                    break;
                }
                self.queue.retain(|queued| *queued != id);
                self.place(id, now);
            }
        }
    }

    /// Gives a slot a worker.
    pub(super) fn place(&mut self, id: SlotId, now: Instant) {
        let Some(lane) = self.slots.get(&id).map(|slot| Lane::of(&slot.job)) else {
            return;
        };
        let worker = self.worker_with_room(lane, 1, now);
        self.attach(worker, id);
        self.keep_spares(now);
    }

    fn attach(&mut self, place: WorkerId, id: SlotId) {
        let Some(worker) = self.workers.get_mut(&place) else {
            return;
        };
        worker.add(id);
        if worker.is_ready() {
            self.introduce(place, id);
        }
    }

    /// Tells a worker of a slot.
    fn introduce(&mut self, place: WorkerId, id: SlotId) {
        let Some(slot) = self.slots.get(&id) else {
            return;
        };
        let open = ToWorker::Open(id, slot.job.clone());
        let rungs = ToWorker::Rungs(id, slot.wanted);
        self.actions.push_back(Action::Send(place, Box::new(open)));
        self.actions.push_back(Action::Send(place, Box::new(rungs)));
    }

    pub(super) fn handle_ready(&mut self, place: WorkerId, now: Instant) {
        let Some(worker) = self.workers.get_mut(&place) else {
            return;
        };
        worker.phase = Phase::Ready { heard_at: now };
        let ids: Vec<SlotId> = worker.slots().collect();
        if worker.lane == Lane::Pictures
            && let Some(found) = &self.found
        {
            let found = ToWorker::Found(Box::new(found.clone()));
            self.actions.push_back(Action::Send(place, Box::new(found)));
        }
        for id in ids {
            self.introduce(place, id);
        }
    }

    const fn slots_per_worker(&self, lane: Lane) -> usize {
        match lane {
            Lane::Sound => SOUNDS_PER_WORKER_MAX,
            Lane::Pictures => self.capacity.pictures_per_worker as usize,
        }
    }

    fn has_place(&self, worker: &Worker, lane: Lane, n_slots: usize) -> bool {
        let n_slots = worker.n_slots().saturating_add(n_slots);
        let is_open = !worker.is_suspect && !worker.is_closed;
        worker.lane == lane && is_open && n_slots <= self.slots_per_worker(lane)
    }

    /// A worker with room for so many, the readiest and then the fullest; a new one when there is none.
    fn worker_with_room(&mut self, lane: Lane, n_slots: usize, now: Instant) -> WorkerId {
        let fits = |(_, worker): &(&WorkerId, &Worker)| self.has_place(worker, lane, n_slots);
        let best = self.workers.iter().filter(fits);
        let best = best.max_by_key(|(_, worker)| (worker.is_ready(), worker.n_slots()));
        match best {
            Some((id, _)) => *id,
            None => self.add_worker(Worker::new(lane, now + self.false_start_wait(lane))),
        }
    }

    /// Whether workers of a lane are started: those of pictures when it is known what they work with.
    pub(super) const fn is_lane_open(&self, lane: Lane) -> bool {
        match lane {
            Lane::Sound => true,
            Lane::Pictures => self.found.is_some(),
        }
    }

    /// Takes the slots of a lane's workers that were not started, and these workers away.
    pub(super) fn take_waiting(&mut self, lane: Lane) -> Vec<SlotId> {
        let is_waiting = |_: &WorkerId, worker: &mut Worker| {
            worker.lane == lane && !worker.has_process() && !worker.is_suspect
        };
        let waiting = self.workers.extract_if(.., is_waiting);
        waiting
            .flat_map(|(_, worker)| worker.slots().collect::<Vec<SlotId>>())
            .collect()
    }

    fn add_worker(&mut self, worker: Worker) -> WorkerId {
        let id = WorkerId(self.n_workers_ever);
        self.n_workers_ever = self.n_workers_ever.wrapping_add(1);
        self.workers.insert(id, worker);
        id
    }

    /// Gives the slots of a worker that ended new places. The first time they go where there is room, at once. When one of
    /// them was there at several crashes, it may be the cause, and the others must not suffer with it: they go halves, each
    /// half to a worker of its own, until the cause is alone.
    pub(super) fn begin_again(&mut self, ids: &[SlotId], lane: Lane, now: Instant) {
        let crashes = |id: &SlotId| self.slots.get(id).map(|slot| slot.crashes.n_in_a_row());
        let n_crashes = ids.iter().filter_map(crashes).max().unwrap_or(0);
        if n_crashes < SUSPECT_AFTER {
            for id in ids {
                let worker = self.worker_with_room(lane, 1, now);
                self.attach(worker, *id);
            }
            return;
        }
        let (first, second) = ids.split_at(ids.len() / 2);
        for half in [first, second].into_iter().filter(|half| !half.is_empty()) {
            let wait = restart::wait(n_crashes).max(self.false_start_wait(lane));
            let mut worker = Worker::new(lane, now + wait);
            worker.is_suspect = true;
            half.iter().for_each(|id| worker.add(*id));
            self.add_worker(worker);
        }
    }

    /// There is always a worker with room in each lane that the node has: the next stream, and one whose worker crashed, need
    /// not wait for a process to start.
    pub(super) fn keep_spares(&mut self, now: Instant) {
        for lane in Lane::ALL {
            let is_used = lane == Lane::Sound || self.capacity.pixel_rate_max > 0;
            let is_used = is_used && self.is_lane_open(lane);
            if is_used {
                self.worker_with_room(lane, 1, now);
            }
        }
        self.start_due(now);
    }

    /// Ends workers without slots, but for one spare of each lane.
    pub(super) fn end_idle_workers(&mut self) {
        for lane in Lane::ALL {
            let has_room = |w: &Worker| self.has_place(w, lane, 1);
            let mut spare = self.workers.values().filter(|w| has_room(w)).count();
            let idle = self
                .workers
                .iter()
                .filter(|(_, w)| w.lane == lane && w.n_slots() == 0);
            let idle: Vec<(WorkerId, bool)> = idle.map(|(id, w)| (*id, has_room(w))).collect();
            for (id, has_room) in idle {
                if has_room && spare <= 1 {
                    continue;
                }
                spare = spare.saturating_sub(usize::from(has_room));
                let ended = self.workers.remove(&id);
                if ended.is_some_and(|worker| worker.has_process()) {
                    self.actions.push_back(Action::End(id));
                }
            }
        }
    }

    /// Starts workers whose wait is over.
    pub(super) fn start_due(&mut self, now: Instant) {
        let has_found = self.is_lane_open(Lane::Pictures);
        let workers = self.workers.iter_mut();
        let open = workers.filter(|(_, worker)| has_found || worker.lane == Lane::Sound);
        let due: Vec<WorkerId> = open
            .filter_map(|(id, worker)| worker.start(now).then_some(*id))
            .collect();
        self.actions.extend(due.into_iter().map(Action::Start));
    }
}
