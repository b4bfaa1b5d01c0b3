//! One worker's TCP side: listeners, connections, and the pause when descriptors run out.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use mio::event::Event;
use mio::{Interest, Registry, Token};
use sfu_model::time::Instant;
use sfu_net::tcp::connection::{READ_BYTES, TcpConnection};
use sfu_net::tcp::listener::{Accept, TcpListener};

use super::{FIRST_CONNECTION, FIRST_LISTENER};
use crate::candidates::Candidates;
use crate::connections::{ConnectionHits, Connections};

/// How long nothing is accepted after the process ran out of descriptors or memory. Trying at once would spin; this
/// recovers within half of the second that a client waits before it sends its SYN again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Connections accepted in one turn; more wait for the next one.
const ACCEPTS_PER_TURN: usize = 64;

/// Listeners and connections.
#[derive(Debug)]
pub(super) struct Streams {
    listeners: Vec<TcpListener>,
    /// By listener: connections may wait.
    may_accept: Vec<bool>,
    paused_until: Option<Instant>,
    descriptors_limit_hits: u64,
    /// Of connections that were forgotten.
    past_hits: ConnectionHits,
    /// Remote addresses whose session is gone, with what it said last still on its way.
    leaving: Vec<SocketAddr>,
    pub(super) connections: Connections,
    pub(super) scratch: Vec<u8>,
}

impl Streams {
    pub(super) fn new(mut listeners: Vec<TcpListener>, registry: &Registry) -> io::Result<Self> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            registry.register(listener, Token(FIRST_LISTENER + index), Interest::READABLE)?;
        }
        Ok(Self {
            may_accept: vec![true; listeners.len()],
            listeners,
            paused_until: None,
            descriptors_limit_hits: 0,
            past_hits: ConnectionHits::default(),
            leaving: Vec::new(),
            connections: Connections::default(),
            scratch: vec![0; READ_BYTES],
        })
    }

    pub(super) fn on_listener_event(&mut self, index: usize) {
        if let Some(may_accept) = self.may_accept.get_mut(index) {
            *may_accept = true;
        }
    }

    pub(super) fn on_connection_event(&mut self, slot: usize, event: &Event) {
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.connections.set_readable(slot);
        }
        if event.is_writable() {
            self.connections.set_writable(slot);
        }
    }

    /// True when there is something to do without waiting.
    pub(super) fn is_readable(&self, now: Instant) -> bool {
        let is_paused = self.paused_until.is_some_and(|until| now < until);
        self.connections.is_readable() || (!is_paused && self.may_accept.contains(&true))
    }

    /// When to accept again after a pause.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.paused_until
            .filter(|_| self.may_accept.contains(&true))
    }

    /// Accepts who waits.
    pub(super) fn accept(&mut self, candidates: &Candidates, now: Instant, registry: &Registry) {
        if self.paused_until.is_some_and(|until| now < until) {
            return;
        }
        self.paused_until = None;
        for (listener, may_accept) in self.listeners.iter().zip(&mut self.may_accept) {
            for _ in 0..ACCEPTS_PER_TURN {
                if !*may_accept {
                    break;
                }
                match listener.accept() {
                    Accept::Connection(connection) => {
                        let candidate = candidates.meant_by(connection.local());
                        let watch = watch(registry);
                        self.connections.admit(connection, candidate, now, watch);
                    }
                    Accept::Vanished => {}
                    Accept::Drained => *may_accept = false,
                    Accept::OutOfResources => {
                        self.paused_until = Some(now + ACCEPT_PAUSE);
                        self.descriptors_limit_hits += 1;
                        return;
                    }
                }
            }
        }
    }

    /// Closes this address's connection, once what was said on it is written.
    pub(super) fn forget_after_flush(&mut self, remote: SocketAddr) {
        self.leaving.push(remote);
    }

    /// Writes what was queued.
    pub(super) fn flush(&mut self, now: Instant) {
        for remote in self.leaving.drain(..) {
            self.connections.forgotten(remote, now);
        }
        self.connections.flush(now);
    }

    /// True while a connection closes.
    pub(super) fn is_leaving(&self) -> bool {
        self.connections.is_leaving()
    }

    /// Closes what has taken too long.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.connections.sweep(now);
    }

    pub(super) fn forget_connections(&mut self) {
        self.past_hits = self.connection_hits();
        self.connections = Connections::default();
    }

    pub(super) fn n_connections(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn connection_hits(&self) -> ConnectionHits {
        self.past_hits.plus(self.connections.hits())
    }

    pub(super) fn descriptors_limit_hits(&self) -> u64 {
        self.descriptors_limit_hits
    }
}

/// Puts a connection under the kernel's watch, both ways: unlike UDP, TCP only speaks up when a full buffer has emptied.
pub(super) fn watch(
    registry: &Registry,
) -> impl FnOnce(&mut TcpConnection, usize) -> io::Result<()> + '_ {
    |connection, slot| {
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(connection, Token(FIRST_CONNECTION + slot), both)
    }
}
