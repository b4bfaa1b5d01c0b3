//! Which worker a datagram belongs to.
//!
//! A STUN request names its worker in its ufrag: no state. Every other UDP datagram is told by its source address, once
//! that has passed ICE at some worker and that worker has said so to the others. Nothing is remembered about other
//! addresses. A TCP connection is no matter of this table: it moves to its worker once, with its first request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::demux::{PacketKind, kind_of, request_ufrag};
use sfu_core::ufrag::worker_of;
use sfu_model::id::WorkerId;
use sfu_model::limits::DATAGRAM_BYTES_MAX;
use sfu_model::time::Instant;

/// How long the word that an address is held counts against claims: longer than one takes from worker to worker.
const HELD_AGAINST: Duration = Duration::from_secs(1);

/// Where a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// To this worker's core.
    Here,
    /// To another worker.
    There(WorkerId),
    /// Nobody has said; the core here counts it and drops it.
    Unknown,
}

/// The validated addresses of every worker, as it said.
#[derive(Debug)]
pub(crate) struct Owners {
    here: WorkerId,
    n_workers: usize,
    by_address: HashMap<SocketAddr, Owned>,
}

#[derive(Clone, Copy, Debug)]
struct Owned {
    worker: WorkerId,
    /// When it said that its session is heard there, against another's word.
    held_at: Option<Instant>,
}

impl Owners {
    pub(crate) fn new(here: WorkerId, n_workers: usize) -> Self {
        Self {
            here,
            n_workers,
            by_address: HashMap::new(),
        }
    }

    /// The worker that a STUN request names, if it is one of ours.
    pub(crate) fn named_by(&self, bytes: &[u8]) -> Option<WorkerId> {
        if kind_of(bytes) != Some(PacketKind::Stun) {
            return None;
        }
        let worker = request_ufrag(bytes).and_then(worker_of)?;
        (usize::from(worker.0) < self.n_workers).then_some(worker)
    }

    /// The owner of a UDP datagram. One that is too long is the core's here, which counts it and drops it: to pass it on would
    /// take room from others.
    pub(crate) fn of(&self, source: SocketAddr, bytes: &[u8]) -> Owner {
        if bytes.len() > DATAGRAM_BYTES_MAX {
            return Owner::Here;
        }
        match self
            .named_by(bytes)
            .or_else(|| self.by_address.get(&source).map(|owned| owned.worker))
        {
            Some(worker) if worker == self.here => Owner::Here,
            Some(worker) => Owner::There(worker),
            None => Owner::Unknown,
        }
    }

    /// `owner` let a session in at this address. The latest word counts, but against the one that the address is held: workers
    /// are heard in any order, and the claim may have been first.
    pub(crate) fn validated(&mut self, owner: WorkerId, address: SocketAddr, now: Instant) {
        let known = self.by_address.get(&address);
        let is_held = |owned: &Owned| {
            owned.worker != owner && owned.held_at.is_some_and(|at| now - at < HELD_AGAINST)
        };
        if !known.is_some_and(is_held) {
            self.put(owner, address, None);
        }
    }

    /// A session of `owner` is heard at this address, whoever else was let in there.
    pub(crate) fn held(&mut self, owner: WorkerId, address: SocketAddr, now: Instant) {
        self.put(owner, address, Some(now));
    }

    fn put(&mut self, worker: WorkerId, address: SocketAddr, held_at: Option<Instant>) {
        self.by_address.insert(address, Owned { worker, held_at });
    }

    /// `owner` has no session at this address any more; somebody else may have one.
    pub(crate) fn forgotten(&mut self, owner: WorkerId, address: SocketAddr) {
        if self
            .by_address
            .get(&address)
            .is_some_and(|owned| owned.worker == owner)
        {
            self.by_address.remove(&address);
        }
    }

