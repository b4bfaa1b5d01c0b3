//! The controllers of a path, and what they are told: delay, losses and probes move one rate.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::acknowledged::Acknowledged;
use crate::budget::aimd::{Aimd, Signal};
use crate::budget::arrival::Arrival;
use crate::budget::busy::Busy;
use crate::budget::cluster::Measured;
use crate::budget::delay::DelayWatch;
use crate::budget::history::Sent;
use crate::budget::longer::{Longer, Seen};
use crate::budget::loss::LossLimit;
use crate::budget::overflow::{Overflow, Verdict};
use crate::budget::overuse::Usage;
use crate::budget::queue::Queue;

#[derive(Debug)]
pub(crate) struct Rates {
    delay: DelayWatch,
    queue: Queue,
    busy: Busy,
    acknowledged: Acknowledged,
    aimd: Aimd,
    loss: LossLimit,
    overflow: Overflow,
    longer: Longer,
}

/// What a batch of feedback is judged with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    pub(crate) is_app_limited: bool,
    pub(crate) rtt: Duration,
    /// What a probe found that ended with this feedback.
    pub(crate) measured: Option<Measured>,
}

impl Rates {
    pub(crate) fn new(start: Bitrate) -> Self {
        Self {
            delay: DelayWatch::default(),
            queue: Queue::default(),
            busy: Busy::default(),
            acknowledged: Acknowledged::default(),
            aimd: Aimd::new(start),
            loss: LossLimit::default(),
            overflow: Overflow::default(),
            longer: Longer::default(),
        }
    }

    /// What delays and losses leave.
    pub(crate) fn rate(&self) -> Bitrate {
        let delay = self.aimd.rate();
        self.loss.limit().map_or(delay, |loss| delay.min(loss))
    }

    /// Losses hold the rate below what the delays would allow.
    pub(crate) const fn is_loss_limited(&self) -> bool {
        self.loss.limit().is_some()
    }

    /// To send more would only make it worse: a queue grows, or losses already hold the rate down.
    pub(crate) fn is_strained(&self) -> bool {
        self.usage() == Usage::Over || self.is_loss_limited()
    }

    /// The share of packets lost of late.
    pub(crate) const fn loss(&self) -> f64 {
        self.loss.loss()
    }

    /// A packet is reported lost, or received.
    pub(crate) fn settle(&mut self, sent: Sent, is_lost: bool) {
        self.loss.push(sent, is_lost);
        self.overflow.push(sent, is_lost, self.queue.delay());
    }

    /// A packet that was reported lost is received after all.
    pub(crate) fn recover(&mut self) {
        self.loss.recover();
    }

    /// When it arrived.
    pub(crate) fn on_arrival(&mut self, sent: Sent, arrival: Arrival, is_probe: bool) {
        self.acknowledged.push(sent.bytes, arrival);
        self.queue.push(sent.at, arrival);
        self.busy
            .push(sent.bytes, arrival, self.queue.last_above_ms());
        if is_probe {
            self.delay.skip();
        } else {
            self.delay.push(sent.at, arrival);
        }
    }

    /// After each batch of feedback. True: the rate fell.
    pub(crate) fn update(&mut self, circumstances: Circumstances, now: Instant) -> bool {
        let usage = self.usage();
        let acknowledged = self.acknowledged.rate();
        let signal = Signal {
            usage,
            acknowledged: match usage {
                Usage::Over => self.busy.rate().or(acknowledged),
                Usage::Normal | Usage::Under => acknowledged,
            },
            is_app_limited: circumstances.is_app_limited,
            rtt: circumstances.rtt,
            queue: self.queue.delay(),
        };
        self.aimd.update(signal, now);
        if let Some(measured) = circumstances.measured
            && usage != Usage::Over
        {
            self.on_probe(measured, now);
        }
        match self.overflow.update(self.aimd.rate(), acknowledged) {
            Verdict::Nothing => {}
            Verdict::Yield(left) => self.aimd.yield_to(left, now),
            Verdict::NotOurs => self.queue.rebase(),
        }
        let seen = Seen {
            standing: self.queue.standing(),
            acknowledged: acknowledged.unwrap_or(Bitrate::ZERO),
            loss: self.loss.loss(),
            is_over: usage == Usage::Over,
        };
        if self.longer.update(seen, now) {
            self.queue.rebase();
        }
        let is_limit_lower = self.loss.update(self.aimd.rate(), acknowledged);
        is_limit_lower || self.aimd.last_fall() == Some(now)
    }

