//! A sender that does what the estimator says, a link, and a receiver that gives feedback, in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use super::link::{InLink, Link, Owner, STEP};
use super::reno::Reno;
use crate::budget::arrival::Arrival;
use crate::budget::estimate::Estimator;

const PACKET_BYTES: u64 = 1_200;
/// As Chromium's, which answers every 50 to 250 ms.
const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);
/// What happened is kept for each of these.
const SAMPLE: Duration = Duration::from_millis(100);

type Lines = Vec<(u16, Option<Arrival>)>;

#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) estimate: Bitrate,
    sent_bytes: u64,
    arrived_bytes: u64,
    pub(super) queue_delay: Duration,
}

pub(super) struct Scene {
    pub(super) now: Instant,
    pub(super) link: Link,
    pub(super) estimator: Estimator,
    /// What the application has to send.
    pub(super) media: Bitrate,
    pub(super) reno: Option<Reno>,
    /// No feedback reaches the sender.
    pub(super) is_mute: bool,
    pub(super) samples: Vec<Sample>,
    pub(super) n_probes: u32,
    credit: f64,
    probe: Option<(Bitrate, u64)>,
    receiver: Receiver,
    feedback: VecDeque<(Instant, Lines)>,
    sent_bytes: u64,
    arrived_bytes: u64,
}

#[derive(Default)]
struct Receiver {
    arrivals: BTreeMap<u64, Arrival>,
    highest: Option<u64>,
    reported: u64,
}

impl Receiver {
    fn push(&mut self, wire: u16, now: Instant) {
        let highest = self.highest.unwrap_or(0);
        let ahead = i64::from(wire.wrapping_sub((highest & 0xffff) as u16) as i16);
        let number = highest.saturating_add_signed(ahead);
        self.highest = Some(highest.max(number));
        // An epoch of its own, far from the sender's.
        let ticks = i64::try_from(now.as_nanos() / 250_000).unwrap() + 9_000_000;
        self.arrivals.insert(number, Arrival(ticks));
    }

    fn report(&mut self) -> Lines {
        let end = self.highest.map_or(0, |highest| highest + 1);
        let lines = (self.reported..end)
            .map(|number| ((number & 0xffff) as u16, self.arrivals.remove(&number)))
            .collect();
        self.reported = end;
        lines
    }
}

impl Scene {
    pub(super) fn new(link: Link) -> Self {
        Self {
            now: Instant::from_nanos(1_000_000_000),
            link,
            estimator: Estimator::default(),
            media: Bitrate::from_kbps(10_000),
            reno: None,
            is_mute: false,
            samples: Vec::new(),
            n_probes: 0,
            credit: 0.0,
            probe: None,
            receiver: Receiver::default(),
            feedback: VecDeque::new(),
            sent_bytes: 0,
            arrived_bytes: 0,
        }
    }

    pub(super) fn run(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            self.now += STEP;
            self.send();
            self.carry();
            self.answer();
        }
    }

    /// The rate that was sent in these tenths of a second, counted from the start.
    pub(super) fn sent(&self, tenths: std::ops::Range<usize>) -> Bitrate {
        self.rate_of(tenths, |sample| sample.sent_bytes)
    }

    pub(super) fn arrived(&self, tenths: std::ops::Range<usize>) -> Bitrate {
        self.rate_of(tenths, |sample| sample.arrived_bytes)
    }

    pub(super) fn estimate(&self) -> Bitrate {
        self.estimator.estimate()
    }

    /// One line a second: what a person looks at when a test fails.
    pub(super) fn history(&self) -> String {
        let line = |(second, samples): (usize, &[Sample])| {
            let tenths = second * 10..second * 10 + samples.len();
            let (Some(last), Some(queue)) =
                (samples.last(), samples.iter().map(|s| s.queue_delay).max())
            else {
                return String::new();
            };
            let estimate = last.estimate;
            let (sent, arrived) = (self.sent(tenths.clone()), self.arrived(tenths));
            format!("{second:>3} s: {estimate}, sent {sent}, arrived {arrived}, queue {queue:?}\n")
        };
        self.samples.chunks(10).enumerate().map(line).collect()
    }

    fn rate_of(&self, tenths: std::ops::Range<usize>, bytes: impl Fn(&Sample) -> u64) -> Bitrate {
        let length = SAMPLE * u32::try_from(tenths.len()).unwrap();
        Bitrate::of(self.samples[tenths].iter().map(bytes).sum(), length).unwrap()
    }

    fn send(&mut self) {
        while self
            .estimator
            .poll_timeout()
            .is_some_and(|at| at <= self.now)
        {
            self.estimator.on_timeout(self.now);
            let Some(probe) = self.estimator.poll_probe(self.now) else {
                break;
            };
            self.n_probes += 1;
            self.probe = Some((probe.rate, probe.bytes));
        }
        let media = self.estimator.estimate().min(self.media);
        let rate = self.probe.map_or(media, |(rate, _)| rate.max(media));
        self.credit += rate.as_bps() as f64 / 8.0 * STEP.as_secs_f64();
        while self.credit >= PACKET_BYTES as f64 {
            self.credit -= PACKET_BYTES as f64;
            let number = self.estimator.on_sent(PACKET_BYTES as usize, self.now);
            self.sent_bytes += PACKET_BYTES;
            self.link.push(InLink {
                owner: Owner::Viewer(number),
                bytes: PACKET_BYTES,
            });
            self.probe = self.probe.and_then(|(rate, left)| {
                let left = left.saturating_sub(PACKET_BYTES);
                (left > 0).then_some((rate, left))
            });
        }
        if let Some(reno) = &mut self.reno {
            reno.step(&mut self.link, self.now);
        }
    }

    fn carry(&mut self) {
        for packet in self.link.step(self.now) {
            match packet.owner {
                Owner::Viewer(number) => {
                    self.arrived_bytes += packet.bytes;
                    self.receiver.push(number, self.now);
                }
                Owner::Reno(_) => {
                    if let Some(reno) = &mut self.reno {
                        reno.on_arrival(self.now);
                    }
                }
            }
        }
    }

    fn answer(&mut self) {
        if is_multiple(self.now, FEEDBACK_INTERVAL) {
            let lines = self.receiver.report();
            if !lines.is_empty() && !self.is_mute {
                self.feedback.push_back((self.now + self.link.delay, lines));
            }
        }
        while self.feedback.front().is_some_and(|(at, _)| *at <= self.now) {
            if let Some((_, lines)) = self.feedback.pop_front() {
                self.estimator.on_feedback(lines.into_iter(), self.now);
            }
        }
        if is_multiple(self.now, SAMPLE) {
            self.samples.push(Sample {
                estimate: self.estimator.estimate(),
                sent_bytes: std::mem::take(&mut self.sent_bytes),
                arrived_bytes: std::mem::take(&mut self.arrived_bytes),
                queue_delay: self.link.queue_delay(),
            });
        }
    }
}

fn is_multiple(now: Instant, of: Duration) -> bool {
    u128::from(now.as_nanos()).is_multiple_of(of.as_nanos())
}
