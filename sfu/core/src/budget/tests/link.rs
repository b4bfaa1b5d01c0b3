//! A bottleneck: a rate, a queue that drops what does not fit, a delay, and losses by chance.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

/// The step of the model's time: the tick of feedback.
pub(super) const STEP: Duration = Duration::from_micros(250);

/// Whose packet it is, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Viewer(u16),
    Reno(u64),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct InLink {
    pub(super) owner: Owner,
    pub(super) bytes: u64,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) rate: Bitrate,
    /// What the queue holds, as time at the rate.
    pub(super) queue_max: Duration,
    pub(super) delay: Duration,
    /// The share of packets lost by chance.
    pub(super) loss: f64,
    chance: u64,
    queue: VecDeque<InLink>,
    queue_bytes: u64,
    /// Bytes that the link may send by now.
    credit: f64,
    flying: VecDeque<(Instant, InLink)>,
}

impl Link {
    pub(super) fn new(kbps: u64, delay_ms: u64) -> Self {
        Self {
            rate: Bitrate::from_kbps(kbps),
            queue_max: Duration::from_millis(300),
            delay: Duration::from_millis(delay_ms),
            loss: 0.0,
            chance: 0x5eed,
            queue: VecDeque::new(),
            queue_bytes: 0,
            credit: 0.0,
            flying: VecDeque::new(),
        }
    }

    /// How long a packet that comes now waits.
    pub(super) fn queue_delay(&self) -> Duration {
        self.rate.time_for(self.queue_bytes)
    }

    /// Takes a packet; false: it is lost.
    pub(super) fn push(&mut self, packet: InLink) -> bool {
        let fits = self.queue_bytes + packet.bytes <= self.rate.bytes_in(self.queue_max).max(3_000);
        if !fits || self.draw() < self.loss {
            return false;
        }
        self.queue_bytes += packet.bytes;
        self.queue.push_back(packet);
        true
    }

    /// Moves by one step; what has arrived by then.
    pub(super) fn step(&mut self, now: Instant) -> Vec<InLink> {
        let step_bytes = self.rate.as_bps() as f64 / 8.0 * STEP.as_secs_f64();
        self.credit += step_bytes;
        while let Some(first) = self.queue.front()
            && self.credit >= first.bytes as f64
        {
            self.credit -= first.bytes as f64;
            self.queue_bytes -= first.bytes;
            self.flying.extend(
                self.queue
                    .pop_front()
                    .map(|packet| (now + self.delay, packet)),
            );
        }
        if self.queue.is_empty() {
            // An idle link saves nothing up.
            self.credit = self.credit.min(step_bytes);
        }
        let mut arrived = Vec::new();
        while self.flying.front().is_some_and(|(at, _)| *at <= now) {
            arrived.extend(self.flying.pop_front().map(|(_, packet)| packet));
        }
        arrived
    }

    fn draw(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn the_link_carries_its_rate_and_no_more() {
    let mut link = Link::new(800, 50);
    let mut now = Instant::START;
    let (mut arrived, mut lost) = (0, 0);
    for step in 0..40_000 {
        // 1,200 bytes every 6 ms are 1,600 kbit/s.
        if step % 24 == 0 {
            let packet = InLink {
                owner: Owner::Viewer(0),
                bytes: 1_200,
            };
            lost += u32::from(!link.push(packet));
        }
        now += STEP;
        arrived += u64::try_from(link.step(now).len()).unwrap() * 1_200 * 8;
    }
    let kbps = arrived / 10_000;
    assert!((770..=801).contains(&kbps), "{kbps}");
    assert!(lost > 700, "{lost}");
    assert!(link.queue_delay() > Duration::from_millis(270));
}
