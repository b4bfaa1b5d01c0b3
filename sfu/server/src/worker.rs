//! One thread: wait, read the mailbox and the sockets, drive the core, send what it says.
//!
//! # A turn
//!
//! 1. Sleep until a socket, the bell or a timer.
//! 2. Answer requests, a few.
//! 3. Take what other workers sent.
//! 4. Read datagrams and connections in batches, within a budget; after each batch send what the core has to say.
//! 5. Run the timers.
//!
//! A packet that comes is put into memory once, for all who get it (the publisher's engine allocates twice for each). From there
//! to the sockets nothing allocates, locks or logs: `./dev bench core` counts the allocations.

mod books;
mod mail;
mod read;
mod streams;
mod taps;
mod write;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Poll, Token};
use sfu_core::Sfu as Core;
use sfu_core::command::Command;
use sfu_core::config::Seed;
use sfu_model::datagram::TransmitBatch;
use sfu_model::drop_reason::DropReason;
use sfu_model::id::WorkerId;
use sfu_model::time::Instant;
use sfu_net::budget::Budget;
use sfu_net::clock::Clock;
use sfu_net::udp::ReceiveBatch;

use crate::bell::Bell;
use crate::notice::{Notice, Notices};
use crate::owners::Owners;
use crate::parcel::Parcel;
use crate::sockets::Sockets;
use crate::stats::WorkerStats;
use books::Books;
pub(crate) use mail::Mail;
use streams::Streams;

/// Datagrams of one turn, over UDP and over TCP. At 3 us each they take under 4 ms, so that a flood delays timers and commands by
/// no more. The longest datagram of authenticated feedback takes a third of that in a flood; one that is heard in full takes
/// 20 us, and a viewer has eight of those in a second (`./dev bench core`).
const DATAGRAMS_PER_TURN: usize = 1_024;

/// How often counters are told, connections are swept, and a worker that nobody needs any more notices it.
const CHORES_INTERVAL: Duration = Duration::from_secs(1);

/// When to try again what another thread had no room for.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// Kernel events of one turn; more wait in the kernel.
const KERNEL_EVENTS_MAX: usize = 256;

/// The bell's token.
pub(crate) const BELL: Token = Token(0);
/// The first UDP socket's token; the others follow.
const FIRST_SOCKET: usize = 1;
/// The first TCP listener's token.
const FIRST_LISTENER: usize = 1 << 10;
/// The first TCP connection's token.
const FIRST_CONNECTION: usize = 1 << 20;

/// What a core is made of, again after a failure.
#[derive(Clone, Debug)]
pub(crate) struct CoreParts {
    pub(crate) config: sfu_core::config::Config,
    pub(crate) clock: Clock,
}

impl CoreParts {
    pub(crate) fn core(&self, seed: Seed) -> Core {
        Core::new(self.config.clone(), seed, self.clock.now())
    }
}

/// What a worker is made of, apart from its core.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) id: WorkerId,
    pub(crate) clock: Clock,
    pub(crate) poll: Poll,
    pub(crate) bell: Arc<Bell>,
    pub(crate) mail: Mail,
    pub(crate) listeners: sfu_net::listen::Listeners,
    pub(crate) candidates: crate::candidates::Candidates,
    pub(crate) notices: Notices,
}

/// One worker.
pub(crate) struct Worker {
    id: WorkerId,
    clock: Clock,
    core: Core,
    kernel: Kernel,
    mail: Mail,
    owners: Owners,
    sockets: Sockets,
    streams: Streams,
    notices: Notices,
    buffers: Buffers,
    books: Books,
    stop_by: Option<Instant>,
}

/// How a worker sleeps.
#[derive(Debug)]
struct Kernel {
    poll: Poll,
    events: Events,
    bell: Arc<Bell>,
}

/// Memory that every turn uses again.
#[derive(Debug, Default)]
struct Buffers {
    received: ReceiveBatch,
    transmits: TransmitBatch,
    /// Datagrams that nobody has claimed when they came.
    unclaimed: Parcel,
}

impl Worker {
    pub(crate) fn new(parts: Parts, core: Core, n_workers: usize) -> io::Result<Self> {
        let registry = parts.poll.registry();
        let listeners = parts.listeners;
        let sockets = Sockets::new(listeners.udp, parts.candidates, registry, FIRST_SOCKET)?;
        let streams = Streams::new(listeners.tcp, registry)?;
        let events = Events::with_capacity(KERNEL_EVENTS_MAX);
        Ok(Self {
            id: parts.id,
            clock: parts.clock,
            core,
            kernel: Kernel {
                poll: parts.poll,
                events,
                bell: parts.bell,
            },
            mail: parts.mail,
            owners: Owners::new(parts.id, n_workers),
            sockets,
            streams,
            notices: parts.notices,
            buffers: Buffers::default(),
            books: Books::new(parts.clock.now()),
            stop_by: None,
        })
    }

    /// Runs until it is told to stop, or until nobody is left who could.
    pub(crate) fn run(&mut self) {
        while !self.has_ended() {
            self.turn();
        }
    }

