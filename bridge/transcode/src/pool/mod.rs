//! Which worker carries which slot: the supervisor's decisions, as a value.
//!
//! A request becomes a slot when the node has room for its pixels, and waits in a queue otherwise. A slot lives in a worker;
//! when that ends, for whatever reason, its slots begin again in another, at once the first time and later after each
//! further time. It is told what happened and what time it is; what is to be done leaves as [`action::Action`]s.
//!
//! Any order of calls is legal; a call about a worker or a slot that is gone changes nothing.

pub mod action;
pub mod capacity;
mod cards;
mod ending;
mod placement;
mod restart;
mod slot;
mod worker;

use std::collections::{BTreeMap, VecDeque};

use sfu_model::frame::Frame;
use sfu_model::time::{Instant, MediaTime};

use crate::capabilities::Capabilities;
use crate::gate::Passage;
use crate::job::{Job, RungIndex, RungSet, SlotId};
use crate::message::from_worker::FromWorker;
use crate::message::to_worker::ToWorker;

use action::{Action, Event, Lane, WorkerId};
use capacity::{Capacity, Refusal};
use restart::Crashes;
use slot::Slot;
use worker::Worker;

/// Requests that wait for room. One that waits gives its viewers nothing, and a node this far behind should not have been
/// given it: one more is refused.
pub const QUEUE_MAX: usize = 64;

/// All slots of a node, and the workers that carry them.
#[derive(Debug)]
pub struct Pool {
    capacity: Capacity,
    /// What the processor carries, where a card carries more.
    capacity_of_processor: Capacity,
    /// What this machine can do. Until it is known no worker for pictures is started.
    found: Option<Capabilities>,
    workers: BTreeMap<WorkerId, Worker>,
    slots: BTreeMap<SlotId, Slot>,
    /// Slots that wait for room, oldest first. Those of another lane are in nobody's way.
    queue: VecDeque<SlotId>,
    n_workers_ever: u32,
    n_slots_ever: u32,
    /// Workers in a row that ended before they had made anything, of each lane: the executable is broken, or a card's driver.
    false_starts: [Crashes; Lane::ALL.len()],
    /// Of those, by whom a card was to be used.
    ended_by_card: Crashes,
    /// When workers lost their card lately.
    cards_lost_at: VecDeque<Instant>,
    actions: VecDeque<Action>,
}

/// How a pool stands, to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Worker processes that are ready.
    pub workers_ready: usize,
    /// Slots that have, or will soon have, a worker.
    pub slots: usize,
    /// Requests that wait for room.
    pub queued: usize,
    /// Pixels a second that the slots may need.
    pub pixel_rate: u64,
}

impl Pool {
    /// A pool without slots, with the capacity of the processor until it is known what there is. It starts one worker for sound at
    /// once, so that the first stream need not wait for it.
    pub fn new(capacity: Capacity, now: Instant) -> Self {
        let mut pool = Self {
            capacity,
            capacity_of_processor: capacity,
            found: None,
            workers: BTreeMap::new(),
            slots: BTreeMap::new(),
            queue: VecDeque::new(),
            n_workers_ever: 0,
            n_slots_ever: 0,
            false_starts: [Crashes::default(); Lane::ALL.len()],
            ended_by_card: Crashes::default(),
            cards_lost_at: VecDeque::new(),
            actions: VecDeque::new(),
        };
        pool.keep_spares(now);
        pool
    }

    /// Asks for a slot.
    ///
    /// # Errors
    ///
    /// The job is more than this node could ever do, is none, or the queue is full.
    pub fn open(&mut self, job: Job, now: Instant) -> Result<SlotId, Refusal> {
        let cost = self.capacity.check(&job)?;
        let has_room = self.next_queued(Lane::of(&job)).is_none() && self.has_room(&job, cost);
        if !has_room && self.queue.len() >= QUEUE_MAX {
            return Err(Refusal::QueueFull);
        }
        let id = SlotId(self.n_slots_ever);
        self.n_slots_ever = self.n_slots_ever.wrapping_add(1);
        self.slots.insert(id, Slot::new(job));
        match has_room {
            true => self.place(id, now),
            false => {
                self.queue.push_back(id);
                self.tell(id, Event::Queued);
            }
        }
        Ok(id)
    }

