//! A stranger: a thread that sends so many datagrams a second, and counts what comes back.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};
use sfu_model::datagram::{Transmit, Transport};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use sfu_net::udp::{ReceiveBatch, Sent, UdpSocket};

/// Ports that the flood comes from, in turn. From one port alone the kernel would join equal datagrams on their way, and the
/// server would read a hundred for the price of one.
const N_PORTS: usize = 32;

/// The attacker looks at the clock this often and sends what is due. The kernel's poll counts milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// Most datagrams that are made up for in one tick: an attacker that the machine held up goes on at its rate, so that a pause
/// does not become a burst of its own making.
const CATCH_UP_MAX: u64 = 1_000;

/// Bytes of the longest datagram of a flood: it stays on the stack.
pub(super) const DATAGRAM_BYTES_MAX: usize = 256;

/// A kind of flood.
pub(super) trait Attack: Send + 'static {
    /// Writes the next datagram; returns its length.
    fn write_next(&mut self, datagram: &mut [u8; DATAGRAM_BYTES_MAX]) -> usize;
}

/// What was sent, and what came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attacked {
    /// Datagrams that the kernel took.
    pub n_sent: u64,
    /// Datagrams that it did not.
    pub n_refused: u64,
    /// Datagrams that came back.
    pub n_answers: u64,
    /// How long it went on.
    pub lasted: Duration,
}

impl Attacked {
    /// Adds another's.
    pub(super) fn add(&mut self, other: Self) {
        self.n_sent += other.n_sent;
        self.n_refused += other.n_refused;
        self.n_answers += other.n_answers;
        self.lasted += other.lasted;
    }
}

/// An attacker at work.
pub(super) struct Attacker {
    stop: SyncSender<()>,
    thread: JoinHandle<io::Result<Attacked>>,
}

impl Attacker {
    /// Sends from here on.
    pub(super) fn start(
        attack: impl Attack,
        per_second: u32,
        local: IpAddr,
        target: SocketAddr,
        clock: Clock,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut sockets = Vec::with_capacity(N_PORTS);
        for index in 0..N_PORTS {
            let mut bound = UdpSocket::bind_group(SocketAddr::new(local, 0), 1)?;
            let mut socket = bound.pop().ok_or(io::ErrorKind::AddrNotAvailable)?;
            let registry = poll.registry();
            registry.register(&mut socket, Token(index), Interest::READABLE)?;
            sockets.push(socket);
        }
        // One order in an attacker's life.
        let (stop, inbox) = sync_channel(1);
        let began = clock.now();
        let attacking = Attacking {
            attack,
            per_second,
            target,
            clock,
            began,
            sockets,
            next_socket: 0,
            n_due: 0,
            so_far: Attacked::default(),
        };
        let thread = std::thread::Builder::new()
            .name("attacker".into())
            .spawn(move || attacking.run(poll, &inbox))?;
        Ok(Self { stop, thread })
    }

    /// Ends the flood and says what there was of it.
    pub(super) fn stop(self) -> io::Result<Attacked> {
        // A thread that has failed takes no order; its error is the result.
        let _ = self.stop.send(());
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// What the thread owns.
struct Attacking<A> {
    attack: A,
    per_second: u32,
    target: SocketAddr,
    clock: Clock,
    began: Instant,
    sockets: Vec<UdpSocket>,
    /// Whose turn it is.
    next_socket: usize,
    /// Datagrams that should have been sent so far.
    n_due: u64,
    so_far: Attacked,
}

impl<A: Attack> Attacking<A> {
    fn run(mut self, mut poll: Poll, inbox: &Receiver<()>) -> io::Result<Attacked> {
        let mut events = Events::with_capacity(N_PORTS);
        let mut batch = ReceiveBatch::default();
        while inbox.try_recv() == Err(TryRecvError::Empty) {
            match poll.poll(&mut events, Some(TICK)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Ok(()) | Err(_) => {}
            }
            for event in &events {
                self.listen(event.token().0, &mut batch)?;
            }
            self.send_due();
        }
        // What came after the last look.
        for index in 0..self.sockets.len() {
            self.listen(index, &mut batch)?;
        }
        self.so_far.lasted = self.clock.now() - self.began;
        Ok(self.so_far)
    }

    fn listen(&mut self, index: usize, batch: &mut ReceiveBatch) -> io::Result<()> {
        let Some(socket) = self.sockets.get_mut(index) else {
            return Ok(());
        };
        loop {
            let received = socket.receive(batch)?;
            self.so_far.n_answers += received.n_datagrams as u64;
            if received.is_drained {
                return Ok(());
            }
        }
    }

    fn send_due(&mut self) {
        let elapsed = self.clock.now() - self.began;
        let due = elapsed.as_nanos() * u128::from(self.per_second) / 1_000_000_000;
        let due = u64::try_from(due).unwrap_or(u64::MAX);
        let n_now = due.saturating_sub(self.n_due).min(CATCH_UP_MAX);
        self.n_due = due;
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        for _ in 0..n_now {
            let n_bytes = self.attack.write_next(&mut datagram);
            let bytes = datagram.get(..n_bytes).unwrap_or_default();
            let Some(socket) = self.sockets.get_mut(self.next_socket) else {
                return;
            };
            self.next_socket = (self.next_socket + 1) % N_PORTS;
            let run = Transmit {
                transport: Transport::Udp,
                source: socket.local_address(),
                destination: self.target,
                bytes: 0..n_bytes,
                segment_bytes: n_bytes,
            };
            match socket.send(&run, bytes, None) {
                Sent::Done { n_refused: 0 } => self.so_far.n_sent += 1,
                Sent::Done { .. } | Sent::BufferFull { .. } => self.so_far.n_refused += 1,
            }
        }
    }
}
