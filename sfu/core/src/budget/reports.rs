//! The estimate where receivers send reports and no transport-wide feedback: what the draft of 2016 did for every call.
//!
//! Loss in receiver reports moves the rate (draft-ietf-rmcat-gcc-02 section 6), and the receiver's own estimate, REMB
//! (draft-alvestrand-rmcat-remb-03), is its ceiling.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::limits::in_range;

/// Loss below the first lets the rate grow, above the second it falls by half the loss
/// (draft-ietf-rmcat-gcc-02 section 6).
const LOSS_GROWS_BELOW: f64 = 0.02;
const LOSS_FALLS_ABOVE: f64 = 0.10;

/// Growth per second, as of the delay-based rate; and no step is longer than this, however late a report is.
const GROWTH_PER_SECOND: f64 = 1.08;
const STEP_MAX: Duration = Duration::from_secs(5);

/// The rate may exceed what is sent by half and a little, as the delay-based rate what arrives.
const ABOVE_SENT: f64 = 1.5;
const ABOVE_SENT_OFFSET: Bitrate = Bitrate::from_kbps(10);

/// A round trip and this lie between two falls (libwebrtc): reports in between speak of the time before the first.
const FALL_INTERVAL: Duration = Duration::from_millis(300);

/// The parts of a report's fraction of packets lost (RFC 3550 section 6.4.1).
const FRACTION: f64 = 256.0;

/// One rate, moved by reports.
#[derive(Debug)]
pub(crate) struct ReportedLoss {
    rate: Bitrate,
    ceiling: Option<Bitrate>,
    loss: f64,
    last_report: Option<Instant>,
    last_fall: Option<Instant>,
    sent_bytes: u64,
}

impl ReportedLoss {
    pub(crate) fn new(start: Bitrate) -> Self {
        Self {
            rate: in_range(start),
            ceiling: None,
            loss: 0.0,
            last_report: None,
            last_fall: None,
            sent_bytes: 0,
        }
    }

    pub(crate) fn rate(&self) -> Bitrate {
        self.ceiling
            .map_or(self.rate, |ceiling| self.rate.min(ceiling))
    }

    /// As the last report has it.
    pub(crate) const fn loss(&self) -> f64 {
        self.loss
    }

    pub(crate) fn on_sent(&mut self, bytes: usize) {
        self.sent_bytes = self.sent_bytes.saturating_add(bytes as u64);
    }

    /// A receiver estimates this; whatever it says stays in range.
    pub(crate) fn on_remb(&mut self, rate: Bitrate) {
        self.ceiling = Some(in_range(rate));
    }

    /// A receiver report has come.
    pub(crate) fn on_report(&mut self, fraction_lost: u8, rtt: Duration, now: Instant) {
        self.loss = f64::from(fraction_lost) / FRACTION;
        let Some(last) = self.last_report.replace(now) else {
            self.sent_bytes = 0;
            return;
        };
        let step = now - last;
        let sent = Bitrate::of(std::mem::take(&mut self.sent_bytes), step);
        if self.loss < LOSS_GROWS_BELOW {
            self.grow(sent, step);
        } else if self.loss > LOSS_FALLS_ABOVE {
            let is_due = self
                .last_fall
                .is_none_or(|fall| now - fall >= rtt + FALL_INTERVAL);
            if is_due {
                self.rate = in_range(self.rate().scaled(1.0 - self.loss / 2.0));
                self.last_fall = Some(now);
            }
        }
    }

    fn grow(&mut self, sent: Option<Bitrate>, step: Duration) {
        let Some(sent) = sent else { return };
        let most = sent.scaled(ABOVE_SENT).saturating_add(ABOVE_SENT_OFFSET);
        // Not above the ceiling either: when it rises the growth goes on from where it held.
        let present = self.rate();
        let grown = present.scaled(GROWTH_PER_SECOND.powf(step.min(STEP_MAX).as_secs_f64()));
        self.rate = in_range(grown.min(most).max(present));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KBPS: fn(u64) -> Bitrate = Bitrate::from_kbps;
    const RTT: Duration = Duration::from_millis(100);

    /// Reports of this loss every second, while this much is sent.
    fn run(rate: &mut ReportedLoss, from_s: u64, seconds: u64, fraction_lost: u8, sent: Bitrate) {
        for second in from_s..from_s + seconds {
            let bytes = sent.bytes_in(Duration::from_secs(1));
            rate.on_sent(usize::try_from(bytes).unwrap());
            rate.on_report(
                fraction_lost,
                RTT,
                Instant::from_nanos(second * 1_000_000_000),
            );
        }
    }

    #[test]
    fn little_loss_grows_some_holds_much_falls() {
        let mut rate = ReportedLoss::new(KBPS(1_000));
        run(&mut rate, 0, 11, 0, KBPS(3_000));
        let grown = rate.rate();
        assert!(grown > KBPS(2_100) && grown < KBPS(2_200), "{grown}");
        run(&mut rate, 20, 10, 13, KBPS(3_000));
        assert_eq!(rate.rate(), grown);
        run(&mut rate, 40, 1, 128, KBPS(3_000));
        assert_eq!(rate.rate(), grown.scaled(0.75));
    }

    #[test]
    fn what_is_not_sent_proves_nothing() {
        let mut rate = ReportedLoss::new(KBPS(1_000));
        run(&mut rate, 0, 100, 0, KBPS(300));
        assert_eq!(rate.rate(), KBPS(1_000));
    }

    #[test]
    fn remb_is_a_ceiling_with_a_range() {
        let mut rate = ReportedLoss::new(KBPS(1_000));
        for (claimed, expected) in [
            (KBPS(400), KBPS(400)),
            (Bitrate::ZERO, crate::budget::limits::ESTIMATE_MIN),
            (Bitrate(1 << 63), KBPS(1_000)),
        ] {
            rate.on_remb(claimed);
            assert_eq!(rate.rate(), expected);
        }
    }

    #[test]
    fn a_burst_of_reports_is_one_fall() {
        let mut rate = ReportedLoss::new(KBPS(1_000));
        rate.on_report(0, RTT, Instant::START);
        for ms in 1..200 {
            rate.on_report(255, RTT, Instant::from_nanos(ms * 1_000_000));
        }
        assert!(rate.rate() > KBPS(490), "{}", rate.rate());
    }
}
