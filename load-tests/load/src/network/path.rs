//! What a player's datagrams go through, in real time: the simulator's network behind the player's socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use freshet_sim::network::{Direction, InFlight, Network};
use sfu_model::time::Instant;

use super::profile::Profile;

/// How many datagrams of one player may be on their way, both ways together. One more is dropped, and counted as one that our
/// own socket refused. It is 80 ms of 100 Mbit/s, twice what a publisher here can send, and bounds a player's memory at 1.5 MB.
const IN_FLIGHT_MAX: usize = 1_000;

/// To the network each player is one path, of this name.
const PATH: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// What lies between a player's socket and the player. It is told of datagrams and of the time, and says which come out; it has
/// no socket and no clock.
#[derive(Debug)]
pub struct PlayerPath {
    profile: Profile,
    network: Network,
    in_flight: InFlight<Passing>,
    /// Buffers of datagrams that have arrived, for those to come.
    spare: Vec<Vec<u8>>,
    n_dropped_full: usize,
}

/// A datagram on its way.
#[derive(Debug)]
pub(crate) struct Passing {
    pub(crate) direction: Direction,
    /// Where it comes from, or goes to.
    pub(crate) server: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

impl PlayerPath {
    /// What lies between by this profile; `None` where nothing does. Draws come from the seed.
    pub fn new(profile: Profile, seed: u64) -> Option<Self> {
        let conditions = profile.conditions()?;
        let mut network = Network::new(seed);
        for direction in [Direction::Up, Direction::Down] {
            network.set(PATH, direction, conditions);
        }
        Some(Self {
            profile,
            network,
            in_flight: InFlight::default(),
            spare: Vec::new(),
            n_dropped_full: 0,
        })
    }

    /// Its name.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Datagrams that were too many at a time.
    pub(crate) fn n_dropped_full(&self) -> usize {
        self.n_dropped_full
    }

    /// A datagram from the server, or to it, enters.
    pub(crate) fn enter(
        &mut self,
        direction: Direction,
        server: SocketAddr,
        bytes: &[u8],
        now: Instant,
    ) {
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            self.n_dropped_full += 1;
            return;
        }
        let Some(arrives_at) = self.network.arrival(PATH, direction, bytes, now) else {
            return;
        };
        let mut kept = self.spare.pop().unwrap_or_default();
        kept.extend_from_slice(bytes);
        let passing = Passing {
            direction,
            server,
            bytes: kept,
        };
        self.in_flight.push(arrives_at, passing);
    }

    /// A datagram that has arrived by now, earliest first, and when it did. Whoever has read it gives its bytes back.
    #[must_use]
    pub(crate) fn poll_arrived(&mut self, now: Instant) -> Option<(Instant, Passing)> {
        self.in_flight.pop(now)
    }

    /// Takes the bytes of what has been read.
    pub(crate) fn give_back(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        self.spare.push(bytes);
    }

    /// When the next datagram arrives.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.in_flight.next_at()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    /// A packet of media every millisecond for two seconds: when each left, and when it came out.
    fn delays(profile: Profile, packet_bytes: usize) -> Vec<Duration> {
        let server = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut path = PlayerPath::new(profile, 7).expect("something lies between");
        let mut delays = Vec::new();
        for ms in 0..3_000_u64 {
            if let Ok(number) = u16::try_from(ms)
                && ms < 2_000
            {
                let mut packet = vec![0; packet_bytes];
                packet[0] = 0x80;
                packet[2..4].copy_from_slice(&number.to_be_bytes());
                path.enter(Direction::Down, server, &packet, at(ms));
            }
            while let Some((arrived_at, passing)) = path.poll_arrived(at(ms)) {
                assert_eq!(passing.server, server);
                let number = u16::from_be_bytes([passing.bytes[2], passing.bytes[3]]);
                delays.push(arrived_at - at(number.into()));
                path.give_back(passing.bytes);
            }
        }
        assert_eq!((path.poll_timeout(), path.n_dropped_full()), (None, 0));
        delays
    }

    #[test]
    fn each_profile_does_what_it_says() {
        let ms = Duration::from_millis;
        for (profile, n_lost, shortest, longest) in [
            (Profile::Lossy, 20..=60, 10, 10),
            (Profile::Bursty, 15..=75, 10, 10),
            (Profile::Mobile, 8..=34, 60, 80),
        ] {
            let delays = delays(profile, 100);
            assert!(n_lost.contains(&(2_000 - delays.len())), "{profile}");
            let within = ms(shortest)..=ms(longest);
            assert!(
                delays.iter().all(|delay| within.contains(delay)),
                "{profile}"
            );
        }
    }

    #[test]
    fn a_slow_path_carries_its_rate_and_queues_for_its_time() {
        // 8 Mbit/s into 1 Mbit/s for two seconds, and what then waits in 200 ms of queue.
        let delays = delays(Profile::Slow, 1_000 - 28);
        assert!((265..=276).contains(&delays.len()), "{}", delays.len());
        let longest = delays.iter().max().copied();
        let bound = Duration::from_millis(200)..=Duration::from_millis(210);
        assert!(longest.is_some_and(|longest| bound.contains(&longest)));
    }

    #[test]
    fn more_than_fits_is_dropped_and_counted() {
        let mut path = PlayerPath::new(Profile::Mobile, 7).expect("something lies between");
        for n in 0..2 * IN_FLIGHT_MAX {
            let number = u16::try_from(n).unwrap().to_be_bytes();
            let packet = [&[0x80, 96], &number[..], &[0; 8]].concat();
            path.enter(Direction::Up, PATH, &packet, at(0));
        }
        let n_lost = 2 * IN_FLIGHT_MAX - path.in_flight.len() - path.n_dropped_full();
        assert_eq!(path.in_flight.len(), IN_FLIGHT_MAX);
        assert!((1..40).contains(&n_lost), "{n_lost} of the first");
    }

    #[test]
    fn on_the_machine_itself_nothing_lies_between() {
        assert!(PlayerPath::new(Profile::Clean, 7).is_none());
    }
}
