//! One worker's TCP connections, from the accepted stranger to the session's transport.

mod entry;
mod hits;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;

use mio::Registry;
use sfu_model::datagram::{Datagram, Transport};
use sfu_model::time::Instant;
use sfu_net::tcp::connection::{Readiness, TcpConnection};

use crate::handover::Handover;
pub(crate) use entry::Read;
use entry::{Entry, Standing};
pub(crate) use hits::ConnectionHits;

/// Most connections of a worker. Each holds up to 256 KB of frames for a slow reader: 1 GB when all are slow. When full,
/// the stranger who has been silent longest makes room; without strangers the new one is refused.
pub(crate) const CONNECTIONS_MAX: usize = 4_096;

/// All of them.
#[derive(Debug)]
pub(crate) struct Connections {
    n_max: usize,
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    by_remote: HashMap<SocketAddr, usize>,
    readable: VecDeque<usize>,
    dirty: Vec<usize>,
    hits: ConnectionHits,
}

impl Default for Connections {
    fn default() -> Self {
        Self::with_room_for(CONNECTIONS_MAX)
    }
}

impl Connections {
    /// Room for `n_max` connections.
    pub(crate) fn with_room_for(n_max: usize) -> Self {
        Self {
            n_max,
            entries: Vec::new(),
            free: Vec::new(),
            by_remote: HashMap::new(),
            readable: VecDeque::new(),
            dirty: Vec::new(),
            hits: ConnectionHits::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_remote.len()
    }

    /// How often its limits were met.
    pub(crate) fn hits(&self) -> ConnectionHits {
        self.hits
    }

    /// Takes an accepted connection into a slot, after `register` has put it under the kernel's watch there.
    pub(crate) fn admit(
        &mut self,
        mut connection: TcpConnection,
        candidate: SocketAddr,
        now: Instant,
        register: impl FnOnce(&mut TcpConnection, usize) -> io::Result<()>,
    ) -> Option<usize> {
        if self.len() >= self.n_max {
            self.hits.full += 1;
            let stranger = self.longest_stranger()?;
            self.close(stranger);
        }
        let remote = connection.remote();
        if let Some(slot) = self.by_remote.get(&remote).copied() {
            // The kernel gave the same remote address again: the old connection is dead.
            self.close(slot);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        });
        if let Err(error) = register(&mut connection, slot) {
            tracing::warn!(%error, "a TCP connection cannot be watched");
            self.free.push(slot);
            return None;
        }
        let standing = Standing::Stranger;
        let (is_readable, is_dirty) = (false, false);
        let entry = Entry {
            connection,
            candidate,
            standing,
            since: now,
            is_readable,
            is_dirty,
        };
        *self.entries.get_mut(slot)? = Some(entry);
        self.by_remote.insert(remote, slot);
        // What came before it was registered makes no event.
        self.set_readable(slot);
        Some(slot)
    }

    /// The kernel says that something waits, or that something can be written.
    pub(crate) fn set_readable(&mut self, slot: usize) {
        if let Some(Some(entry)) = self.entries.get_mut(slot)
            && !entry.is_readable
        {
            entry.is_readable = true;
            self.readable.push_back(slot);
        }
    }

    pub(crate) fn set_writable(&mut self, slot: usize) {
        if let Some(Some(entry)) = self.entries.get_mut(slot)
            && !entry.is_dirty
        {
            entry.is_dirty = true;
            self.dirty.push(slot);
        }
    }

    pub(crate) fn next_readable(&mut self) -> Option<usize> {
        self.readable.pop_front()
    }

    pub(crate) fn is_readable(&self) -> bool {
        !self.readable.is_empty()
    }

