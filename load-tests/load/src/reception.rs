//! One RTP stream as its receiver reports it (RFC 3550 section 6.4.1, appendix A).

use std::time::Duration;

use sfu_model::time::Instant;

use crate::arrival_report::extend;
use crate::rtcp::ReportBlock;

/// What came of a stream.
#[derive(Debug)]
pub struct Reception {
    ssrc: u32,
    clock_hz: u32,
    first: Option<u64>,
    highest: Option<u64>,
    n_received: u64,
    /// Of the last packet, in ticks: its arrival less its timestamp.
    transit: Option<i64>,
    /// In sixteenths of a tick.
    jitter: u64,
    /// At the last report: packets that were expected, and that had come.
    reported: (u64, u64),
    sender_report: Option<(u32, Instant)>,
}

impl Reception {
    /// A stream of which nothing has come.
    pub fn new(ssrc: u32, clock_hz: u32) -> Self {
        Self {
            ssrc,
            clock_hz,
            first: None,
            highest: None,
            n_received: 0,
            transit: None,
            jitter: 0,
            reported: (0, 0),
            sender_report: None,
        }
    }

    /// Whose stream.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The highest number that has come.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Takes a packet, and gives its number past 16 bits.
    pub fn record(&mut self, sequence: u16, timestamp: u32, at: Instant) -> u64 {
        let extended = extend(sequence, self.highest);
        self.first.get_or_insert(extended);
        self.highest = Some(
            self.highest
                .map_or(extended, |highest| highest.max(extended)),
        );
        self.n_received += 1;
        let ticks = u128::from(at.as_nanos()) * u128::from(self.clock_hz) / 1_000_000_000;
        // Differences on the wire wrap at 32 bits, and so does this one.
        let transit = i64::try_from(ticks & 0xffff_ffff).unwrap_or(0) - i64::from(timestamp);
        if let Some(previous) = self.transit.replace(transit) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a difference of two times on a 32-bit clock is 32 bits with a sign"
            )]
            let change = u64::from(((transit - previous) as i32).unsigned_abs());
            // Appendix A.8: J += (|D| - J) / 16, held in sixteenths.
            self.jitter = self.jitter + change - (self.jitter + 8) / 16;
        }
        extended
    }

    /// Takes a sender report's time.
    pub fn record_sender_report(&mut self, middle: u32, at: Instant) {
        self.sender_report = Some((middle, at));
    }

    /// What a report says; the next one says what follows.
    pub fn report(&mut self, now: Instant) -> ReportBlock {
        let (first, highest) = (self.first.unwrap_or(0), self.highest.unwrap_or(0));
        let expected = self.highest.map_or(0, |highest| highest - first + 1);
        let (expected_before, received_before) = self.reported;
        self.reported = (expected, self.n_received);
        let expected_since = expected - expected_before;
        let lost_since = expected_since.saturating_sub(self.n_received - received_before);
        let fraction = (lost_since * 256).checked_div(expected_since).unwrap_or(0);
        let n_lost =
            i64::try_from(expected).unwrap_or(0) - i64::try_from(self.n_received).unwrap_or(0);
        let (last_sender_report, delay) = self
            .sender_report
            .map_or((0, Duration::ZERO), |(middle, at)| {
                (middle, now.saturating_since(at))
            });
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the report carries the low 32 bits"
        )]
        let highest_sequence = highest as u32;
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            n_lost: i32::try_from(n_lost).unwrap_or(0),
            highest_sequence,
            jitter: u32::try_from(self.jitter / 16).unwrap_or(u32::MAX),
            last_sender_report,
            delay_since: u32::try_from(delay.as_nanos() * 65_536 / 1_000_000_000)
                .unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn loss_is_told_for_the_time_since_the_last_report_and_for_all_of_it() {
        let mut reception = Reception::new(7, 90_000);
        for sequence in [0xfffe_u16, 0xffff, 1, 2] {
            reception.record(sequence, 0, at_ms(0));
        }
        let block = reception.report(at_ms(0));
        assert_eq!((block.n_lost, block.fraction_lost), (1, 51));
        assert_eq!(block.highest_sequence & 0xffff, 2);
        for sequence in 3..=6 {
            reception.record(sequence, 0, at_ms(0));
        }
        let block = reception.report(at_ms(0));
        assert_eq!((block.n_lost, block.fraction_lost), (1, 0));
    }

    #[test]
    fn jitter_grows_with_uneven_arrivals_and_not_with_even_ones() {
        let jitter = |arrivals: [u64; 4]| {
            let mut reception = Reception::new(7, 90_000);
            for (index, ms) in (0..).zip(arrivals) {
                reception.record(index, u32::from(index) * 900, at_ms(ms));
            }
            reception.report(at_ms(0)).jitter
        };
        assert_eq!(jitter([0, 10, 20, 30]), 0);
        assert!(jitter([0, 19, 20, 39]) > 50);
    }

    #[test]
    fn a_sender_report_is_answered_with_its_age() {
        let mut reception = Reception::new(7, 90_000);
        reception.record_sender_report(0x1234, at_ms(1_000));
        let block = reception.report(at_ms(1_500));
        assert_eq!(
            (block.last_sender_report, block.delay_since),
            (0x1234, 32_768)
        );
    }

    #[test]
    fn nothing_received_is_nothing_lost() {
        let block = Reception::new(7, 48_000).report(at_ms(0));
        assert_eq!((block.n_lost, block.fraction_lost), (0, 0));
    }
}
