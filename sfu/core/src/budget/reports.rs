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

/// As long what a try has begun is believed in spite of the receiver's own estimate: that grows by 8 % a second, and a step
/// between encodings is fourfold at most. A receiver that sees the path full says less than before the try.
const TRY: Duration = Duration::from_secs(20);
const REMB_FALLS: f64 = 0.95;

/// A round trip that is longer by this than the shortest is a queue, and by twice this one that a try has made: some
/// pictures' worth.
const QUEUE: Duration = Duration::from_millis(100);
/// What is left of what is sent then, as where delays are measured.
const AFTER_QUEUE: f64 = 0.85;

/// A try is over as soon as more than one of so many packets is asked for again, once so many are: reports tell a second
/// later.
const TRY_LOST_ONE_OF: u64 = 10;
const TRY_LOST_MIN: u64 = 10;
/// The queue of a try that is over: more than a plan has patience with.
const TRY_QUEUE: Duration = Duration::from_millis(300);

/// One rate, moved by reports.
#[derive(Debug)]
pub(crate) struct ReportedLoss {
    rate: Bitrate,
    ceiling: Option<Bitrate>,
    loss: f64,
    last_report: Option<Instant>,
    last_fall: Option<Instant>,
    sent_bytes: u64,
    round_trip: Duration,
    /// `None` until a report came.
    round_trip_min: Option<Duration>,
    trying: Option<Trying>,
    /// A try is over for what was missed, and no report has come since.
    has_failed: bool,
}

