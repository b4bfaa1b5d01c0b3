//! When a packet was captured, on our clock.
//!
//! A sender report pairs an RTP timestamp with the sender's wall clock (RFC 3550 section 6.4.1). The sender's clock and
//! ours differ by an unknown offset plus the network's delay; the least difference of late is the offset plus the least
//! delay, and it is one number for all encodings and tracks of a publisher. That delay cannot be told apart from the offset
//! and need not be: it is in every capture time of the publisher alike, so it cancels wherever two of them are compared.
//! So they stay exact to each other, which is what switching layers and lip sync need.
//!
//! Until an encoding's first report its RTP timestamps have an offset of their own, and the least difference is the
//! encoding's own too: two encodings are then as exact as the quickest packet that came of each.

use std::time::Duration;

use sfu_model::codec::ClockRate;
use sfu_model::time::{Instant, MediaTime, NtpTime, RtpTimestamp};

use crate::publish::least_difference::LeastDifference;

/// A sender report: this RTP timestamp was sampled at this sender's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderReport {
    pub(crate) sender_time: NtpTime,
    pub(crate) timestamp: RtpTimestamp,
}

/// What is known of a packet when it arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) time: MediaTime,
    pub(crate) clock_rate: ClockRate,
    /// The latest of its encoding.
    pub(crate) report: Option<SenderReport>,
    pub(crate) received_at: Instant,
}

/// The offset between a publisher's wall clock and our monotonic one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CaptureClock {
    /// Sender's time that counts as zero, so that differences stay small numbers.
    epoch: Option<NtpTime>,
    offset: LeastDifference,
}

/// The offset between one encoding's RTP clock and our monotonic one, which is used until its first report.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EncodingClock {
    offset: LeastDifference,
}

impl CaptureClock {
    /// When the sample was captured, by its publisher's clock, or without a report by its encoding's.
    pub(crate) fn captured_at(&mut self, encoding: &mut EncodingClock, sample: Sample) -> Instant {
        self.by_report(sample)
            .or_else(|| encoding.by_arrival(sample))
            .unwrap_or(sample.received_at)
    }

    fn by_report(&mut self, sample: Sample) -> Option<Instant> {
        let report = sample.report?;
        let epoch = *self.epoch.get_or_insert(report.sender_time);
        let ticks = sample.time.wire().0.wrapping_sub(report.timestamp.0);
        let since_epoch = report
            .sender_time
            .nanos_since(epoch)
            .checked_add(nanos(ticks.cast_signed().into(), sample.clock_rate)?)?;
        self.offset
            .place(since_epoch, sample.received_at, CLOCK_STEP)
    }
}

impl EncodingClock {
    fn by_arrival(&mut self, sample: Sample) -> Option<Instant> {
        let since_zero = nanos(sample.time.0.into(), sample.clock_rate)?;
        self.offset
            .place(since_zero, sample.received_at, TIMESTAMP_STEP)
    }
}

fn nanos(ticks: i128, clock_rate: ClockRate) -> Option<i64> {
    i64::try_from(ticks * 1_000_000_000 / i128::from(clock_rate.0.max(1))).ok()
}

/// A difference that no network delay explains. Real-time media is useless when later than this, so a larger one means
/// that the sender's wall clock was set.
const CLOCK_STEP: Duration = Duration::from_secs(10);

/// The same for RTP timestamps without a report, which more senders set anew, or stop while they send nothing: a packet
/// that is repaired for the third time over a round trip of 200 ms is not so late.
const TIMESTAMP_STEP: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEO: ClockRate = ClockRate(90_000);
    const AUDIO: ClockRate = ClockRate(48_000);

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn report(seconds: u64, timestamp: u32) -> Option<SenderReport> {
        Some(SenderReport {
            sender_time: NtpTime(seconds << 32),
            timestamp: RtpTimestamp(timestamp),
        })
    }

    fn sample(time: u64, report: Option<SenderReport>, received_ms: u64) -> Sample {
        Sample {
            time: MediaTime(time),
            clock_rate: VIDEO,
            report,
            received_at: at(received_ms),
        }
    }

    /// Samples of one encoding, and when each was captured.
    fn captured(samples: &[Sample]) -> Vec<Instant> {
        let (mut clock, mut encoding) = (CaptureClock::default(), EncodingClock::default());
        let captured_at = |sample: &Sample| clock.captured_at(&mut encoding, *sample);
        samples.iter().map(captured_at).collect()
    }

    #[test]
    fn without_a_report_the_quickest_packet_counts() {
        // The first is repaired, 776 ms late; the third is later than the second by 40 ms.
        let late_first = [
            sample(1_000_000, None, 1_776),
            sample(1_003_000, None, 1_800),
            sample(1_090_000, None, 2_040),
            sample(1_093_600, None, 2_040),
        ];
        let expected = [at(1_776), at(1_800), at(2_040), at(2_040)];
        assert_eq!(captured(&late_first), expected, "each the quickest so far");
        let late_second = [
            sample(1_000_000, None, 1_000),
            sample(1_090_000, None, 2_776),
            sample(1_093_600, None, 2_045),
        ];
        assert_eq!(captured(&late_second), [at(1_000), at(2_000), at(2_040)]);
    }

    #[test]
    fn timestamps_that_are_set_anew_begin_again() {
        let samples = [
            sample(9_000_000, None, 1_000),
            sample(90_000, None, 2_000),
            sample(99_000, None, 2_150),
        ];
        assert_eq!(captured(&samples), [at(1_000), at(2_000), at(2_100)]);
    }

    #[test]
    fn jitter_does_not_move_the_capture_time() {
        let report = report(100, 0);
        // One second of media later, 80 ms late.
        let samples = [sample(0, report, 1_000), sample(90_000, report, 2_080)];
        assert_eq!(captured(&samples), [at(1_000), at(2_000)]);
    }

    #[test]
    fn two_streams_of_one_sender_agree() {
        let mut clock = CaptureClock::default();
        clock.captured_at(
            &mut EncodingClock::default(),
            sample(0, report(100, 0), 1_000),
        );
        let sound = Sample {
            clock_rate: AUDIO,
            ..sample(48_000, report(100, 0), 2_050)
        };
        let captured = clock.captured_at(&mut EncodingClock::default(), sound);
        assert_eq!(captured, at(2_000));
    }

    #[test]
    fn a_clock_that_was_set_does_not_poison_what_follows() {
        let samples = [
            sample(0, report(100, 0), 1_000),
            sample(0, report(9_000, 0), 2_000),
            sample(0, report(5, 0), 3_000),
        ];
        assert_eq!(captured(&samples), [at(1_000), at(2_000), at(3_000)]);
    }
}
