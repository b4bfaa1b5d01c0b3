//! What workers send each other. One bounded ring for each worker, so that everything from one sender arrives in the
//! order it was sent.
//!
//! # Why nobody waits for ever
//!
//! A worker never blocks on another. What may be lost is dropped when the ring is full, and counted. What must arrive
//! waits in the sender's own backlog and is offered again on each of its turns; meanwhile the sender goes on reading its
//! own ring, so two full rings empty each other. While a backlog exists, nothing overtakes it.
//!
//! # Why a backlog is bounded
//!
//! Control messages are per room and per session, not per packet: a publisher that changes with each packet is told of fifty
//! times a second. Past [`BACKLOG_HIGH`] the worker refuses new sessions,
//! and keyframe requests, which repeat themselves, are dropped; what is left is at most a few messages for each session
//! and room that it already has.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use sfu_core::link::LinkMessage;
use sfu_model::datagram::Datagram;
use sfu_model::id::WorkerId;

use crate::bell::Bell;
use crate::handover::Handover;
use crate::parcel::{Loan, ParcelPool};

/// Deliveries that wait for one worker: 1.5 s of 20 rooms of 250 packets per second. Memory: 2 MB.
pub(crate) const RING_MAX: usize = 8_192;

/// Control messages that wait for one other worker before this one refuses new work.
pub(crate) const BACKLOG_HIGH: usize = 1_024;

/// What one worker gives another.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// From core to core.
    Link {
        /// The worker whose core said it.
        from: WorkerId,
        /// What it said.
        message: LinkMessage,
    },
    /// Datagrams of sessions that live where this goes.
    Strays(Loan),
    /// A TCP connection of a session that lives where this goes.
    Connection(Box<Handover>),
    /// A UDP address passed ICE there: its datagrams belong there.
    AddressValidated {
        /// The worker that has the session.
        owner: WorkerId,
        /// Whence.
        address: SocketAddr,
    },
    /// A session there is heard at a UDP address that another worker said is its own.
    AddressHeld {
        /// The worker that has the session.
        owner: WorkerId,
        /// Whence.
        address: SocketAddr,
    },
    /// A UDP address is no session's any more.
    AddressForgotten {
        /// The worker that had the session.
        owner: WorkerId,
        /// Whence.
        address: SocketAddr,
    },
    /// A worker failed and begins again: none of its addresses is anybody's.
    OwnerFailed {
        /// Which.
        owner: WorkerId,
    },
}

impl Delivery {
    const fn may_be_lost(&self) -> bool {
        match self {
            Self::Link { message, .. } => message.may_be_lost(),
            Self::Strays(_) => true,
            Self::Connection(_)
            | Self::AddressValidated { .. }
            | Self::AddressHeld { .. }
            | Self::AddressForgotten { .. }
            | Self::OwnerFailed { .. } => false,
        }
    }

    /// True for what its sender repeats by itself.
    const fn is_repeated(&self) -> bool {
        matches!(
            self,
            Self::Link {
                message: LinkMessage::RequestKeyframe { .. }
                    | LinkMessage::AskDemand { .. }
                    | LinkMessage::Demand { .. },
                ..
            }
        )
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Posted {
    /// It arrives.
    Yes,
    /// It was dropped.
    Dropped,
}

/// Where deliveries for one worker are put.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    ring: SyncSender<Delivery>,
    bell: Arc<Bell>,
}

impl Slot {
    /// A ring, with its two ends.
    pub(crate) fn new(bell: Arc<Bell>) -> (Self, Receiver<Delivery>) {
        let (ring, inbox) = sync_channel(RING_MAX);
        (Self { ring, bell }, inbox)
    }
}

/// One worker's way to one other.
#[derive(Debug)]
pub(crate) struct Outbox {
    slot: Slot,
    backlog: VecDeque<Delivery>,
    pool: ParcelPool,
    strays: Option<Loan>,
    must_ring: bool,
}

impl Outbox {
    pub(crate) fn new(slot: Slot) -> Self {
        let pool = ParcelPool::new();
        Self {
            slot,
            backlog: VecDeque::new(),
            pool,
            strays: None,
            must_ring: false,
        }
    }

    /// Sends one delivery, or keeps it if it must arrive.
    pub(crate) fn post(&mut self, delivery: Delivery) -> Posted {
        if !self.backlog.is_empty() {
            return self.keep_or_drop(delivery);
        }
        match self.slot.ring.try_send(delivery) {
            Ok(()) => {
                self.must_ring = true;
                Posted::Yes
            }
            Err(TrySendError::Full(delivery)) => self.keep_or_drop(delivery),
            // The other worker has ended: the node is going away.
            Err(TrySendError::Disconnected(_)) => Posted::Dropped,
        }
    }

    /// Puts a datagram into the parcel that leaves with the next [`flush`](Self::flush).
    pub(crate) fn post_stray(&mut self, datagram: &Datagram<'_>) -> Posted {
        if self.strays.is_none() {
            self.strays = self.pool.lend();
        }
        let fits = self.strays.as_mut().is_some_and(|loan| loan.push(datagram));
        if fits { Posted::Yes } else { Posted::Dropped }
    }

    /// Sends what waits and wakes the other side, once. Gives the number of datagrams that were dropped.
    pub(crate) fn flush(&mut self) -> usize {
        while let Some(delivery) = self.backlog.pop_front() {
            match self.slot.ring.try_send(delivery) {
                Ok(()) => self.must_ring = true,
                Err(TrySendError::Full(delivery)) => {
                    self.backlog.push_front(delivery);
                    break;
                }
                Err(TrySendError::Disconnected(_)) => {}
            }
        }
        let n_dropped = self.flush_strays();
        if std::mem::take(&mut self.must_ring) {
            self.slot.bell.ring();
        }
        n_dropped
    }

    /// Sends the parcel, if there is another to collect in.
    fn flush_strays(&mut self) -> usize {
        if self.strays.is_none() {
            return 0;
        }
        let Some(next) = self.pool.lend() else {
            return 0;
        };
        let Some(loan) = self
            .strays
            .replace(next)
            .filter(|loan| !loan.parcel().is_empty())
        else {
            return 0;
        };
        let n_datagrams = loan.parcel().n_datagrams();
        match self.post(Delivery::Strays(loan)) {
            Posted::Yes => 0,
            Posted::Dropped => n_datagrams,
        }
    }

    /// True when something waits that no bell will remind us of.
    pub(crate) fn must_retry(&self) -> bool {
        let holds_strays = self
            .strays
            .as_ref()
            .is_some_and(|loan| !loan.parcel().is_empty());
        holds_strays || !self.backlog.is_empty()
    }

    /// Control messages that wait.
    pub(crate) fn backlog(&self) -> usize {
        self.backlog.len()
    }

    fn keep_or_drop(&mut self, delivery: Delivery) -> Posted {
        let is_crowded = self.backlog.len() >= BACKLOG_HIGH;
        if delivery.may_be_lost() || (is_crowded && delivery.is_repeated()) {
            return Posted::Dropped;
        }
        self.backlog.push_back(delivery);
        Posted::Yes
    }
}

#[cfg(test)]
mod tests;
