//! Datagrams that the kernel gave to the wrong worker, on their way to the right one: a turn's worth at a time, in
//! memory that goes back and forth.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sfu_model::datagram::{Datagram, Transport};

/// Parcels between two workers, one way. They return when they were read. A turn that reads one datagram makes a parcel
/// of one; the last parcel at home stays and collects, so that a worker that is late by more turns than this costs
/// nothing until that one is full.
pub(crate) const PARCELS_MAX: usize = 32;

/// Most bytes in a parcel: 100 ms of 20 Mbit/s. Datagrams that come while the last one is full are dropped. A pair of
/// workers holds at most 8 MB, all of it only after a stall in a flood.
const PARCEL_BYTES_MAX: usize = 256 * 1024;

/// Datagrams with their addresses, back to back in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Parcel {
    bytes: Vec<u8>,
    datagrams: Vec<(Transport, SocketAddr, SocketAddr, Range<usize>)>,
}

impl Parcel {
    /// Copies a datagram into the parcel. False: it is full.
    #[must_use]
    pub(crate) fn push(&mut self, datagram: &Datagram<'_>) -> bool {
        let start = self.bytes.len();
        if start + datagram.bytes.len() > PARCEL_BYTES_MAX {
            return false;
        }
        self.bytes.extend_from_slice(datagram.bytes);
        let Datagram {
            transport,
            source,
            destination,
            ..
        } = *datagram;
        self.datagrams
            .push((transport, source, destination, start..self.bytes.len()));
        true
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.datagrams
            .iter()
            .filter_map(|(transport, source, destination, range)| {
                Some(Datagram {
                    transport: *transport,
                    source: *source,
                    destination: *destination,
                    bytes: self.bytes.get(range.clone())?,
                })
            })
    }

    pub(crate) fn n_datagrams(&self) -> usize {
        self.datagrams.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.datagrams.clear();
    }
}

/// A parcel that goes home, empty, when it is dropped; also when whoever read it failed.
#[derive(Debug)]
pub(crate) struct Loan {
    parcel: Parcel,
    home: SyncSender<Parcel>,
}

impl Loan {
    pub(crate) fn parcel(&self) -> &Parcel {
        &self.parcel
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let mut parcel = std::mem::take(&mut self.parcel);
        parcel.clear();
        // There is room for all parcels; it can only fail when the home is gone, and then nobody needs it.
        let _ = self.home.try_send(parcel);
    }
}

/// The parcels of one way between two workers.
#[derive(Debug)]
pub(crate) struct ParcelPool {
    at_home: Receiver<Parcel>,
    home: SyncSender<Parcel>,
}

impl ParcelPool {
    pub(crate) fn new() -> Self {
        let (home, at_home) = sync_channel(PARCELS_MAX);
        for _ in 0..PARCELS_MAX {
            // It has room for all of them.
            let _ = home.try_send(Parcel::default());
        }
        Self { at_home, home }
    }

    /// An empty parcel; None while all are away.
    pub(crate) fn lend(&self) -> Option<Loan> {
        let parcel = self.at_home.try_recv().ok()?;
        Some(Loan {
            parcel,
            home: self.home.clone(),
        })
    }
}

impl Loan {
    /// Copies a datagram into the parcel. False: it is full.
    #[must_use]
    pub(crate) fn push(&mut self, datagram: &Datagram<'_>) -> bool {
        self.parcel.push(datagram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(bytes: &[u8]) -> Datagram<'_> {
        Datagram {
            transport: Transport::Udp,
            source: SocketAddr::from(([127, 0, 0, 1], 1)),
            destination: SocketAddr::from(([127, 0, 0, 1], 2)),
            bytes,
        }
    }

    #[test]
    fn a_parcel_gives_back_what_was_put_in() {
        let mut parcel = Parcel::default();
        assert!(parcel.push(&datagram(b"one")));
        assert!(parcel.push(&datagram(b"")));
        assert!(parcel.push(&datagram(b"three")));
        let bytes: Vec<&[u8]> = parcel.iter().map(|datagram| datagram.bytes).collect();
        assert_eq!(bytes, [&b"one"[..], b"", b"three"]);
        assert_eq!(parcel.iter().next().unwrap().source.port(), 1);
    }

    #[test]
    fn a_full_parcel_refuses() {
        let mut parcel = Parcel::default();
        let kilobyte = [0; 1_024];
        let n_fit = PARCEL_BYTES_MAX / kilobyte.len();
        for _ in 0..n_fit {
            assert!(parcel.push(&datagram(&kilobyte)));
        }
        assert!(!parcel.push(&datagram(&[0])));
        assert_eq!(parcel.n_datagrams(), n_fit);
    }

    #[test]
    fn parcels_return_with_their_memory_and_never_more_than_there_are() {
        let pool = ParcelPool::new();
        let mut away: Vec<Loan> = std::iter::from_fn(|| pool.lend()).collect();
        assert_eq!(away.len(), PARCELS_MAX);
        assert!(away[0].push(&datagram(&[7; 5_000])));
        away.truncate(1);
        let returned: Vec<Loan> = std::iter::from_fn(|| pool.lend()).collect();
        assert_eq!(returned.len(), PARCELS_MAX - 1);
        drop(returned);
        away.clear();
        let all: Vec<Loan> = std::iter::from_fn(|| pool.lend()).collect();
        assert!(all.iter().all(|loan| loan.parcel().is_empty()));
        assert!(all.iter().any(|loan| loan.parcel.bytes.capacity() >= 5_000));
    }
}
