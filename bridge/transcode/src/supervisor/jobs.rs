//! Slots that somebody holds, from when they were asked for until they are over.

use std::collections::BTreeMap;

use sfu_model::frame::Frame;
use sfu_model::time::Instant;

use super::outlet::Outlet;
use super::request::Opened;
use super::snapshot::{Failure, Snapshot};
use crate::job::{RungIndex, SlotId};
use crate::message::from_worker::Trouble;
use crate::pool::action::{Event, Lane};

/// Of a supervisor, and what is counted of them.
#[derive(Debug, Default)]
pub(super) struct HeldSlots {
    held: BTreeMap<SlotId, Held>,
    pub(super) snapshot: Snapshot,
}

#[derive(Debug)]
struct Held {
    outlet: Outlet,
    lane: Lane,
    opened_at: Instant,
}

impl HeldSlots {
    pub(super) fn open(&mut self, id: SlotId, lane: Lane, now: Instant) -> Opened {
        let (outlet, opened) = Outlet::new();
        let held = Held {
            outlet,
            lane,
            opened_at: now,
        };
        self.held.insert(id, held);
        (id, opened)
    }

    /// A job is over.
    pub(super) fn forget(&mut self, id: SlotId, now: Instant) {
        let Some(held) = self.held.remove(&id) else {
            return;
        };
        if let Some(jobs) = self.snapshot.jobs_mut(held.lane) {
            jobs.durations.add(now - held.opened_at);
        }
    }

    /// Tells a slot's owner.
    pub(super) fn tell(&mut self, id: SlotId, event: Event, now: Instant) {
        let failure = match &event {
            Event::Failed(_) => Some(Failure::Elements),
            Event::Restarting => Some(Failure::Worker),
            Event::Queued => {
                self.snapshot.slots_queued += 1;
                None
            }
            Event::Trouble(trouble) => {
                self.count(*trouble);
                None
            }
            Event::Running(_) | Event::KeyframeWanted => None,
        };
        let Some(held) = self.held.get(&id) else {
            return;
        };
        if let Some(failure) = failure {
            self.snapshot.on_failure(held.lane, failure);
        }
        let is_over = matches!(event, Event::Failed(_));
        held.outlet.tell(event);
        if is_over {
            self.forget(id, now);
        }
    }

    /// Gives a slot's owner a frame.
    pub(super) fn deliver(&mut self, id: SlotId, rung: RungIndex, frame: Frame) {
        let held = self.held.get_mut(&id);
        let is_told = held.is_none_or(|held| held.outlet.deliver(rung, frame));
        self.snapshot.frames_out_dropped += u64::from(!is_told);
    }

    /// Those that nobody holds any more.
    pub(super) fn abandoned(&self) -> Vec<SlotId> {
        let abandoned = self
            .held
            .iter()
            .filter(|(_, held)| held.outlet.is_abandoned());
        abandoned.map(|(id, _)| *id).collect()
    }

    fn count(&mut self, trouble: Trouble) {
        let counted = Trouble::ALL.iter().zip(&mut self.snapshot.troubles);
        for (_, n) in counted.filter(|(known, _)| **known == trouble) {
            *n += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_job_is_counted_by_what_became_of_it() {
        let mut slots = HeldSlots::default();
        let later = Instant::START + Duration::from_secs(61);
        let opened = [Lane::Sound, Lane::Pictures].map(|lane| {
            let id = SlotId(u32::try_from(lane.index()).unwrap());
            slots.open(id, lane, Instant::START)
        });
        let [(sound, _), (pictures, _)] = opened;
        slots.tell(pictures, Event::Restarting, later);
        slots.tell(pictures, Event::Failed("it broke".into()), later);
        slots.tell(pictures, Event::Restarting, later);
        slots.forget(sound, Instant::START);
        let [sound, pictures] = slots.snapshot.jobs;
        assert_eq!((sound.failures, pictures.failures), ([0; 3], [0, 1, 1]));
        assert_eq!(sound.durations.counts[0], 1);
        assert_eq!(pictures.durations.counts[1], 1, "it was over once");
    }
}
