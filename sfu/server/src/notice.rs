//! What workers tell the node, in order and reliably, without ever waiting for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use sfu_core::event::Event;
use sfu_model::id::{SessionId, WorkerId};

use crate::shared::Shared;
use crate::stats::WorkerStats;

/// Notices that wait for the node's observer, from all workers. A node that starts a thousand sessions in a second makes
/// four thousand; when it is full, events stay in the cores, which let nobody in any more at
/// [`EVENTS_MAX`](sfu_core::limits::EVENTS_MAX) each.
pub(crate) const NOTICES_MAX: usize = 4_096;

/// Notices that a worker holds back while the observer has no room: as many as requests may wait, since each refusal is one. At
/// the bound a worker does itself what the observer would, which is to give the refused session's seat back, and for that takes
/// a lock that it never takes else. To drop one instead would leave a seat taken that nobody sits on.
pub(crate) const NOTICES_HELD_MAX: usize = 256;

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
    shared: Arc<Shared>,
    n_held_max_hits: u64,
}

impl Notices {
    pub(crate) fn new(queue: SyncSender<Notice>, shared: Arc<Shared>) -> Self {
        Self {
            queue,
            held: VecDeque::new(),
            shared,
            n_held_max_hits: 0,
        }
    }

    /// Tells, or holds it back until the queue has room.
    pub(crate) fn tell(&mut self, notice: Notice) {
        self.flush();
        if self.held.len() < NOTICES_HELD_MAX {
            self.held.push_back(notice);
            self.flush();
        } else {
            self.n_held_max_hits += 1;
            self.tell_beyond(notice);
        }
    }

    /// There is no room to hold it back. Nothing that is held speaks of the same session, so the order does not matter.
    fn tell_beyond(&mut self, notice: Notice) {
        match notice {
            Notice::Refused(session) => {
                self.shared.placement().release(session);
            }
            // The next snapshot says more.
            Notice::Stats(_) => {}
            // A worker that fails twice has lost all of its sessions once: the first says so for both. Events are taken
            // from a core only while nothing is held back.
            Notice::Failed(_) | Notice::Event(_) => {
                let is_failure = |held: &Notice| matches!(held, Notice::Failed(_));
                if !(is_failure(&notice) && self.held.iter().any(is_failure)) {
                    self.held.push_back(notice);
                }
            }
        }
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

    /// How often there was no room to hold one back.
    pub(crate) const fn held_max_hits(&self) -> u64 {
        self.n_held_max_hits
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};

    use sfu_model::id::RoomId;

    use super::*;

    fn session(number: u128) -> SessionId {
        SessionId::from_random(number)
    }

    /// A worker's way to an observer that takes so many before it hangs.
    fn notices(n: usize) -> (Notices, Receiver<Notice>) {
        let (queue, observer) = sync_channel(n);
        (Notices::new(queue, Arc::new(Shared::new(1))), observer)
    }

    #[test]
    fn notices_survive_a_full_queue_in_order() {
        let (mut notices, observer) = notices(2);
        for number in 0..5 {
            notices.tell(Notice::Refused(session(number)));
        }
        assert!(notices.is_held_back());
        let mut received = Vec::new();
        while let Ok(Notice::Refused(session)) = observer.try_recv() {
            received.push(session);
            notices.flush();
        }
        assert_eq!(received, [0, 1, 2, 3, 4].map(session));
        assert!(!notices.is_held_back());
    }

    #[test]
    fn beyond_what_is_held_back_a_refused_sessions_seat_is_given_back_at_once() {
        let (mut notices, observer) = notices(1);
        let seated: Vec<SessionId> = (0..NOTICES_HELD_MAX as u128 + 2).map(session).collect();
        for (n, session) in seated.iter().enumerate() {
            let room = RoomId::parse(&format!("room-{n}")).unwrap();
            let seat = notices.shared.placement().seat_publisher(*session, &room);
            assert!(seat.is_ok(), "{n}");
        }
        let n_seated = |notices: &Notices| notices.shared.placement().rooms().len();
        let (last, told) = seated.split_last().unwrap();
        for session in told {
            notices.tell(Notice::Refused(*session));
        }
        assert_eq!(
            (notices.held.len(), notices.held_max_hits()),
            (NOTICES_HELD_MAX, 0)
        );
        assert_eq!(
            n_seated(&notices),
            seated.len(),
            "the observer has not said so"
        );
        notices.tell(Notice::Refused(*last));
        assert_eq!(
            (notices.held.len(), notices.held_max_hits()),
            (NOTICES_HELD_MAX, 1)
        );
        assert_eq!(n_seated(&notices), told.len());
        assert_eq!(notices.shared.placement().worker_of(*last), None);
        // And the observer, when it goes on, hears of all others.
        let mut n_heard = 0;
        while let Ok(Notice::Refused(heard)) = observer.try_recv() {
            assert_eq!(Some(&heard), told.get(n_heard));
            n_heard += 1;
            notices.flush();
        }
        assert_eq!(n_heard, told.len());
    }

    #[test]
    fn a_worker_that_fails_again_and_again_is_said_to_have_failed_once() {
        let (mut notices, _observer) = notices(1);
        for number in 0..=NOTICES_HELD_MAX as u128 {
            notices.tell(Notice::Refused(session(number)));
        }
        for _ in 0..3 {
            notices.tell(Notice::Failed(WorkerId(0)));
            assert_eq!(notices.held.len(), NOTICES_HELD_MAX + 1);
        }
        assert_eq!(notices.held_max_hits(), 3);
    }
}
