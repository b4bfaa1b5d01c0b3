//! What arrives: the rate of the packets that feedback reports as received.
//!
//! A Bayesian estimate, as libwebrtc's: a sample far from the estimate counts less, because a Wi-Fi link that holds
//! packets for 50 ms and then releases them has not changed its capacity twice.

use sfu_model::rate::Bitrate;

use crate::budget::arrival::Arrival;

/// The time that one sample covers, by the receiver's clock, and the first (libwebrtc).
const WINDOW_MS: f64 = 150.0;
const FIRST_WINDOW_MS: f64 = 500.0;

/// A gap longer than this is a silence of the sender's: at the least rate a packet takes a third of it.
const SILENCE_MS: f64 = 1_000.0;

/// How many times a sample's relative distance from the estimate its standard deviation is taken to be (libwebrtc).
const UNCERTAINTY: f64 = 10.0;

/// Variance added per sample, for what may have changed (libwebrtc), and that of the first estimate.
const VARIANCE_STEP: f64 = 5.0;
const VARIANCE_START: f64 = 50.0;

/// Variance when a change is expected, after a probe (libwebrtc): the next sample decides.
const VARIANCE_CHANGE: f64 = 200.0;

/// Estimates the rate at which packets arrive.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// Of the window that is open.
    bytes: u64,
    window_ms: f64,
    last: Option<Arrival>,
    estimate: Option<Estimate>,
}

#[derive(Clone, Copy, Debug)]
struct Estimate {
    kbps: f64,
    variance: f64,
}

impl Acknowledged {
    /// Takes a received packet.
    pub(crate) fn push(&mut self, bytes: u32, arrival: Arrival) {
        let length_ms = if self.estimate.is_some() {
            WINDOW_MS
        } else {
            FIRST_WINDOW_MS
        };
        let gap_ms = self.last.map_or(0.0, |last| arrival.millis_since(last));
        if gap_ms < 0.0 {
            // Reordered on its way: it counts where the window stands.
            self.bytes += u64::from(bytes);
            return;
        }
        self.last = Some(arrival);
        self.window_ms += gap_ms;
        let is_silence = gap_ms > SILENCE_MS;
        let is_full = self.window_ms >= length_ms;
        if is_full && !is_silence {
            // The packet that ends the window is the first of the next. Over the time that passed, not the window's
            // length: where packets are few, samples would else be whole multiples of one.
            self.sample(self.bytes as f64 * 8.0 / self.window_ms);
        }
        if is_full || is_silence {
            self.bytes = 0;
            self.window_ms = 0.0;
        }
        self.bytes += u64::from(bytes);
    }

    /// The estimate; none before the first window is full.
    pub(crate) fn rate(&self) -> Option<Bitrate> {
        self.estimate
            .map(|estimate| Bitrate::from_kbps_estimate(estimate.kbps))
    }

    /// The next sample may be far from the estimate and right.
    pub(crate) fn expect_change(&mut self) {
        if let Some(estimate) = &mut self.estimate {
            estimate.variance = VARIANCE_CHANGE;
        }
    }

    /// Forgets the open window and the estimate.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    fn sample(&mut self, kbps: f64) {
        let Some(estimate) = &mut self.estimate else {
            self.estimate = Some(Estimate {
                kbps,
                variance: VARIANCE_START,
            });
            return;
        };
        let deviation = UNCERTAINTY * (estimate.kbps - kbps).abs() / estimate.kbps.max(1.0);
        let sample_variance = deviation * deviation;
        let variance = estimate.variance + VARIANCE_STEP;
        let sum = sample_variance + variance;
        estimate.kbps = (sample_variance * estimate.kbps + variance * kbps) / sum;
        estimate.variance = sample_variance * variance / sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 1,200 bytes, this many milliseconds apart.
    fn feed(rate: &mut Acknowledged, from_ms: i64, packets: i64, gap_ms: i64) -> i64 {
        for packet in 0..packets {
            rate.push(1_200, Arrival((from_ms + packet * gap_ms) * 4));
        }
        from_ms + packets * gap_ms
    }

    #[test]
    fn a_steady_rate_is_found() {
        let mut rate = Acknowledged::default();
        feed(&mut rate, 0, 50, 10);
        assert_eq!(rate.rate(), None, "half a second is not over");
        feed(&mut rate, 500, 200, 10);
        let kbps = rate.rate().unwrap().as_kbps();
        assert!((kbps - 960.0).abs() < 20.0, "{kbps}");
    }

    #[test]
    fn one_odd_sample_counts_little_and_a_change_is_believed() {
        let mut rate = Acknowledged::default();
        let at = feed(&mut rate, 0, 300, 10);
        let at = feed(&mut rate, at, 11, 15);
        let after_one = rate.rate().unwrap().as_kbps();
        assert!(after_one > 850.0, "{after_one}");
        feed(&mut rate, at, 200, 20);
        let after_change = rate.rate().unwrap().as_kbps();
        assert!((after_change - 480.0).abs() < 40.0, "{after_change}");
    }

    #[test]
    fn few_packets_are_no_multiples_of_one() {
        let mut rate = Acknowledged::default();
        feed(&mut rate, 0, 200, 103);
        let kbps = rate.rate().unwrap().as_kbps();
        assert!((kbps - 93.2).abs() < 1.0, "{kbps}");
    }

    #[test]
    fn a_silence_is_no_rate() {
        let mut rate = Acknowledged::default();
        feed(&mut rate, 0, 200, 10);
        let before = rate.rate();
        rate.push(1_200, Arrival(400_000));
        rate.push(1_200, Arrival(i64::MAX));
        rate.push(1_200, Arrival(i64::MIN));
        assert_eq!(rate.rate(), before);
    }
}