    /// What the delays say. A trend upwards while some packets wait for nothing is jitter.
    fn usage(&self) -> Usage {
        match self.delay.usage() {
            _ if self.queue.surges() => Usage::Over,
            Usage::Over if self.busy.rate().is_none() => Usage::Normal,
            usage @ (Usage::Normal | Usage::Over | Usage::Under) => usage,
        }
    }

    /// How much delay stands before the path's narrowest place.
    pub(crate) fn queue(&self) -> Duration {
        if self.queue.surges() {
            self.queue.delay()
        } else {
            self.queue.standing()
        }
    }

    /// The path is back after a silence: goes on from this rate, and forgets what the delays were.
    pub(crate) fn restart(&mut self, rate: Bitrate, now: Instant) {
        self.aimd.set(rate, now);
        self.delay.reset();
        self.acknowledged.reset();
    }

    /// Less is sent from here on than shows what the path carries: what losses have left of the rate is all of it. A limit that
    /// goes up again because little is sent, and so little lost, proves nothing.
    pub(crate) fn confine(&mut self, now: Instant) {
        self.aimd.set(self.rate(), now);
        self.loss.lift();
    }

    /// More is sent from here on, to see what the delays say of it.
    pub(crate) fn try_at(&mut self, rate: Bitrate, now: Instant) {
        if rate > self.aimd.rate() {
            self.aimd.set(rate, now);
            self.acknowledged.expect_change();
        }
    }

    /// More than the present rate is believed. Less is, too, when the probe has filled the path: the rate may stand for
    /// a path that nobody has tried since; but what arrives by itself is proof against it.
    fn on_probe(&mut self, measured: Measured, now: Instant) {
        let proven = self.acknowledged.rate().unwrap_or(Bitrate::ZERO);
        let found = measured.rate.max(proven.min(self.aimd.rate()));
        if found > self.aimd.rate() || measured.is_full {
            self.aimd.on_probe(found, now);
            self.acknowledged.expect_change();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two seconds of packets of 1,200 bytes, 10 ms apart: 960 kbit/s arrive.
    fn arriving() -> Rates {
        let mut rates = Rates::new(Bitrate::from_kbps(2_000));
        for number in 0..200_i64 {
            let sent = Sent {
                number: number.unsigned_abs(),
                at: Instant::from_nanos(number.unsigned_abs() * 10_000_000),
                bytes: 1_200,
            };
            rates.settle(sent, false);
            rates.on_arrival(sent, Arrival(number * 40), false);
        }
        rates
    }

    fn after_probe(kbps: u64, is_full: bool) -> Bitrate {
        let mut rates = arriving();
        let circumstances = Circumstances {
            is_app_limited: true,
            rtt: Duration::from_millis(50),
            measured: Some(Measured {
                rate: Bitrate::from_kbps(kbps),
                is_full,
            }),
        };
        rates.update(circumstances, Instant::from_nanos(2_000_000_000));
        rates.rate()
    }

    #[test]
    fn a_probe_raises_the_rate_and_lowers_it_only_when_it_filled_the_path() {
        let kbps = Bitrate::from_kbps;
        assert_eq!(after_probe(4_000, false), kbps(4_000));
        assert_eq!(after_probe(1_500, false), kbps(2_000));
        assert_eq!(after_probe(1_500, true), kbps(1_500));
    }

    #[test]
    fn no_probe_lowers_the_rate_below_what_arrives() {
        let rate = after_probe(100, true).as_kbps();
        assert!((rate - 960.0).abs() < 20.0, "{rate}");
    }
}