/// More is sent than was ever reported to arrive.
#[derive(Clone, Copy, Debug)]
struct Trying {
    until: Instant,
    /// The receiver's estimate when it began.
    ceiling: Option<Bitrate>,
    /// The rate before it.
    before: Bitrate,
    n_sent: u64,
    n_missed: u64,
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
            round_trip: Duration::ZERO,
            round_trip_min: None,
            trying: None,
            has_failed: false,
        }
    }

    /// How much delay stands on the path, as far as that is known.
    pub(crate) fn queue(&self) -> Duration {
        if self.has_failed {
            return TRY_QUEUE;
        }
        let least = self.round_trip_min.unwrap_or(self.round_trip);
        self.round_trip.saturating_sub(least)
    }

    /// The receiver asks for packets again.
    pub(crate) fn on_missed(&mut self, n_packets: u64) {
        let Some(trying) = &mut self.trying else {
            return;
        };
        trying.n_missed += n_packets;
        let is_much = trying.n_missed.saturating_mul(TRY_LOST_ONE_OF) > trying.n_sent;
        if is_much && trying.n_missed >= TRY_LOST_MIN {
            self.rate = trying.before;
            self.trying = None;
            self.has_failed = true;
        }
    }

    /// What is sent arrives, without a queue.
    pub(crate) fn is_at_ease(&self) -> bool {
        self.trying.is_none() && self.loss < LOSS_GROWS_BELOW && !self.has_queue(QUEUE)
    }

    fn has_queue(&self, queue: Duration) -> bool {
        self.round_trip_min
            .is_none_or(|least| self.round_trip > least + queue)
    }

    /// This much is sent from here on.
    pub(crate) fn try_at(&mut self, rate: Bitrate, now: Instant) {
        let before = self.rate();
        self.rate = in_range(rate.max(self.rate));
        self.trying = Some(Trying {
            until: now + TRY,
            ceiling: self.ceiling,
            before,
            n_sent: 0,
            n_missed: 0,
        });
    }

    pub(crate) fn rate(&self) -> Bitrate {
        let ceiling = self.ceiling.filter(|_| self.trying.is_none());
        ceiling.map_or(self.rate, |ceiling| self.rate.min(ceiling))
    }

    /// As the last report has it.
    pub(crate) const fn loss(&self) -> f64 {
        self.loss
    }

    pub(crate) fn on_sent(&mut self, bytes: usize) {
        self.sent_bytes = self.sent_bytes.saturating_add(bytes as u64);
        if let Some(trying) = &mut self.trying {
            trying.n_sent += 1;
        }
    }

    /// A receiver estimates this; whatever it says stays in range.
    pub(crate) fn on_remb(&mut self, rate: Bitrate) {
        let rate = in_range(rate);
        self.ceiling = Some(rate);
        if let Some(trying) = &mut self.trying {
            let before = *trying.ceiling.get_or_insert(rate);
            if rate < before.scaled(REMB_FALLS) {
                self.trying = None;
            }
        }
    }

    /// A receiver report has come.
    pub(crate) fn on_report(&mut self, fraction_lost: u8, rtt: Duration, now: Instant) {
        self.loss = f64::from(fraction_lost) / FRACTION;
        self.round_trip = rtt;
        self.has_failed = false;
        self.round_trip_min = Some(self.round_trip_min.map_or(rtt, |least| least.min(rtt)));
        let Some(last) = self.last_report.replace(now) else {
            self.sent_bytes = 0;
            return;
        };
        let step = now - last;
        let sent = Bitrate::of(std::mem::take(&mut self.sent_bytes), step);
        let has_tried = self.trying.is_some();
        self.trying = self
            .trying
            .filter(|trying| now < trying.until && self.loss <= LOSS_FALLS_ABOVE);
        if has_tried && self.has_queue(QUEUE * 2) {
            self.trying = None;
            let left = sent.unwrap_or(self.rate).scaled(AFTER_QUEUE);
            self.rate = in_range(left.min(self.rate));
        } else if self.loss < LOSS_GROWS_BELOW {
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

    #[test]
    fn a_try_is_believed_until_the_receiver_says_less() {
        let mut rate = ReportedLoss::new(KBPS(300));
        run(&mut rate, 0, 5, 0, KBPS(200));
        rate.on_remb(KBPS(310));
        assert!(rate.is_at_ease());
        rate.try_at(KBPS(900), Instant::from_nanos(5_000_000_000));
        assert_eq!(rate.rate(), KBPS(900));
        assert!(!rate.is_at_ease(), "one at a time");
        rate.on_remb(KBPS(330));
        assert_eq!(rate.rate(), KBPS(900), "it grows slowly");
        rate.on_remb(KBPS(280));
        assert_eq!(rate.rate(), KBPS(280), "and falls at once");
    }

    #[test]
    fn a_try_is_over_when_a_tenth_is_asked_for_again() {
        let mut rate = ReportedLoss::new(KBPS(300));
        run(&mut rate, 0, 5, 0, KBPS(200));
        let before = rate.rate();
        rate.try_at(KBPS(900), Instant::from_nanos(5_000_000_000));
        for _ in 0..100 {
            rate.on_sent(1_000);
        }
        rate.on_missed(10);
        assert_eq!((rate.rate(), rate.queue()), (KBPS(900), Duration::ZERO));
        rate.on_missed(1);
        assert_eq!((rate.rate(), rate.queue()), (before, TRY_QUEUE));
        run(&mut rate, 6, 1, 0, KBPS(200));
        assert_eq!(rate.queue(), Duration::ZERO);
    }

    #[test]
    fn a_try_that_makes_losses_or_a_queue_is_over() {
        for (fraction_lost, rtt) in [(128, RTT), (0, RTT * 4)] {
            let mut rate = ReportedLoss::new(KBPS(300));
            run(&mut rate, 0, 5, 0, KBPS(200));
            rate.try_at(KBPS(900), Instant::from_nanos(5_000_000_000));
            let bytes = KBPS(600).bytes_in(Duration::from_secs(1));
            rate.on_sent(usize::try_from(bytes).unwrap());
            rate.on_report(fraction_lost, rtt, Instant::from_nanos(6_000_000_000));
            assert!(rate.rate() < KBPS(700), "{} lost, {rtt:?}", fraction_lost);
            assert!(!rate.is_at_ease());
        }
    }
}
