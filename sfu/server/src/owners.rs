//! Which worker a datagram belongs to.
//!
//! A STUN request names its worker in its ufrag: no state. Every other UDP datagram is told by its source address, once
//! that has passed ICE at some worker and that worker has said so to the others. Nothing is remembered about other
//! addresses. A TCP connection is no matter of this table: it moves to its worker once, with its first request.

use std::collections::HashMap;
use std::net::SocketAddr;

use sfu_core::demux::{PacketKind, kind_of, request_ufrag};
use sfu_core::ufrag::worker_of;
use sfu_model::id::WorkerId;
use sfu_model::limits::DATAGRAM_BYTES_MAX;

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
    by_address: HashMap<SocketAddr, WorkerId>,
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
            .or_else(|| self.by_address.get(&source).copied())
        {
            Some(worker) if worker == self.here => Owner::Here,
            Some(worker) => Owner::There(worker),
            None => Owner::Unknown,
        }
    }

    /// `owner` has a session at this address. The latest word counts: a client may use one socket for two sessions.
    pub(crate) fn validated(&mut self, owner: WorkerId, address: SocketAddr) {
        self.by_address.insert(address, owner);
    }

    /// `owner` has no session at this address any more; somebody else may have one.
    pub(crate) fn forgotten(&mut self, owner: WorkerId, address: SocketAddr) {
        if self.by_address.get(&address) == Some(&owner) {
            self.by_address.remove(&address);
        }
    }

    /// `owner` begins again with nothing.
    pub(crate) fn failed(&mut self, owner: WorkerId) {
        self.by_address.retain(|_, known| *known != owner);
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
        owners.validated(WorkerId(1), address(1));
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
        owners.validated(WorkerId(1), address(5));
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
        owners.validated(WorkerId(1), address(5));
        assert_eq!(owners.of(address(5), RTP), Owner::There(WorkerId(1)));
        assert_eq!(owners.of(address(6), RTP), Owner::Unknown);
    }

    #[test]
    fn the_latest_owner_of_an_address_counts_and_only_it_can_give_it_up() {
        let mut owners = Owners::new(WorkerId(0), 3);
        owners.validated(WorkerId(1), address(5));
        owners.validated(WorkerId(2), address(5));
        owners.forgotten(WorkerId(1), address(5));
        assert_eq!(owners.of(address(5), RTP), Owner::There(WorkerId(2)));
        owners.validated(WorkerId(0), address(5));
        assert_eq!(owners.of(address(5), RTP), Owner::Here);
        owners.validated(WorkerId(2), address(5));
        owners.failed(WorkerId(2));
        assert_eq!(owners.of(address(5), RTP), Owner::Unknown);
    }
}
