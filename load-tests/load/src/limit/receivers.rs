//! Sockets with UDP_GRO that a thread on its own CPU drains.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use mio::event::Source as _;
use mio::{Events, Interest, Poll, Token, Waker};
use sfu_net::clock::Clock;
use sfu_net::udp::{ReceiveBatch, UdpSocket};

use super::LimitError;
use crate::cpu::Cpu;

/// The waker's token; sockets are numbered from zero.
const STOP: Token = Token(usize::MAX);

/// Most sockets that one poll reports; the rest are in the next.
const EVENTS_MAX: usize = 1_024;

/// What the two threads share.
#[derive(Debug, Default)]
struct Counters {
    n_received: AtomicU64,
    /// The count at which the sender wants to go on.
    n_wanted: AtomicU64,
    is_ended: AtomicBool,
}

impl Counters {
    /// Counts what was read; true when the sender waits for one of these datagrams.
    fn count(&self, n: u64) -> bool {
        let before = self.n_received.fetch_add(n, Ordering::SeqCst);
        let wanted = self.n_wanted.load(Ordering::SeqCst);
        before < wanted && before + n >= wanted
    }
}

/// The thread of receivers.
pub(super) struct Receivers {
    addresses: Vec<SocketAddr>,
    counters: Arc<Counters>,
    clock: Clock,
    waker: Waker,
    thread: JoinHandle<io::Result<()>>,
}

impl Receivers {
    /// Binds `n` sockets. Whoever calls it is the sender, who is told when a burst has come.
    pub(super) fn start(n: usize, cpu: Cpu) -> io::Result<Self> {
        let mut draining = Draining {
            poll: Poll::new()?,
            sockets: Vec::with_capacity(n),
            counters: Arc::default(),
            sender: std::thread::current(),
        };
        for index in 0..n {
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let sockets = UdpSocket::bind_group(any, 1)?;
            for mut socket in sockets {
                socket.register(draining.poll.registry(), Token(index), Interest::READABLE)?;
                draining.sockets.push(socket);
            }
        }
        let addresses = draining.sockets.iter().map(UdpSocket::local_address);
        Ok(Self {
            addresses: addresses.collect(),
            counters: Arc::clone(&draining.counters),
            clock: Clock::start(),
            waker: Waker::new(draining.poll.registry(), STOP)?,
            thread: std::thread::Builder::new()
                .name("receivers".into())
                .spawn(move || draining.run(cpu))?,
        })
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Waits until so many datagrams have come since the last [`Self::forget`]; says how many are missing when patience
    /// is at its end.
    pub(super) fn wait_for(&self, n: u64, patience: Duration) -> Result<u64, LimitError> {
        let Counters {
            n_received,
            n_wanted,
            is_ended,
        } = self.counters.as_ref();
        n_wanted.store(n, Ordering::SeqCst);
        let end = self.clock.now() + patience;
        loop {
            let missing = n.saturating_sub(n_received.load(Ordering::SeqCst));
            let left = end.saturating_since(self.clock.now());
            if missing == 0 || left == Duration::ZERO {
                return Ok(missing);
            }
            if is_ended.load(Ordering::SeqCst) {
                return Err(LimitError::ReceiversEnded);
            }
            // Whoever unparks too early is no harm: the count is looked at again.
            std::thread::park_timeout(left);
        }
    }

    /// Counts from zero again.
    pub(super) fn forget(&self) {
        self.counters.n_wanted.store(u64::MAX, Ordering::SeqCst);
        self.counters.n_received.store(0, Ordering::SeqCst);
    }

    pub(super) fn stop(self) -> io::Result<()> {
        self.counters.is_ended.store(true, Ordering::SeqCst);
        self.waker.wake()?;
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// What the thread owns.
struct Draining {
    poll: Poll,
    sockets: Vec<UdpSocket>,
    counters: Arc<Counters>,
    sender: Thread,
}

impl Draining {
    fn run(mut self, cpu: Cpu) -> io::Result<()> {
        let done = cpu.hold_this_thread().and_then(|()| self.drain());
        self.counters.is_ended.store(true, Ordering::SeqCst);
        self.sender.unpark();
        done
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut batch = ReceiveBatch::default();
        while !self.counters.is_ended.load(Ordering::SeqCst) {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Ok(()) | Err(_) => {}
            }
            for event in &events {
                let Some(socket) = self.sockets.get_mut(event.token().0) else {
                    continue;
                };
                loop {
                    let received = socket.receive(&mut batch)?;
                    let n = received.n_datagrams as u64;
                    if self.counters.count(n) {
                        self.sender.unpark();
                    }
                    if received.is_drained {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
