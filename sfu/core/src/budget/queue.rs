//! How much delay stands in the path's queue: the one-way delay above the least of the last half minute.
//!
//! The two clocks share no epoch, so only the difference between delays means something. They drift: 100 ppm over the
//! memory of 30 s is 3 ms, a fifth of what matters here.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::budget::arrival::Arrival;

/// The least delay is remembered for one to two of these. A path that changes for good (a phone that leaves its Wi-Fi)
/// looks like a standing queue until then, a queue that stands for longer like the path.
const MEMORY: Duration = Duration::from_secs(15);

/// What stands is the least delay of one to two of these: jitter, of a radio or of a machine that has much to do, delays
/// some packets, a queue delays all. Twice the interval of video, so that a frame's own burst does not count either; by the
/// receiver's clock, because what stands before a queue that grows was sent in a moment.
const STANDING_MS: f64 = 80.0;

/// A queue of this, that was less by this a window before, is a link that lost much of its rate: the trendline, which
/// smooths, takes 200 ms more to say so, in which two layers' worth of pictures join the queue.
const SURGE_MS: f64 = 100.0;
const SURGE_GROWTH_MS: f64 = 40.0;

/// More than this is no queue but a clock that jumped (libwebrtc starts its comparison anew at 3 s): the memory ends.
const QUEUE_MS_MAX: f64 = 3_000.0;

/// The least one-way delay of late, and the last.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    epoch: Option<Epoch>,
    /// Milliseconds above the epoch's arbitrary zero.
    least_ms: f64,
    least_before_ms: f64,
    last_ms: f64,
    half_began: Option<Instant>,
    /// The least delay since the window began, and that of the window before.
    window_ms: f64,
    window_before_ms: f64,
    window_began: Option<Arrival>,
}

#[derive(Clone, Copy, Debug)]
struct Epoch {
    sent: Instant,
    arrival: Arrival,
}

impl Queue {
    /// Takes a received packet.
    pub(crate) fn push(&mut self, sent: Instant, arrival: Arrival) {
        let epoch = *self.epoch.get_or_insert(Epoch { sent, arrival });
        let sent_ms = (sent.as_nanos() as f64 - epoch.sent.as_nanos() as f64) / 1e6;
        let delay_ms = arrival.millis_since(epoch.arrival) - sent_ms;
        let began = *self.half_began.get_or_insert(sent);
        if sent - began > MEMORY {
            self.half_began = Some(sent);
            self.least_before_ms = self.least_ms;
            self.least_ms = delay_ms;
        }
        self.least_ms = self.least_ms.min(delay_ms);
        self.last_ms = delay_ms;
        self.push_window(arrival, delay_ms);
        if self.above_least_ms() > QUEUE_MS_MAX {
            *self = Self::default();
        }
    }

    /// Milliseconds that the last packet took longer than the least.
    pub(crate) fn last_above_ms(&self) -> f64 {
        self.above_least_ms()
    }

    /// The delay that packets find standing before them.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_secs_f64(self.above_least_ms().clamp(0.0, QUEUE_MS_MAX) / 1e3)
    }

    /// The delay that no packet of late has escaped.
    pub(crate) fn standing(&self) -> Duration {
        let least_ms = self.window_ms.min(self.window_before_ms) - self.base_ms();
        Duration::from_secs_f64(least_ms.clamp(0.0, QUEUE_MS_MAX) / 1e3)
    }

    /// What stands grows so quickly that no trend need be awaited: of each 80 ms half is delay.
    pub(crate) fn surges(&self) -> bool {
        self.window_ms - self.base_ms() >= SURGE_MS
            && self.window_ms - self.window_before_ms >= SURGE_GROWTH_MS
    }

    /// What stands is the path's own delay by now.
    pub(crate) fn rebase(&mut self) {
        self.least_ms = self.last_ms;
        self.least_before_ms = self.last_ms;
    }

    fn push_window(&mut self, arrival: Arrival, delay_ms: f64) {
        let began = *self.window_began.get_or_insert(arrival);
        let length_ms = arrival.millis_since(began);
        // A clock that went back begins anew, too.
        if !(0.0..STANDING_MS).contains(&length_ms) {
            self.window_began = Some(arrival);
            self.window_before_ms = self.window_ms;
            self.window_ms = delay_ms;
        }
        self.window_ms = self.window_ms.min(delay_ms);
    }

    fn base_ms(&self) -> f64 {
        self.least_ms.min(self.least_before_ms)
    }

    fn above_least_ms(&self) -> f64 {
        self.last_ms - self.base_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(queue: &mut Queue, sent_ms: u64, delay_ms: i64) -> Duration {
        let arrival = Arrival((77_000 + i64::try_from(sent_ms).unwrap() + delay_ms) * 4);
        queue.push(Instant::from_nanos(sent_ms * 1_000_000), arrival);
        queue.delay()
    }

    #[test]
    fn the_queue_is_what_stands_above_the_least_delay() {
        let mut queue = Queue::default();
        assert_eq!(push(&mut queue, 0, 60), Duration::ZERO);
        assert_eq!(push(&mut queue, 20, 50), Duration::ZERO);
        assert_eq!(push(&mut queue, 40, 250), Duration::from_millis(200));
        assert_eq!(push(&mut queue, 60, 50), Duration::ZERO);
    }

    #[test]
    fn jitter_does_not_stand_and_a_queue_does() {
        let mut queue = Queue::default();
        for step in 0..50_u64 {
            push(&mut queue, step * 20, if step % 4 == 0 { 50 } else { 75 });
        }
        assert_eq!(queue.standing(), Duration::ZERO);
        for step in 50..60_u64 {
            push(&mut queue, step * 20, if step % 4 == 0 { 70 } else { 95 });
        }
        assert_eq!(queue.standing(), Duration::from_millis(20));
    }

    #[test]
    fn a_longer_path_becomes_the_path() {
        let mut queue = Queue::default();
        for step in 0..500_u64 {
            push(&mut queue, step * 100, if step < 100 { 50 } else { 90 });
        }
        assert_eq!(push(&mut queue, 50_000, 90), Duration::ZERO);
    }

    #[test]
    fn a_clock_that_jumps_is_no_queue() {
        let mut queue = Queue::default();
        push(&mut queue, 0, 50);
        assert_eq!(push(&mut queue, 20, 3_600_000), Duration::ZERO);
        assert_eq!(push(&mut queue, 40, -3_600_000), Duration::ZERO);
        queue.push(Instant::START, Arrival(i64::MAX));
        queue.push(Instant::from_nanos(u64::MAX), Arrival(i64::MIN));
        assert!(queue.delay() <= Duration::from_secs(3));
    }
}