    /// Ends a slot.
    pub fn close(&mut self, id: SlotId, now: Instant) {
        if self.slots.remove(&id).is_none() {
            return;
        }
        self.queue.retain(|queued| *queued != id);
        if let Some((&place, worker)) = self.workers.iter_mut().find(|(_, w)| w.carries(id)) {
            worker.remove(id);
            if worker.is_ready() {
                let message = Box::new(ToWorker::Close(id));
                self.actions.push_back(Action::Send(place, message));
            }
        }
        self.end_idle_workers();
        self.admit_queued(now);
    }

    /// Says which rungs of a slot are wanted.
    pub fn want(&mut self, id: SlotId, wanted: RungSet) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        if std::mem::replace(&mut slot.wanted, wanted) != wanted {
            self.send(id, ToWorker::Rungs(id, wanted));
        }
    }

    /// Asks for a keyframe of all rungs of a slot. While it has no worker there is nothing to ask: its first frame is one.
    pub fn keyframe_at(&mut self, id: SlotId, time: MediaTime) {
        self.send(id, ToWorker::KeyframeAt(id, time));
    }

    /// Where a publisher's frame goes. `None`: it is given up, since its slot has no worker or waits for a keyframe.
    /// `has_room` says whether that worker's queue has.
    pub fn route(
        &mut self,
        id: SlotId,
        is_keyframe: bool,
        now: Instant,
        has_room: impl FnOnce(WorkerId) -> bool,
    ) -> Option<(WorkerId, Passage)> {
        let (place, _) = self
            .workers
            .iter()
            .find(|(_, w)| w.carries(id) && w.is_ready())?;
        let slot = self.slots.get_mut(&id)?;
        let passage = slot.input.pass(is_keyframe, has_room(*place));
        if passage == Passage::Dropped {
            return None;
        }
        slot.watch.handle_input(now);
        Some((*place, passage))
    }

    /// A frame that a worker made. `None`: its slot is gone, or elsewhere.
    pub fn handle_frame(
        &mut self,
        from: WorkerId,
        id: SlotId,
        rung: RungIndex,
        frame: Frame,
    ) -> Option<Frame> {
        let worker = self.workers.get_mut(&from).filter(|w| w.carries(id))?;
        if !std::mem::replace(&mut worker.has_made, true) {
            let lane = worker.lane;
            self.handle_first_frame(lane);
        }
        let slot = self.slots.get_mut(&id)?;
        slot.watch.handle_output();
        slot.accept(rung, frame)
    }

    /// Whatever else a worker says. Frames have their own way.
    pub fn handle_message(&mut self, from: WorkerId, message: FromWorker, now: Instant) {
        let Some(worker) = self.workers.get_mut(&from) else {
            return;
        };
        worker.handle_sign_of_life(now);
        match message {
            FromWorker::Ready => self.handle_ready(from, now),
            FromWorker::Opened(id, by) if self.carries(from, id) => {
                self.tell(id, Event::Running(by));
                self.tell(id, Event::KeyframeWanted);
            }
            FromWorker::Trouble(id, trouble) if self.carries(from, id) => {
                self.handle_trouble(from, id, trouble, now);
            }
            FromWorker::Failed(id, why) if self.carries(from, id) => {
                self.tell(id, Event::Failed(why));
                self.close(id, now);
            }
            FromWorker::CardLost(_) => self.handle_card_lost(from, now),
            FromWorker::Alive(_)
            | FromWorker::Probed(_)
            | FromWorker::Touches(_)
            | FromWorker::Frame(..)
            | FromWorker::Opened(..)
            | FromWorker::Trouble(..)
            | FromWorker::Failed(..) => {}
        }
    }

    /// Whoever drives this did not run for a while, and could hear nothing: nobody is taken for silent or stuck because of that.
    pub fn handle_absence(&mut self, now: Instant) {
        for worker in self.workers.values_mut() {
            worker.handle_sign_of_life(now);
        }
        for slot in self.slots.values_mut() {
            slot.watch.handle_output();
        }
    }

    /// When [`Self::handle_timeout`] has something to do next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let workers = self.workers.values().filter(|w| self.is_lane_open(w.lane));
        let of_workers = workers.filter_map(Worker::timeout);
        let of_slots = self.slots.values().filter_map(|slot| slot.watch.timeout());
        of_workers.chain(of_slots).min()
    }

    /// The next thing to do.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// How it stands.
    pub fn census(&self) -> Census {
        Census {
            workers_ready: self.workers.values().filter(|w| w.is_ready()).count(),
            slots: self.slots.len().saturating_sub(self.queue.len()),
            queued: self.queue.len(),
            pixel_rate: self.pixel_rate(),
        }
    }
}

#[cfg(test)]
mod tests;
