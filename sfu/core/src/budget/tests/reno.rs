//! A competitor: one TCP flow with Reno's congestion control (RFC 5681), as far as its sharing of a queue goes.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::time::Instant;

use super::link::{InLink, Link, Owner};

const PACKET_BYTES: u64 = 1_500;
const WINDOW_MIN: f64 = 2.0;

#[derive(Debug)]
pub(super) struct Reno {
    window: f64,
    threshold: f64,
    next: u64,
    in_flight: u64,
    /// Losses before this number belong to the fall that has happened.
    recovered: u64,
    return_delay: Duration,
    acks: VecDeque<Instant>,
    /// Drops, and when their duplicate acks come.
    losses: VecDeque<(Instant, u64)>,
    pub(super) acknowledged_bytes: u64,
}

impl Reno {
    pub(super) fn new(return_delay: Duration) -> Self {
        Self {
            window: 10.0,
            threshold: f64::INFINITY,
            next: 0,
            in_flight: 0,
            recovered: 0,
            return_delay,
            acks: VecDeque::new(),
            losses: VecDeque::new(),
            acknowledged_bytes: 0,
        }
    }

    pub(super) fn on_arrival(&mut self, now: Instant) {
        self.acks.push_back(now + self.return_delay);
    }

    pub(super) fn step(&mut self, link: &mut Link, now: Instant) {
        while self.acks.front().is_some_and(|at| *at <= now) {
            self.acks.pop_front();
            self.in_flight -= 1;
            self.acknowledged_bytes += PACKET_BYTES;
            self.window += if self.window < self.threshold {
                1.0
            } else {
                1.0 / self.window
            };
        }
        while self.losses.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, number)) = self.losses.pop_front() else {
                break;
            };
            self.in_flight -= 1;
            if number >= self.recovered {
                self.window = (self.window / 2.0).max(WINDOW_MIN);
                self.threshold = self.window;
                self.recovered = self.next;
            }
        }
        while (self.in_flight as f64) < self.window.floor() {
            let number = self.next;
            self.next += 1;
            self.in_flight += 1;
            let is_taken = link.push(InLink {
                owner: Owner::Reno(number),
                bytes: PACKET_BYTES,
            });
            if !is_taken {
                let noticed = now + link.queue_delay() + link.delay + self.return_delay;
                self.losses.push_back((noticed, number));
            }
        }
    }
}
