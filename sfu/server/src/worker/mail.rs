//! One worker's ends of every queue.

use std::sync::mpsc::Receiver;

use sfu_core::link::{LinkMessage, TAP};
use sfu_model::datagram::Datagram;
use sfu_model::id::WorkerId;
use tokio::sync::mpsc;

use crate::mailbox::{BACKLOG_HIGH, Delivery, Outbox, Posted};
use crate::request::Request;

use super::taps::Taps;

/// Deliveries of one turn; more wait for the next one.
const DELIVERIES_PER_TURN: usize = 1_024;

/// Requests of one turn. An offer costs about a millisecond, and media waits for it.
const REQUESTS_PER_TURN: usize = 4;

/// What a queue gave.
#[derive(Debug)]
pub(super) enum Asked {
    /// A request.
    Request(Request),
    /// Nothing more on this turn.
    Nothing,
    /// Nobody is left who could ask.
    Nobody,
}

/// The queues.
#[derive(Debug)]
pub(crate) struct Mail {
    requests: mpsc::Receiver<Request>,
    inbox: Receiver<Delivery>,
    /// By worker number; None for this one.
    outboxes: Vec<Option<Outbox>>,
    pub(super) taps: Taps,
    n_requests: usize,
    n_deliveries: usize,
}

impl Mail {
    pub(crate) fn new(
        requests: mpsc::Receiver<Request>,
        inbox: Receiver<Delivery>,
        outboxes: Vec<Option<Outbox>>,
    ) -> Self {
        Self {
            requests,
            inbox,
            outboxes,
            taps: Taps::default(),
            n_requests: 0,
            n_deliveries: 0,
        }
    }

    /// A new turn, with a new allowance of each.
    pub(super) fn begin_turn(&mut self) {
        self.n_requests = 0;
        self.n_deliveries = 0;
    }

    pub(super) fn next_request(&mut self) -> Asked {
        if self.n_requests >= REQUESTS_PER_TURN {
            return Asked::Nothing;
        }
        match self.requests.try_recv() {
            Ok(request) => {
                self.n_requests += 1;
                Asked::Request(request)
            }
            Err(mpsc::error::TryRecvError::Empty) => Asked::Nothing,
            Err(mpsc::error::TryRecvError::Disconnected) => Asked::Nobody,
        }
    }

    pub(super) fn next_delivery(&mut self) -> Option<Delivery> {
        if self.n_deliveries >= DELIVERIES_PER_TURN {
            return None;
        }
        let delivery = self.inbox.try_recv().ok()?;
        self.n_deliveries += 1;
        Some(delivery)
    }

    /// True when a turn's allowance was used up: there may be more without another ring of the bell.
    pub(super) fn has_more(&self) -> bool {
        self.n_requests >= REQUESTS_PER_TURN || self.n_deliveries >= DELIVERIES_PER_TURN
    }

    /// Posts to one worker.
    pub(super) fn post(&mut self, to: WorkerId, delivery: Delivery) -> Posted {
        match self.outboxes.get_mut(usize::from(to.0)) {
            Some(Some(outbox)) => outbox.post(delivery),
            Some(None) | None => Posted::Dropped,
        }
    }

    /// Posts a core's message to one worker, or to a tap.
    pub(super) fn post_link(
        &mut self,
        from: WorkerId,
        to: WorkerId,
        message: LinkMessage,
    ) -> Posted {
        match to {
            TAP => self.taps.post(message),
            worker => self.post(worker, Delivery::Link { from, message }),
        }
    }

    /// Posts a stray datagram to its worker.
    pub(super) fn post_stray(&mut self, to: WorkerId, datagram: &Datagram<'_>) -> Posted {
        match self.outboxes.get_mut(usize::from(to.0)) {
            Some(Some(outbox)) => outbox.post_stray(datagram),
            Some(None) | None => Posted::Dropped,
        }
    }

    /// Posts to every other worker.
    pub(super) fn post_all(&mut self, delivery: impl Fn() -> Delivery) {
        for outbox in self.outboxes.iter_mut().flatten() {
            // It must arrive, so it is only dropped when the other worker has ended.
            let _ = outbox.post(delivery());
        }
    }

    pub(super) fn tell_all_that_i_failed(&mut self, owner: WorkerId) {
        self.post_all(|| Delivery::OwnerFailed { owner });
        // Whoever taps hears that it has ended.
        self.taps = Taps::default();
    }

    /// Sends what waits. Gives the number of stray datagrams and of packets for taps that were dropped.
    pub(super) fn flush(&mut self) -> usize {
        let strays: usize = self.outboxes.iter_mut().flatten().map(Outbox::flush).sum();
        strays + self.taps.flush()
    }

    /// Control messages that wait for other workers.
    pub(super) fn n_backlog(&self) -> usize {
        self.outboxes.iter().flatten().map(Outbox::backlog).sum()
    }

    /// True when something waits that no bell will remind us of.
    pub(super) fn must_retry(&self) -> bool {
        self.outboxes.iter().flatten().any(Outbox::must_retry)
    }

    /// True when another worker is so far behind that no new work should make messages for it.
    pub(super) fn is_crowded(&self) -> bool {
        self.outboxes
            .iter()
            .flatten()
            .any(|outbox| outbox.backlog() >= BACKLOG_HIGH)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mio::{Poll, Token};
    use sfu_model::id::RoomId;

    use sfu_core::link::RoomMark;

    use super::*;
    use crate::bell::Bell;
    use crate::mailbox::{RING_MAX, Slot};
    use crate::request::Door;

    #[test]
    fn a_worker_takes_new_work_until_another_is_as_far_behind_as_it_may_be() {
        let poll = Poll::new().unwrap();
        let bell = Arc::new(Bell::new(poll.registry(), Token(0)).unwrap());
        let (_door, requests) = Door::new(Arc::clone(&bell));
        let (_, inbox) = Slot::new(Arc::clone(&bell));
        // Nobody reads this one.
        let (slot, late) = Slot::new(bell);
        let (me, other) = (WorkerId(0), WorkerId(1));
        let mut mail = Mail::new(requests, inbox, vec![None, Some(Outbox::new(slot))]);
        let room = RoomId::parse("demo").unwrap();
        let post = |mail: &mut Mail| {
            let message = LinkMessage::Subscribe {
                room: room.clone(),
                mark: RoomMark(0),
            };
            assert_eq!(mail.post_link(me, other, message), Posted::Yes);
        };
        for _ in 0..RING_MAX + BACKLOG_HIGH - 1 {
            post(&mut mail);
        }
        assert!(!mail.is_crowded(), "{}", mail.n_backlog());
        post(&mut mail);
        assert!(mail.is_crowded());
        assert!(late.try_recv().is_ok());
        assert_eq!(mail.flush(), 0);
        assert!(!mail.is_crowded(), "it has read one");
    }
}