    /// Reads once.
    pub(crate) fn read(
        &mut self,
        slot: usize,
        scratch: &mut [u8],
        mut on_datagram: impl FnMut(Datagram<'_>),
    ) -> Read {
        let Some(Some(entry)) = self.entries.get_mut(slot) else {
            return Read::Passed;
        };
        entry.is_readable = false;
        let (source, destination) = (entry.connection.remote(), entry.candidate);
        let standing = entry.standing;
        let transport = Transport::Tcp;
        let mut first_frames = Vec::new();
        let readiness = entry.connection.receive(scratch, |bytes| match standing {
            Standing::Stranger => first_frames.push(bytes.to_vec()),
            Standing::Named | Standing::Validated => {
                on_datagram(Datagram {
                    transport,
                    source,
                    destination,
                    bytes,
                });
            }
            Standing::Leaving => {}
        });
        match readiness {
            Readiness::Closed => {
                self.close(slot);
                return Read::Passed;
            }
            Readiness::Broken => {
                self.close(slot);
                return Read::FrameTooLong;
            }
            Readiness::More => self.set_readable(slot),
            Readiness::Drained => {}
        }
        if first_frames.is_empty() {
            Read::Passed
        } else {
            Read::FirstFrames(first_frames)
        }
    }

    /// A stranger named a session of this worker. Gives its addresses: remote, ours.
    pub(crate) fn name(&mut self, slot: usize) -> Option<(SocketAddr, SocketAddr)> {
        let entry = self.entries.get_mut(slot)?.as_mut()?;
        entry.standing = Standing::Named;
        Some((entry.connection.remote(), entry.candidate))
    }

    /// Takes a connection out, for the worker that it belongs to.
    pub(crate) fn hand_over(
        &mut self,
        slot: usize,
        frames: Vec<Vec<u8>>,
        registry: &Registry,
    ) -> Option<Handover> {
        let mut connection = self.remove(slot)?.connection;
        registry.deregister(&mut connection).ok()?;
        Some(Handover { connection, frames })
    }

    /// Frames `payload` for a connection. False: there is none, or it is too slow.
    #[must_use]
    pub(crate) fn send(&mut self, remote: SocketAddr, payload: &[u8]) -> bool {
        let Some(slot) = self.by_remote.get(&remote).copied() else {
            return false;
        };
        let Some(Some(entry)) = self.entries.get_mut(slot) else {
            return false;
        };
        let fits = entry.connection.queue(payload);
        self.set_writable(slot);
        fits
    }

    /// Writes what was queued.
    pub(crate) fn flush(&mut self, now: Instant) {
        while let Some(slot) = self.dirty.pop() {
            let Some(Some(entry)) = self.entries.get_mut(slot) else {
                continue;
            };
            entry.is_dirty = false;
            let mut written = entry.connection.flush(now);
            if entry.standing == Standing::Leaving && entry.connection.is_flushed() {
                written = written.and_then(|()| entry.connection.finish());
            }
            if written.is_err() {
                self.close(slot);
            }
        }
    }

    /// The session of this address has passed ICE on it.
    pub(crate) fn validated(&mut self, remote: SocketAddr) {
        let slot = self.by_remote.get(&remote).copied();
        if let Some(Some(entry)) = slot.and_then(|slot| self.entries.get_mut(slot)) {
            entry.standing = Standing::Validated;
        }
    }

    /// The session of this address is gone: what it said last is written, then the connection closes.
    pub(crate) fn forgotten(&mut self, remote: SocketAddr, now: Instant) {
        let Some(slot) = self.by_remote.get(&remote).copied() else {
            return;
        };
        if let Some(Some(entry)) = self.entries.get_mut(slot) {
            entry.standing = Standing::Leaving;
            entry.since = now;
        }
        self.set_writable(slot);
    }

    /// True while a connection closes.
    pub(crate) fn is_leaving(&self) -> bool {
        let is_leaving = |entry: &Entry| entry.standing == Standing::Leaving;
        self.entries.iter().flatten().any(is_leaving)
    }

    /// Closes strangers and readers that have taken too long.
    pub(crate) fn sweep(&mut self, now: Instant) {
        for slot in 0..self.entries.len() {
            let Some(Some(entry)) = self.entries.get(slot) else {
                continue;
            };
            let (is_late, is_stuck) = (entry.is_late(now), entry.connection.is_stuck(now));
            // Who is slow to leave has lost nothing that counts.
            let is_refused = is_late && entry.standing != Standing::Leaving;
            self.hits.time += u64::from(is_refused);
            self.hits.stall += u64::from(is_stuck && !is_late);
            if is_late || is_stuck {
                self.close(slot);
            }
        }
    }

    /// Drops a connection; the kernel forgets its registration with its descriptor.
    pub(crate) fn close(&mut self, slot: usize) {
        self.remove(slot);
    }

    fn remove(&mut self, slot: usize) -> Option<Entry> {
        let entry = self.entries.get_mut(slot)?.take()?;
        self.by_remote.remove(&entry.connection.remote());
        self.readable.retain(|readable| *readable != slot);
        self.dirty.retain(|dirty| *dirty != slot);
        self.free.push(slot);
        Some(entry)
    }

    fn longest_stranger(&self) -> Option<usize> {
        let entries = self.entries.iter().enumerate();
        let known = entries.filter_map(|(slot, entry)| Some((slot, entry.as_ref()?)));
        let strangers = known.filter(|(_, entry)| entry.standing == Standing::Stranger);
        strangers
            .min_by_key(|(_, entry)| entry.since)
            .map(|(slot, _)| slot)
    }
}

#[cfg(test)]
mod tests;
