//! The slots of a worker: a thread for each, which owns its pipelines.

use std::collections::BTreeMap;
use std::sync::Arc;

use sfu_model::frame::Frame;
use sfu_net::clock::Clock;

use super::inbox::{Inbox, Input, Start};
use super::outlet::{Outlet, count};
use super::{elements, pictures, sound};
use crate::capabilities::Capabilities;
use crate::gate::{Gate, Passage};
use crate::job::{Job, SlotId};
use crate::message::from_worker::{FromWorker, Trouble};
use crate::message::to_worker::ToWorker;
use crate::plan::Plan;

/// All slots of a worker.
#[derive(Debug)]
pub(super) struct Slots {
    outlet: Outlet,
    clock: Clock,
    /// How pictures go: told before the first job of them is.
    plan: Arc<Plan>,
    slots: BTreeMap<SlotId, Entry>,
}

#[derive(Debug)]
struct Entry {
    inbox: Inbox,
    gate: Gate,
    _open: Arc<()>,
}

impl Slots {
    pub(super) fn new(outlet: Outlet, clock: Clock) -> Self {
        Self {
            outlet,
            clock,
            plan: Arc::new(Plan::of(&Capabilities::default())),
            slots: BTreeMap::new(),
        }
    }

    /// Says what was found on this machine: slots that are opened from now on go by it.
    pub(super) fn plan_by(&mut self, found: &Capabilities) {
        let plan = Plan::of(found);
        elements::prepare(&plan);
        self.plan = Arc::new(plan);
    }

    /// Does what the server says. It never waits: other slots are behind it.
    pub(super) fn handle_message(&mut self, message: ToWorker) {
        match message {
            ToWorker::Open(slot, job) => self.open(slot, job),
            ToWorker::Frame(slot, frame) => self.handle_frame(slot, frame),
            ToWorker::KeyframeAt(slot, time) => self.put(slot, Input::KeyframeAt(time)),
            ToWorker::Rungs(slot, wanted) => self.put(slot, Input::Rungs(wanted)),
            ToWorker::Close(slot) => drop(self.slots.remove(&slot)),
            ToWorker::Probe(_) | ToWorker::Found(_) => {}
        }
    }

    fn open(&mut self, slot: SlotId, job: Job) {
        let (inbox, inputs) = Inbox::new();
        let open = Arc::new(());
        let start = Start {
            slot,
            inbox: inbox.clone(),
            inputs,
            outlet: self.outlet.clone(),
            clock: self.clock,
            plan: Arc::clone(&self.plan),
            open: Arc::downgrade(&open),
        };
        let thread = std::thread::Builder::new().name(format!("slot-{}", slot.0));
        let started = thread.spawn(move || match job {
            Job::Sound(job) => sound::run(start, job),
            Job::Pictures(job) => pictures::run(start, job),
        });
        if let Err(error) = started {
            let why = format!("no thread for the slot: {error}");
            self.outlet.tell(&FromWorker::Failed(slot, why.into()));
            return;
        }
        let entry = Entry {
            inbox,
            gate: Gate::default(),
            _open: open,
        };
        self.slots.insert(slot, entry);
    }

    fn handle_frame(&mut self, slot: SlotId, frame: Frame) {
        let Some(entry) = self.slots.get_mut(&slot) else {
            return;
        };
        count(&self.outlet.tally.frames_in);
        let has_room = entry.inbox.has_room();
        let passage = entry.gate.pass(frame.is_keyframe, has_room);
        if passage == Passage::Dropped || !entry.inbox.put(Input::Frame(frame)) {
            entry.gate.close();
            count(&self.outlet.tally.frames_in_dropped);
            if passage != Passage::Dropped || !has_room {
                let trouble = FromWorker::Trouble(slot, Trouble::TooSlow);
                self.outlet.tell(&trouble);
            }
        }
    }

    fn put(&self, slot: SlotId, input: Input) {
        if let Some(entry) = self.slots.get(&slot) {
            entry.inbox.put(input);
        }
    }
}
