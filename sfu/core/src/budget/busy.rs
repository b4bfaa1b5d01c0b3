//! What a path carries while it is busy: as long as every packet finds others before it, packets arrive as quickly as the
//! narrowest place lets them through, whatever was sent.
//!
//! The acknowledged rate follows what is sent, and late. A step up to a higher layer, or a link that lost most of its rate,
//! makes a queue within a hundred milliseconds, and what is left of the rate then must not be a share of the past.

use sfu_model::rate::Bitrate;

use crate::budget::arrival::Arrival;

/// A packet that was delayed by less than this has found the path idle, or behind its own frame only.
const BUSY_MS: f64 = 20.0;

/// Time that one measurement covers at most, and that makes one: a receiver's clock that ticks in milliseconds, and packets
/// of 1,200 bytes at 300 kbit/s, each 32 ms, leave a tenth of it uncertain.
const WINDOW_MS: f64 = 150.0;
const WINDOW_MS_MIN: f64 = 60.0;

/// Packets in a row that were delayed, and how quickly they arrived.
#[derive(Debug, Default)]
pub(crate) struct Busy {
    /// When the last packet before the window arrived.
    began: Option<Arrival>,
    window_ms: f64,
    bytes: u64,
    before: Option<Bitrate>,
}

impl Busy {
    /// Takes a received packet, and how much longer than the path's least its way was.
    pub(crate) fn push(&mut self, bytes: u32, arrival: Arrival, delay_ms: f64) {
        if delay_ms < BUSY_MS {
            *self = Self::default();
            return;
        }
        let began = *self.began.get_or_insert(arrival);
        let window_ms = arrival.millis_since(began);
        if window_ms < self.window_ms {
            // Reordered, or a clock that went back: it says nothing.
            return;
        }
        self.window_ms = window_ms;
        if window_ms > 0.0 {
            self.bytes += u64::from(bytes);
        }
        if window_ms >= WINDOW_MS {
            self.before = Some(self.measured());
            self.began = Some(arrival);
            self.window_ms = 0.0;
            self.bytes = 0;
        }
    }

    /// The rate of arrival of late; none while the path is idle, or not busy for long enough.
    pub(crate) fn rate(&self) -> Option<Bitrate> {
        if self.window_ms >= WINDOW_MS_MIN {
            return Some(self.measured());
        }
        self.before
    }

    fn measured(&self) -> Bitrate {
        Bitrate::from_kbps_estimate(self.bytes as f64 * 8.0 / self.window_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(busy: &mut Busy, ms: i64, delay_ms: f64) {
        busy.push(1_250, Arrival(ms * 4), delay_ms);
    }

    #[test]
    fn a_busy_path_is_measured_whatever_came_before() {
        let mut busy = Busy::default();
        push(&mut busy, 0, 0.0);
        assert_eq!(busy.rate(), None);
        for ms in (1_000..1_060).step_by(10) {
            push(&mut busy, ms, 50.0);
            assert_eq!(busy.rate(), None);
        }
        for ms in (1_060..2_000).step_by(10) {
            push(&mut busy, ms, 50.0);
            assert_eq!(busy.rate(), Some(Bitrate::from_kbps(1_000)));
        }
        for ms in (2_000..2_160).step_by(20) {
            push(&mut busy, ms, 90.0);
        }
        let rate = busy.rate().unwrap().as_kbps();
        assert!((rate - 500.0).abs() < 60.0, "{rate}");
    }

    #[test]
    fn one_packet_that_waits_for_nothing_ends_it() {
        let mut busy = Busy::default();
        for ms in (0..200).step_by(10) {
            push(&mut busy, ms, if ms % 50 == 0 { 3.0 } else { 40.0 });
        }
        assert_eq!(busy.rate(), None);
    }

    #[test]
    fn a_clock_that_goes_back_is_ignored() {
        let mut busy = Busy::default();
        for ticks in [0, 400, i64::MIN, i64::MAX, 0, 500] {
            busy.push(1_250, Arrival(ticks), 50.0);
        }
        assert!(
            busy.rate()
                .is_none_or(|rate| rate < Bitrate::from_kbps(1_000))
        );
    }
}
