//! One worker process: waited for, started, or ready, with the slots that it carries.

use std::collections::BTreeSet;
use std::time::Duration;

use sfu_model::time::Instant;

use super::action::Lane;
use crate::job::SlotId;

/// A worker that is not ready after this long will not be. The first start on a machine, which looks at every plugin, took
/// under four seconds on two busy cores.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A worker that said nothing for this long is gone: it says that it lives twice a second, from a thread that does nothing
/// else.
const SILENT_AFTER: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// To be started then.
    Waiting { until: Instant },
    /// Its process was started.
    Starting { since: Instant },
    /// It reads.
    Ready { heard_at: Instant },
}

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) lane: Lane,
    pub(super) phase: Phase,
    /// One of its slots may have crashed a worker before: nobody else's joins it.
    pub(super) is_suspect: bool,
    /// It makes what comes of its slots, and no other joins them: what it has of a card is not trusted.
    pub(super) is_closed: bool,
    /// Something has come of one of its slots.
    pub(super) has_made: bool,
    /// Slots that left the card in it, those that are gone included.
    pub(super) n_left_card: usize,
    slots: BTreeSet<SlotId>,
}

impl Worker {
    pub(super) fn new(lane: Lane, start_at: Instant) -> Self {
        Self {
            lane,
            phase: Phase::Waiting { until: start_at },
            is_suspect: false,
            is_closed: false,
            has_made: false,
            n_left_card: 0,
            slots: BTreeSet::new(),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready { .. })
    }

    pub(super) fn has_process(&self) -> bool {
        !matches!(self.phase, Phase::Waiting { .. })
    }

    pub(super) fn carries(&self, slot: SlotId) -> bool {
        self.slots.contains(&slot)
    }

    pub(super) fn add(&mut self, slot: SlotId) {
        self.slots.insert(slot);
    }

    pub(super) fn remove(&mut self, slot: SlotId) {
        self.slots.remove(&slot);
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = SlotId> + '_ {
        self.slots.iter().copied()
    }

    pub(super) fn n_slots(&self) -> usize {
        self.slots.len()
    }

    /// Whether it is to be started now; then it is.
    pub(super) fn start(&mut self, now: Instant) -> bool {
        let is_due = matches!(self.phase, Phase::Waiting { until } if until <= now);
        if is_due {
            self.phase = Phase::Starting { since: now };
        }
        is_due
    }

    pub(super) fn handle_sign_of_life(&mut self, now: Instant) {
        if let Phase::Ready { heard_at } = &mut self.phase {
            *heard_at = now;
        }
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        Some(match self.phase {
            Phase::Waiting { until } => until,
            Phase::Starting { since } => since + READY_WITHIN,
            Phase::Ready { heard_at } => heard_at + SILENT_AFTER,
        })
    }

    /// Whether it should have said something by now.
    pub(super) fn is_silent(&self, now: Instant) -> bool {
        self.has_process() && self.timeout().is_some_and(|at| at <= now)
    }
}
