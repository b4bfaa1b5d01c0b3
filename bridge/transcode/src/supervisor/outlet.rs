//! Where the events of a slot go: to its owner, who may not read.

use std::sync::Arc;

use sfu_model::frame::{Discontinuity, Format, Frame};
use tokio::sync::mpsc;

use super::event::SlotEvent;
use crate::gate::{Gate, Passage};
use crate::job::{RUNGS_MAX, RungIndex};
use crate::pool::action::Event;

/// Events that wait for a slot's owner: two seconds of a ladder of four. An owner that reads nothing for so long loses frames
/// up to the next keyframe.
const EVENTS_MAX: usize = 256;

/// The queue of one slot's events.
#[derive(Debug)]
pub(super) struct Outlet {
    events: mpsc::Sender<SlotEvent>,
    gates: [Gate; RUNGS_MAX],
    formats: [Option<Arc<Format>>; RUNGS_MAX],
}

impl Outlet {
    /// One, and where its events come from.
    pub(super) fn new() -> (Self, mpsc::Receiver<SlotEvent>) {
        let (events, opened) = mpsc::channel(EVENTS_MAX);
        let outlet = Self {
            events,
            gates: [Gate::default(); RUNGS_MAX],
            formats: [const { None }; RUNGS_MAX],
        };
        (outlet, opened)
    }

    /// Nobody holds the slot any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }

    /// Tells the owner how the slot stands, if there is room.
    pub(super) fn tell(&self, event: Event) {
        // An owner that is gone is found by the supervisor's next look.
        drop(self.events.try_send(SlotEvent::State(event)));
    }

    /// Gives the owner a frame. False: it was given up.
    pub(super) fn deliver(&mut self, rung: RungIndex, mut frame: Frame) -> bool {
        let index = usize::from(rung.0);
        let places = self.gates.get_mut(index).zip(self.formats.get_mut(index));
        let Some((gate, format)) = places else {
            return false;
        };
        match gate.pass(frame.is_keyframe, self.events.capacity() > 0) {
            Passage::Dropped => return false,
            Passage::FollowsHole => {
                frame.discontinuity.get_or_insert(Discontinuity::Lost);
            }
            Passage::Follows => {}
        }
        // Each message carries the format; all frames up to a change share one.
        match format.as_ref().filter(|format| **format == frame.format) {
            Some(format) => frame.format = Arc::clone(format),
            None => *format = Some(Arc::clone(&frame.format)),
        }
        self.events.try_send(SlotEvent::Frame(rung, frame)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::some_frame::frame;

    #[test]
    fn an_owner_that_reads_nothing_has_an_edge_in_events() {
        let (mut outlet, mut events) = Outlet::new();
        for _ in 0..EVENTS_MAX {
            assert!(outlet.deliver(RungIndex(0), frame(0)));
        }
        assert!(!outlet.deliver(RungIndex(0), frame(0)));
        events.try_recv().unwrap();
        assert!(outlet.deliver(RungIndex(0), frame(0)), "it follows a hole");
    }
}