    /// `owner` begins again with nothing.
    pub(crate) fn failed(&mut self, owner: WorkerId) {
        self.by_address.retain(|_, owned| owned.worker != owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn what_is_too_long_is_passed_on_to_nobody() {
        let mut owners = Owners::new(WorkerId(0), 2);
        owners.validated(WorkerId(1), address(1), Instant::START);
        let longest = vec![0x80; DATAGRAM_BYTES_MAX];
        assert_eq!(owners.of(address(1), &longest), Owner::There(WorkerId(1)));
        let longer = vec![0x80; DATAGRAM_BYTES_MAX + 1];
        assert_eq!(owners.of(address(1), &longer), Owner::Here);
    }

    /// A binding request for a session of `worker` (RFC 8489 section 5, RFC 8445 section 7.2.2).
    fn binding_request(worker: &str) -> Vec<u8> {
        let username = format!("{worker}0123456789abcdef:them");
        let length = u8::try_from(username.len()).unwrap();
        let padded = usize::from(length).next_multiple_of(4);
        let mut bytes = vec![
            0,
            1,
            0,
            u8::try_from(4 + padded).unwrap(),
            0x21,
            0x12,
            0xa4,
            0x42,
        ];
        bytes.extend([7; 12]);
        bytes.extend([0, 6, 0, length]);
        bytes.extend(username.bytes());
        bytes.resize(20 + 4 + padded, 0);
        bytes
    }

    const RTP: &[u8] = &[0x80, 96, 0, 1];

    #[test]
    fn a_binding_request_goes_to_the_worker_that_its_ufrag_names_whatever_the_address_says() {
        let mut owners = Owners::new(WorkerId(0), 3);
        owners.validated(WorkerId(1), address(5), Instant::START);
        assert_eq!(
            owners.of(address(5), &binding_request("02")),
            Owner::There(WorkerId(2))
        );
        assert_eq!(owners.of(address(5), &binding_request("00")), Owner::Here);
    }

    #[test]
    fn a_worker_that_does_not_exist_owns_nothing() {
        let owners = Owners::new(WorkerId(0), 3);
        assert_eq!(
            owners.of(address(5), &binding_request("03")),
            Owner::Unknown
        );
    }

    #[test]
    fn media_goes_where_its_address_was_validated() {
        let mut owners = Owners::new(WorkerId(0), 3);
        assert_eq!(owners.of(address(5), RTP), Owner::Unknown);
        owners.validated(WorkerId(1), address(5), Instant::START);
        assert_eq!(owners.of(address(5), RTP), Owner::There(WorkerId(1)));
        assert_eq!(owners.of(address(6), RTP), Owner::Unknown);
    }

    #[test]
    fn the_latest_owner_of_an_address_counts_and_only_it_can_give_it_up() {
        let mut owners = Owners::new(WorkerId(0), 3);
        owners.validated(WorkerId(1), address(5), Instant::START);
        owners.validated(WorkerId(2), address(5), Instant::START);
        owners.forgotten(WorkerId(1), address(5));
        assert_eq!(owners.of(address(5), RTP), Owner::There(WorkerId(2)));
        owners.validated(WorkerId(0), address(5), Instant::START);
        assert_eq!(owners.of(address(5), RTP), Owner::Here);
        owners.validated(WorkerId(2), address(5), Instant::START);
        owners.failed(WorkerId(2));
        assert_eq!(owners.of(address(5), RTP), Owner::Unknown);
    }

    #[test]
    fn an_address_that_is_held_stays_whoever_claims_it_and_in_whatever_order_that_is_heard() {
        let media = [0x80; 20];
        let at = |ms| Instant::START + Duration::from_millis(ms);
        let mut owners = Owners::new(WorkerId(0), 3);
        owners.validated(WorkerId(1), address(5), at(0));
        // The claim, and the word against it.
        owners.validated(WorkerId(2), address(5), at(10));
        owners.held(WorkerId(1), address(5), at(11));
        assert_eq!(owners.of(address(5), &media), Owner::There(WorkerId(1)));
        // The word against it, and the claim.
        owners.held(WorkerId(1), address(5), at(20));
        owners.validated(WorkerId(2), address(5), at(21));
        assert_eq!(owners.of(address(5), &media), Owner::There(WorkerId(1)));
        // Nobody is against it.
        owners.validated(WorkerId(2), address(5), at(1_020));
        assert_eq!(owners.of(address(5), &media), Owner::There(WorkerId(2)));
    }
}
