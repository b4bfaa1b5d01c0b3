//! Who else goes through a bottleneck.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::time::Instant;

/// The traffic of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossTraffic {
    /// Nobody.
    None,
    /// The same all the time.
    Constant {
        /// How much.
        rate_bps: u64,
    },
    /// A while of traffic, a while of silence.
    OnOff {
        /// How much while it is on.
        rate_bps: u64,
        /// How long it is on, and then off.
        period: Duration,
    },
    /// A download that takes what it gets: window-based, one packet more each round trip, half when one is lost (AIMD, as TCP
    /// Reno, RFC 5681 section 3).
    Greedy {
        /// Its round trip without the queue.
        round_trip: Duration,
    },
}

/// A full packet of a download on Ethernet.
const PACKET_BYTES: u64 = 1_500;

/// The first window, in packets (RFC 6928 section 2).
const WINDOW_FIRST: u64 = 10;

/// A window is counted in thousandths of packets, so that it can grow by less than one with each acknowledgement.
const MILLI: u64 = 1_000;

/// The traffic of others at work.
#[derive(Debug)]
pub(super) enum Flow {
    Silent,
    Paced(Paced),
    Greedy(Greedy),
}

impl Flow {
    pub(super) fn new(traffic: CrossTraffic, now: Instant) -> Self {
        match traffic {
            CrossTraffic::None => Self::Silent,
            CrossTraffic::Constant { rate_bps } => Self::Paced(Paced::new(rate_bps, None, now)),
            CrossTraffic::OnOff { rate_bps, period } => {
                Self::Paced(Paced::new(rate_bps, Some(period), now))
            }
            CrossTraffic::Greedy { round_trip } => Self::Greedy(Greedy::new(round_trip, now)),
        }
    }

    /// When it does something next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Silent => None,
            Self::Paced(paced) => Some(paced.next_at),
            Self::Greedy(greedy) => greedy.poll_timeout(),
        }
    }

    /// Does what is due; the bytes of a packet that it sends.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<u64> {
        match self {
            Self::Silent => None,
            Self::Paced(paced) => paced.handle_timeout(),
            Self::Greedy(greedy) => greedy.handle_timeout(now),
        }
    }

    /// What became of its packet: when it left the bottleneck, or else, from how full the queue was, when that is noticed.
    pub(super) fn on_sent(&mut self, left_at: Option<Instant>, noticed_at: Instant) {
        match self {
            Self::Silent => {}
            Self::Paced(paced) => paced.n_delivered += u64::from(left_at.is_some()),
            Self::Greedy(greedy) => greedy.on_sent(left_at, noticed_at),
        }
    }

    pub(super) fn delivered_bytes(&self) -> u64 {
        let n_delivered = match self {
            Self::Silent => 0,
            Self::Paced(paced) => paced.n_delivered,
            Self::Greedy(greedy) => greedy.n_delivered,
        };
        n_delivered * PACKET_BYTES
    }
}

/// A packet each interval, with or without pauses.
#[derive(Debug)]
pub(super) struct Paced {
    interval: Duration,
    period: Option<Duration>,
    began_at: Instant,
    next_at: Instant,
    n_delivered: u64,
}

impl Paced {
    fn new(rate_bps: u64, period: Option<Duration>, now: Instant) -> Self {
        let nanos = PACKET_BYTES * 8 * 1_000_000_000 / rate_bps.max(1);
        Self {
            interval: Duration::from_nanos(nanos),
            period,
            began_at: now,
            next_at: now,
            n_delivered: 0,
        }
    }

    fn handle_timeout(&mut self) -> Option<u64> {
        let since = (self.next_at - self.began_at).as_nanos();
        self.next_at += self.interval;
        let is_on = |period: Duration| (since / period.as_nanos().max(1)).is_multiple_of(2);
        self.period.is_none_or(is_on).then_some(PACKET_BYTES)
    }
}

/// One AIMD window. What is acknowledged or found lost makes room for what is sent next.
#[derive(Debug)]
pub(super) struct Greedy {
    round_trip: Duration,
    window_milli: u64,
    slow_start_until_milli: u64,
    /// Packets on their way: when their fate is known, their number, and whether they arrived.
    in_flight: VecDeque<(Instant, u64, bool)>,
    n_sent: u64,
    /// One loss event halves the window once: losses of packets sent before the halving belong to it.
    recovers_until: u64,
    /// When the window opened last.
    ready_at: Instant,
    n_delivered: u64,
}

impl Greedy {
    fn new(round_trip: Duration, now: Instant) -> Self {
        Self {
            round_trip,
            window_milli: WINDOW_FIRST * MILLI,
            slow_start_until_milli: u64::MAX,
            in_flight: VecDeque::new(),
            n_sent: 0,
            recovers_until: 0,
            ready_at: now,
            n_delivered: 0,
        }
    }

    fn may_send(&self) -> bool {
        (self.in_flight.len() as u64) < self.window_milli / MILLI
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.may_send() {
            return Some(self.ready_at);
        }
        self.in_flight.front().map(|(at, _, _)| *at)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<u64> {
        self.ready_at = now;
        if self.may_send() {
            return Some(PACKET_BYTES);
        }
        let (_, number, has_arrived) = self.in_flight.pop_front()?;
        if has_arrived {
            self.n_delivered += 1;
            self.window_milli += if self.window_milli < self.slow_start_until_milli {
                MILLI
            } else {
                MILLI * MILLI / self.window_milli.max(MILLI)
            };
        } else if number >= self.recovers_until {
            // Never under two: a window of one would wait for a timer that is not modelled.
            self.window_milli = (self.window_milli / 2).max(2 * MILLI);
            self.slow_start_until_milli = self.window_milli;
            self.recovers_until = self.n_sent;
        }
        None
    }

    fn on_sent(&mut self, left_at: Option<Instant>, noticed_at: Instant) {
        let known_at = left_at.unwrap_or(noticed_at) + self.round_trip;
        self.in_flight
            .push_back((known_at, self.n_sent, left_at.is_some()));
        self.n_sent += 1;
    }
}