    /// Begins again with an empty core after a failure. Sockets and mailboxes stay; connections do not.
    pub(crate) fn begin_again(&mut self, core: Core) {
        self.books.retire(self.core.stats());
        self.core = core;
        self.streams.forget_connections();
        self.owners.failed(self.id);
        self.buffers = Buffers::default();
        self.books.thread.restarts += 1;
        self.mail.tell_all_that_i_failed(self.id);
        self.notices.tell(Notice::Failed(self.id));
    }

    fn turn(&mut self) {
        self.sleep();
        self.kernel.bell.answer();
        let now = self.books.woke_at;
        self.answer_requests(now);
        self.take_deliveries(now);
        self.flush(now);
        // Each kind has its own budget: a flood over UDP must not starve TCP.
        self.read_sockets(Budget::new(DATAGRAMS_PER_TURN));
        self.read_streams(Budget::new(DATAGRAMS_PER_TURN));
        let now = self.clock.now();
        if self.core.poll_timeout().is_some_and(|at| at <= now) {
            self.core.handle_timeout(now);
        }
        self.flush(now);
        if now - self.books.last_chores >= CHORES_INTERVAL {
            self.do_chores(now);
        }
    }

    fn sleep(&mut self) {
        let now = self.clock.now();
        let thread = &mut self.books.thread;
        thread.turns += 1;
        thread.busy += now - self.books.woke_at;
        let timeout = self.next_wake(now) - now;
        let Kernel { poll, events, .. } = &mut self.kernel;
        if let Err(error) = poll.poll(events, Some(timeout))
            && error.kind() != io::ErrorKind::Interrupted
        {
            tracing::error!(%error, "a worker cannot wait for its sockets");
        }
        self.books.woke_at = self.clock.now();
        for event in &self.kernel.events {
            match event.token().0 {
                0 => {}
                token if token >= FIRST_CONNECTION => {
                    self.streams
                        .on_connection_event(token - FIRST_CONNECTION, event);
                }
                token if token >= FIRST_LISTENER => {
                    self.streams.on_listener_event(token - FIRST_LISTENER);
                }
                token => {
                    if event.is_writable() {
                        let n_lost = self.sockets.drain(token - FIRST_SOCKET);
                        self.books.drops.add(DropReason::SendRefused, n_lost as u64);
                    }
                    self.sockets.set_readable(token - FIRST_SOCKET);
                }
            }
        }
    }

    fn next_wake(&self, now: Instant) -> Instant {
        if self.sockets.is_readable() || self.streams.is_readable(now) || self.mail.has_more() {
            return now;
        }
        let chores = self.books.last_chores + CHORES_INTERVAL;
        let must_retry = self.notices.is_held_back() || self.mail.must_retry();
        let retry = must_retry.then(|| now + RETRY_INTERVAL);
        let timers = [
            self.core.poll_timeout(),
            retry,
            self.stop_by,
            self.streams.retry_at(),
        ];
        timers.into_iter().flatten().fold(chores, Instant::min)
    }

    fn do_chores(&mut self, now: Instant) {
        let books = &mut self.books;
        let window = now - books.last_chores;
        let busy = books.thread.busy.saturating_sub(books.busy_at_last_chores);
        books.thread.busy_ratio = busy.as_secs_f64() / window.as_secs_f64();
        books.busy_at_last_chores = books.thread.busy;
        books.last_chores = now;
        self.streams.sweep(now);
        self.sweep_taps(now);
        if !self.notices.is_held_back() {
            let stats = Box::new(self.stats());
            self.notices.tell(Notice::Stats(stats));
        }
    }

    fn stats(&self) -> WorkerStats {
        let core = self.books.core_stats(self.core.stats());
        let mut thread = self.books.thread;
        thread.n_backlog = self.mail.n_backlog();
        thread.notices_limit_hits = self.notices.held_max_hits();
        let connections = self.streams.connection_hits();
        thread.connections_limit_hits = connections.full;
        thread.tcp_time_hits = connections.time;
        thread.tcp_stall_hits = connections.stall;
        thread.descriptors_limit_hits = self.streams.descriptors_limit_hits();
        WorkerStats {
            worker: self.id,
            core,
            sockets: self.sockets.stats(),
            n_connections: self.streams.n_connections(),
            thread,
        }
    }

    /// Closes every session, and ends once that is done and sent, or when time is up.
    fn stop(&mut self, now: Instant, within: Duration) {
        if self.stop_by.is_none() {
            // Shutdown is refused by nothing: sessions that cannot be closed are dropped with the core.
            let _ = self.core.handle_command(Command::Shutdown, now);
        }
        let stop_by = now + within;
        self.stop_by = Some(self.stop_by.map_or(stop_by, |earlier| earlier.min(stop_by)));
    }

    fn has_ended(&self) -> bool {
        let Some(stop_by) = self.stop_by else {
            return false;
        };
        let stats = self.core.stats();
        let is_done = stats.n_publishers + stats.n_subscribers == 0
            && !self.sockets.is_waiting()
            && !self.streams.is_leaving()
            && !self.notices.is_held_back();
        is_done || self.books.woke_at >= stop_by
    }
}
