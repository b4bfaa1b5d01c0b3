//! Every reason to wake, in one heap. Entries are never moved or taken back: whoever is to be woken earlier gets another, and one
//! that is not what its session waits for any more is dropped when its time comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sfu_model::time::Instant;

use crate::slab::RoomIndex;
use crate::slab::SessionIndex;

/// Whom a deadline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whom {
    Session(SessionIndex),
    Room(RoomIndex),
}

/// The deadlines of a worker.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: BinaryHeap<Reverse<(Instant, Whom)>>,
}

impl Deadlines {
    /// Wakes `whom` at `at`, or earlier.
    pub(crate) fn push(&mut self, at: Instant, whom: Whom) {
        self.heap.push(Reverse((at, whom)));
    }

    /// Whom to look at now, and for when that was asked.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(Instant, Whom)> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// When somebody must be looked at.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }
}
