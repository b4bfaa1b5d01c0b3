//! A publisher's wall clock against ours, from the moments at which its sender reports came (RFC 3550 section 6.4.1).
//!
//! A report leaves when it says and comes a way later. The quickest of a minute or two is the clock's offset and the least
//! way: what is said here of a publisher's moments leaves that way out, since nothing measures it from this side.

use std::time::Duration;

use sfu_model::id::EncodingId;
use sfu_model::time::{Instant, NtpTime};

use crate::publish::capture_clock::SenderReport;

/// For so long, and at most twice that, the quickest report counts. Clocks drift by up to 3 ms a minute, and a report comes
/// every few seconds.
const WINDOW: Duration = Duration::from_secs(60);

/// A difference from the quickest that no way explains: the sender's clock was set.
const CLOCK_STEP: Duration = Duration::from_secs(10);

/// The offset between a publisher's wall clock and our monotonic one.
#[derive(Clone, Debug, Default)]
pub(crate) struct SenderClock {
    /// Sender's time that counts as zero, so that differences stay small numbers.
    epoch: Option<NtpTime>,
    /// Least of (arrival on our clock - sender's time since `epoch`), in nanoseconds: of this window, with its beginning.
    present: Option<(i64, Instant)>,
    /// And of the window before.
    past: Option<i64>,
    /// The last report of each encoding: a packet repeats it, later and later. As long as the publisher has encodings.
    reported: Vec<(EncodingId, NtpTime)>,
}

impl SenderClock {
    /// A packet of an encoding came; this is the latest report on it.
    pub(crate) fn hear(&mut self, encoding: EncodingId, report: SenderReport, now: Instant) {
        let time = report.sender_time;
        match self.reported.iter_mut().find(|(id, _)| *id == encoding) {
            Some((_, last)) if *last == time => return,
            Some((_, last)) => *last = time,
            None => self.reported.push((encoding, time)),
        }
        let epoch = *self.epoch.get_or_insert(time);
        let arrival = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        let Some(difference) = arrival.checked_sub(time.nanos_since(epoch)) else {
            return;
        };
        let is_step = |least: i64| difference.abs_diff(least) > CLOCK_STEP.as_nanos() as u64;
        if self.offset().is_some_and(is_step) {
            (self.present, self.past) = (None, None);
        }
        self.present = match self.present {
            Some((least, began_at)) if now - began_at < WINDOW => {
                Some((least.min(difference), began_at))
            }
            ended => {
                self.past = ended.map(|(least, _)| least);
                Some((difference, now))
            }
        };
    }

    /// How long before `now` a moment of the sender was, in nanoseconds; negative when it is to come. `None`: there was no
    /// report yet.
    pub(crate) fn nanos_before(&self, moment: NtpTime, now: Instant) -> Option<i64> {
        let since_epoch = moment.nanos_since(self.epoch?);
        let ours = since_epoch.checked_add(self.offset()?)?;
        i64::try_from(now.as_nanos()).ok()?.checked_sub(ours)
    }

    /// How far the sender's clock is ahead of ours, whose zero is `anchor`, in 2^-32 seconds: the form of abs-capture-time.
    /// `None`: not known, or more than that can say.
    pub(crate) fn ahead(&self, anchor: NtpTime) -> Option<i64> {
        let nanos = self
            .epoch?
            .nanos_since(anchor)
            .checked_sub(self.offset()?)?;
        i64::try_from((i128::from(nanos) << 32) / 1_000_000_000).ok()
    }

    fn offset(&self) -> Option<i64> {
        let present = self.present.map(|(least, _)| least);
        present.into_iter().chain(self.past).min()
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::time::RtpTimestamp;

    use super::*;

    const SECOND: u64 = 1 << 32;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    /// Tells of a report that left at so many milliseconds of the sender's clock, and came at so many of ours.
    fn report(clock: &mut SenderClock, encoding: u64, left_ms: u64, came_ms: u64) {
        let report = SenderReport {
            sender_time: NtpTime(1_000 * SECOND).after(Duration::from_millis(left_ms)),
            timestamp: RtpTimestamp(0),
        };
        clock.hear(EncodingId(encoding), report, at(came_ms));
    }

    fn before(clock: &SenderClock, moment_ms: u64, now_ms: u64) -> Option<i64> {
        let moment = NtpTime(1_000 * SECOND).after(Duration::from_millis(moment_ms));
        let nanos = clock.nanos_before(moment, at(now_ms))?;
        Some((nanos + 500_000).div_euclid(1_000_000))
    }

    #[test]
    fn the_quickest_report_counts_whoever_it_is_on() {
        let mut clock = SenderClock::default();
        assert_eq!(before(&clock, 0, 0), None);
        report(&mut clock, 1, 0, 5_040);
        assert_eq!(before(&clock, 1_000, 6_140), Some(100));
        report(&mut clock, 2, 500, 5_520);
        assert_eq!(before(&clock, 1_000, 6_140), Some(120));
        // A packet repeats the report of its encoding, and a slow one says nothing new.
        report(&mut clock, 1, 0, 5_900);
        report(&mut clock, 1, 1_000, 6_300);
        assert_eq!(before(&clock, 1_000, 6_140), Some(120));
        assert_eq!(before(&clock, 2_000, 6_920), Some(-100), "it is to come");
    }

    #[test]
    fn a_drift_is_followed_within_two_minutes() {
        let mut clock = SenderClock::default();
        // Theirs loses a millisecond a second.
        for second in 0..600 {
            report(&mut clock, 1, second * 999, second * 1_000 + 20);
        }
        let off = before(&clock, 599 * 999, 599 * 1_000 + 20).unwrap();
        assert!((0..=120).contains(&off), "{off} ms");
    }

    #[test]
    fn a_clock_that_was_set_begins_anew() {
        let mut clock = SenderClock::default();
        report(&mut clock, 1, 0, 100);
        report(&mut clock, 1, 3_600_000, 1_100);
        assert_eq!(before(&clock, 3_600_000, 1_150), Some(50));
    }

    #[test]
    fn how_far_it_is_ahead_is_said_as_the_wire_wants_it() {
        let mut clock = SenderClock::default();
        let anchor = NtpTime(990 * SECOND);
        assert_eq!(clock.ahead(anchor), None);
        report(&mut clock, 1, 0, 4_500);
        // It said 1,000 s when ours was at 990 s and 4.5 more.
        assert_eq!(clock.ahead(anchor), Some((11 * SECOND / 2).cast_signed()));
        // 70 years are more than 31 bits of seconds.
        assert_eq!(clock.ahead(NtpTime(3_000_000_000 * SECOND)), None);
    }
}
