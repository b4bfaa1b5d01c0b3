//! Two directions of a path, and the packets on their way.

use std::net::SocketAddr;

use freshet_sim::network::{Conditions, Direction, InFlight, Network};
use sfu_model::time::Instant;

use crate::packet;
use crate::statistics::{Both, Statistics, Tally};

/// How many packets may be on their way at a time. One more is dropped and counted: a wire that keeps more is no path that
/// anybody has. It is 100 Mbit/s of full packets for a second, and bounds the memory at 15 MB.
pub const IN_FLIGHT_MAX: usize = 10_000;

/// Everything that goes through the wire shares its conditions: to the network it is one path, of this name.
const PATH: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// A wire. It is told of packets and of the time, and says which come out; it has no device and no clock.
#[derive(Debug)]
pub struct Wire {
    network: Network,
    in_flight: InFlight<Arrived>,
    /// Buffers of packets that have arrived, for those to come.
    spare: Vec<Vec<u8>>,
    tallies: Both<Tally>,
}

/// A packet that arrives. Whoever has written it gives it back.
#[derive(Debug)]
pub struct Arrived {
    /// The way that it came.
    pub direction: Direction,
    /// All of it, IP header included.
    pub packet: Vec<u8>,
}

impl Wire {
    /// A wire on which both directions are good. Draws come from the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            network: Network::new(seed),
            in_flight: InFlight::default(),
            spare: Vec::new(),
            tallies: Both::default(),
        }
    }

    /// Changes a direction for packets that come from here on.
    pub fn set(&mut self, direction: Direction, conditions: Conditions) {
        self.network.set(PATH, direction, conditions);
    }

    /// A packet enters at one end.
    pub fn handle_packet(&mut self, direction: Direction, packet: &[u8], now: Instant) {
        let tally = self.tallies.of(direction);
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            tally.dropped_full += 1;
            return;
        }
        tally
            .queue
            .record(self.network.queue_delay(PATH, direction, now));
        let datagram = packet::datagram(packet);
        let Some(arrives_at) = self.network.arrival(PATH, direction, datagram, now) else {
            return;
        };
        let mut kept = self.spare.pop().unwrap_or_default();
        kept.extend_from_slice(packet);
        let packet = kept;
        self.in_flight
            .push(arrives_at, Arrived { direction, packet });
    }

    /// A packet that has arrived by now, earliest first.
    #[must_use]
    pub fn poll_arrived(&mut self, now: Instant) -> Option<Arrived> {
        let (arrives_at, arrived) = self.in_flight.pop(now)?;
        let tally = self.tallies.of(arrived.direction);
        tally.late.record(now - arrives_at);
        Some(arrived)
    }

    /// What has arrived was written at the other end, or the device there refused it.
    pub fn give_back(&mut self, arrived: Arrived, was_taken: bool) {
        let tally = self.tallies.of(arrived.direction);
        if was_taken {
            tally.delivered += 1;
        } else {
            tally.dropped_refused += 1;
        }
        let mut packet = arrived.packet;
        packet.clear();
        self.spare.push(packet);
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.in_flight.next_at()
    }

    /// What became of all packets so far.
    pub fn statistics(&self) -> Statistics {
        let carried = |direction| self.network.carried(PATH, direction);
        Statistics {
            up: self.tallies.up.way(carried(Direction::Up)),
            down: self.tallies.down.way(carried(Direction::Down)),
        }
    }
}
