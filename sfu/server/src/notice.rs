//! What workers tell the node, in order and reliably, without ever waiting for it.

use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, TrySendError};

use sfu_core::event::Event;
use sfu_model::id::{SessionId, WorkerId};

use crate::stats::WorkerStats;

/// Notices that wait for the node's observer, from all workers. A node that starts a thousand sessions in a second makes
/// four thousand; when it is full, events stay in the cores, which let nobody in any more at
/// [`EVENTS_MAX`](sfu_core::limits::EVENTS_MAX) each.
pub(crate) const NOTICES_MAX: usize = 4_096;

/// One notice.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A core says so.
    Event(Event),
    /// A session was refused: there is nothing to close.
    Refused(SessionId),
    /// A snapshot, once in a while.
    Stats(Box<WorkerStats>),
    /// A worker failed and begins again with nothing.
    Failed(WorkerId),
}

/// One worker's way to the observer.
#[derive(Debug)]
pub(crate) struct Notices {
    queue: SyncSender<Notice>,
    held: VecDeque<Notice>,
}

impl Notices {
    pub(crate) fn new(queue: SyncSender<Notice>) -> Self {
        Self {
            queue,
            held: VecDeque::new(),
        }
    }

    /// Tells, or holds it back until the queue has room. Events are only taken from the core while nothing is held
    /// back, so what is held is bounded by the requests of a turn.
    pub(crate) fn tell(&mut self, notice: Notice) {
        self.held.push_back(notice);
        self.flush();
    }

    /// Tries again.
    pub(crate) fn flush(&mut self) {
        while let Some(notice) = self.held.pop_front() {
            if let Err(TrySendError::Full(notice)) = self.queue.try_send(notice) {
                self.held.push_front(notice);
                return;
            }
        }
    }

    pub(crate) fn is_held_back(&self) -> bool {
        !self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    fn refused(number: u128) -> Notice {
        Notice::Refused(SessionId::from_random(number))
    }

    #[test]
    fn notices_survive_a_full_queue_in_order() {
        let (queue, observer) = sync_channel(2);
        let mut notices = Notices::new(queue);
        for number in 0..5 {
            notices.tell(refused(number));
        }
        assert!(notices.is_held_back());
        let mut received = Vec::new();
        while let Ok(Notice::Refused(session)) = observer.try_recv() {
            received.push(session);
            notices.flush();
        }
        assert_eq!(received, [0, 1, 2, 3, 4].map(SessionId::from_random));
        assert!(!notices.is_held_back());
    }
}
