//! Events that wait to be polled.

use std::collections::VecDeque;

use crate::event::Event;

/// Most events that wait. Whoever drives this polls after each call, when there are a few; who does not finds packets waiting
/// instead of events, and these are bounded too. 4,096 are a whole reorder buffer of one-packet frames, twice.
pub(crate) const EVENTS_MAX: usize = 4_096;

/// What is told of a frame in one go: that it begins, a warning, a wish and itself.
const EVENTS_AT_ONCE: usize = 8;

/// The queue between `handle_*` and `poll_event`.
#[derive(Debug, Default)]
pub(crate) struct Outbox(VecDeque<Event>);

impl Outbox {
    /// A frame's events fit. False: whoever makes them waits.
    pub(crate) fn has_room(&self) -> bool {
        self.0.len() + EVENTS_AT_ONCE <= EVENTS_MAX
    }

    pub(crate) fn push(&mut self, event: Event) {
        // Who asks for room first never meets this; who forgot loses an event, not the memory.
        if self.0.len() < EVENTS_MAX {
            self.0.push_back(event);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.0.pop_front()
    }
}
