//! The loop around the wire: devices, clock and orders.

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use freshet_sim::network::Direction;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use sfu_net::clock::Clock;

use crate::device::{End, FAR_ADDRESS, MTU_BYTES, NEAR_ADDRESS};
use crate::orders::{InputEnded, Order, Orders};
use crate::path::Path;
use crate::reply::Reply;
use crate::wire::Wire;

const NEAR: Token = Token(0);
const FAR: Token = Token(1);
const ORDERS: Token = Token(2);

/// How many packets are read from an end before those that are due elsewhere have their turn.
const BATCH_MAX: usize = 64;

/// Two ends and the wire between them.
pub struct Carrier<R> {
    near: End,
    far: End,
    wire: Wire,
    clock: Clock,
    reply: R,
}

impl<R: FnMut(Reply) -> io::Result<()>> Carrier<R> {
    /// A wire between two ends; what is said goes to `reply`.
    pub fn new(near: End, far: End, seed: u64, reply: R) -> Self {
        Self {
            near,
            far,
            wire: Wire::new(seed),
            clock: Clock::start(),
            reply,
        }
    }

    /// Carries packets over this path until the input ends, and says what became of them.
    pub fn run(mut self, path: Path) -> io::Result<()> {
        let mut poll = Poll::new()?;
        let registry = poll.registry();
        for (end, token) in [(&self.near, NEAR), (&self.far, FAR)] {
            registry.register(&mut SourceFd(&end.as_raw_fd()), token, Interest::READABLE)?;
        }
        let orders = Orders::of_input(Waker::new(registry, ORDERS)?);
        self.become_like(path);
        (self.reply)(Reply::Ready {
            // Of the thread that made the far end, which is this one.
            namespace: format!("/proc/{}/ns/net", std::process::id()),
            near: NEAR_ADDRESS,
            far: FAR_ADDRESS,
        })?;
        let mut events = Events::with_capacity(8);
        loop {
            match orders.poll() {
                Ok(Some(line)) => self.obey(&line)?,
                Ok(None) => {
                    // Events tell of what comes, not of what is there: waiting is for when both ends are empty.
                    if self.turn()? == 0 {
                        poll_once(&mut poll, &mut events, self.until_due())?;
                    }
                }
                Err(InputEnded) => break,
            }
        }
        let statistics = self.wire.statistics();
        (self.reply)(Reply::Statistics(Box::new(statistics)))
    }

    /// Reads what has come to the ends and writes what is due; how many packets were read.
    fn turn(&mut self) -> io::Result<usize> {
        let n_down = self.read(Direction::Down)?;
        let n_up = self.read(Direction::Up)?;
        while let Some(arrived) = self.wire.poll_arrived(self.clock.now()) {
            let end = match arrived.direction {
                Direction::Up => &self.near,
                Direction::Down => &self.far,
            };
            let was_taken = end.send(&arrived.packet);
            self.wire.give_back(arrived, was_taken);
        }
        Ok(n_down + n_up)
    }

    fn read(&mut self, direction: Direction) -> io::Result<usize> {
        let end = match direction {
            Direction::Up => &self.far,
            Direction::Down => &self.near,
        };
        let mut buffer = [0; MTU_BYTES];
        for n_read in 0..BATCH_MAX {
            let Some(n_bytes) = end.receive(&mut buffer)? else {
                return Ok(n_read);
            };
            let packet = buffer.get(..n_bytes).unwrap_or_default();
            // A moment each: the fate of what has no number is drawn from it.
            self.wire.handle_packet(direction, packet, self.clock.now());
        }
        Ok(BATCH_MAX)
    }

    fn obey(&mut self, line: &str) -> io::Result<()> {
        let reply = match Order::parse(line) {
            Ok(Order::Change(path)) => {
                self.become_like(path);
                let order = line.to_owned();
                Reply::Changed { order }
            }
            Ok(Order::Tell) => Reply::Statistics(Box::new(self.wire.statistics())),
            Err(why) => Reply::Refused { why },
        };
        (self.reply)(reply)
    }

    fn become_like(&mut self, path: Path) {
        for direction in path.directions() {
            self.wire.set(*direction, path.conditions());
        }
    }

    fn until_due(&self) -> Option<Duration> {
        let due = self.wire.poll_timeout()?;
        Some(due - self.clock.now())
    }
}

fn poll_once(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, timeout) {
        // A signal that was handled: what there is to do is looked for again.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        result => result,
    }
}
