//! When a packet was captured, on our clock.
//!
//! A sender report pairs an RTP timestamp with the sender's wall clock (RFC 3550 section 6.4.1). The sender's clock and
//! ours differ by an unknown offset plus the network's delay; the least difference seen is the offset plus the least
//! delay, and it is one number for all encodings of a publisher. So the encodings and tracks of a publisher stay exact to
//! each other, which is what switching layers and lip sync need.

use std::time::Duration;

use sfu_model::codec::ClockRate;
use sfu_model::time::{Instant, NtpTime, RtpTimestamp};

/// A sender report: this RTP timestamp was sampled at this sender's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderReport {
    pub(crate) sender_time: NtpTime,
    pub(crate) timestamp: RtpTimestamp,
}

/// The offset between a publisher's wall clock and our monotonic one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CaptureClock {
    /// Sender's time that counts as zero, so that differences stay small numbers.
    epoch: Option<NtpTime>,
    /// Least of (arrival on our clock - sender's time since `epoch`), in nanoseconds.
    offset_nanos: Option<i64>,
}

impl CaptureClock {
    /// When the sample with this timestamp was captured. Without a report: when it arrived.
    pub(crate) fn captured_at(
        &mut self,
        timestamp: RtpTimestamp,
        clock_rate: ClockRate,
        report: Option<SenderReport>,
        received_at: Instant,
    ) -> Instant {
        self.by_report(timestamp, clock_rate, report, received_at)
            .unwrap_or(received_at)
    }

    fn by_report(
        &mut self,
        timestamp: RtpTimestamp,
        clock_rate: ClockRate,
        report: Option<SenderReport>,
        received_at: Instant,
    ) -> Option<Instant> {
        let report = report?;
        let epoch = *self.epoch.get_or_insert(report.sender_time);
        let ticks = i64::from(timestamp.0.wrapping_sub(report.timestamp.0).cast_signed());
        let since_report = i128::from(ticks) * 1_000_000_000 / i128::from(clock_rate.0.max(1));
        let since_epoch = report
            .sender_time
            .nanos_since(epoch)
            .checked_add(i64::try_from(since_report).ok()?)?;
        let arrival = i64::try_from(received_at.as_nanos()).ok()?;
        let difference = arrival.checked_sub(since_epoch)?;
        let offset = match self.offset_nanos {
            // A sender whose clock was set: begin again rather than stamp everything in the past for ever.
            Some(least) if difference.abs_diff(least) > CLOCK_STEP.as_nanos() as u64 => difference,
            Some(least) => least.min(difference),
            None => difference,
        };
        self.offset_nanos = Some(offset);
        let captured = u64::try_from(since_epoch.checked_add(offset)?).ok()?;
        Some(Instant::from_nanos(captured))
    }
}

/// A difference that no network delay explains. Real-time media is useless when later than this, so a larger one means
/// that the sender's wall clock was set.
const CLOCK_STEP: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEO: ClockRate = ClockRate(90_000);

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn report(seconds: u64, timestamp: u32) -> Option<SenderReport> {
        Some(SenderReport {
            sender_time: NtpTime(seconds << 32),
            timestamp: RtpTimestamp(timestamp),
        })
    }

    #[test]
    fn without_a_report_capture_is_arrival() {
        let mut clock = CaptureClock::default();
        assert_eq!(
            clock.captured_at(RtpTimestamp(1), VIDEO, None, at(7)),
            at(7)
        );
    }

    #[test]
    fn jitter_does_not_move_the_capture_time() {
        let mut clock = CaptureClock::default();
        let report = report(100, 0);
        assert_eq!(
            clock.captured_at(RtpTimestamp(0), VIDEO, report, at(1_000)),
            at(1_000)
        );
        // One second of media later, 80 ms late.
        assert_eq!(
            clock.captured_at(RtpTimestamp(90_000), VIDEO, report, at(2_080)),
            at(2_000)
        );
    }

    #[test]
    fn two_streams_of_one_sender_agree() {
        let mut clock = CaptureClock::default();
        clock.captured_at(RtpTimestamp(0), VIDEO, report(100, 0), at(1_000));
        let audio = ClockRate(48_000);
        let captured = clock.captured_at(RtpTimestamp(48_000), audio, report(100, 0), at(2_050));
        assert_eq!(captured, at(2_000));
    }

    #[test]
    fn a_clock_that_was_set_does_not_poison_what_follows() {
        let mut clock = CaptureClock::default();
        clock.captured_at(RtpTimestamp(0), VIDEO, report(100, 0), at(1_000));
        let after = clock.captured_at(RtpTimestamp(0), VIDEO, report(9_000, 0), at(2_000));
        assert_eq!(after, at(2_000));
        let before = clock.captured_at(RtpTimestamp(0), VIDEO, report(5, 0), at(3_000));
        assert_eq!(before, at(3_000));
    }
}
