//! When packets came, told to the server for its estimate of the path
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use std::time::Duration;

use sfu_model::time::Instant;

use crate::rtcp::{self, TRANSPORT_WIDE};

/// Arrivals that wait for a report: a tenth of a second of 100 Mbit/s. Those beyond it are reported as lost.
const ARRIVALS_MAX: usize = 1_024;

/// Most packets that one report covers. A longer gap is no loss but another sender: the report begins after it.
const SPAN_MAX: u64 = 4_096;

/// Units of the draft's section 3.1: 64 ms for the time that a report refers to, 250 us for the steps from there.
const REFERENCE_UNIT: Duration = Duration::from_millis(64);
const DELTA_UNIT: Duration = Duration::from_micros(250);

/// Symbols of section 3.1.1.
const NOT_RECEIVED: u16 = 0;
const SMALL_DELTA: u16 = 1;
const LARGE_DELTA: u16 = 2;

/// Symbols in one status vector chunk of two bits each (section 3.1.4).
const VECTOR_SYMBOLS: usize = 7;

/// Most symbols of one run length chunk: 13 bits (section 3.1.3).
const RUN_MAX: usize = 8_191;

/// The arrivals since the last report.
#[derive(Debug, Default)]
pub struct ArrivalReport {
    arrivals: Vec<(u64, Instant)>,
    highest: Option<u64>,
    n_reports: u8,
}

impl ArrivalReport {
    /// Takes an arrival.
    pub fn record(&mut self, sequence: u16, at: Instant) {
        let extended = extend(sequence, self.highest);
        self.highest = Some(
            self.highest
                .map_or(extended, |highest| highest.max(extended)),
        );
        if self.arrivals.len() < ARRIVALS_MAX {
            self.arrivals.push((extended, at));
        }
    }

    /// True when a report would say something.
    pub fn has_arrivals(&self) -> bool {
        !self.arrivals.is_empty()
    }

    /// Writes the report, and begins the next one.
    pub fn write(&mut self, out: &mut Vec<u8>, between: (u32, u32)) {
        self.arrivals.sort_unstable();
        self.arrivals.dedup_by_key(|(sequence, _)| *sequence);
        let last = self.arrivals.last().map_or(0, |(sequence, _)| *sequence);
        self.arrivals
            .retain(|(sequence, _)| last - sequence < SPAN_MAX);
        let Some((base, first_at)) = self.arrivals.first().copied() else {
            return;
        };
        let reference = first_at.as_nanos() / REFERENCE_UNIT.as_nanos() as u64;
        let (symbols, deltas) = self.symbols(base, reference);
        let n_symbols = u16::try_from(symbols.len()).unwrap_or(u16::MAX);
        rtcp::push_feedback(out, TRANSPORT_WIDE, between, |out| {
            let [.., r2, r1, r0] = reference.to_be_bytes();
            let [.., b1, b0] = base.to_be_bytes();
            out.extend([b1, b0]);
            out.extend(n_symbols.to_be_bytes());
            out.extend([r2, r1, r0, self.n_reports]);
            push_chunks(out, &symbols);
            out.extend(deltas);
        });
        self.n_reports = self.n_reports.wrapping_add(1);
        self.arrivals.clear();
    }

    fn symbols(&self, base: u64, reference: u64) -> (Vec<u16>, Vec<u8>) {
        let unit = DELTA_UNIT.as_nanos() as u64;
        let mut previous = reference * (REFERENCE_UNIT.as_nanos() as u64 / unit);
        let mut symbols = Vec::new();
        let mut deltas = Vec::new();
        for (sequence, at) in &self.arrivals {
            let index = usize::try_from(sequence - base).unwrap_or(usize::MAX);
            symbols.resize(index, NOT_RECEIVED);
            let at = at.as_nanos() / unit;
            let delta =
                i64::try_from(at).unwrap_or(i64::MAX) - i64::try_from(previous).unwrap_or(0);
            // Later than eight seconds is written as eight: nothing waits as long for its report.
            let delta = delta.clamp(i64::from(i16::MIN), i64::from(i16::MAX));
            previous = previous.saturating_add_signed(delta);
            if let Ok(small) = u8::try_from(delta) {
                symbols.push(SMALL_DELTA);
                deltas.push(small);
            } else {
                symbols.push(LARGE_DELTA);
                let [.., d1, d0] = delta.to_be_bytes();
                deltas.extend([d1, d0]);
            }
        }
        (symbols, deltas)
    }
}

fn push_chunks(out: &mut Vec<u8>, symbols: &[u16]) {
    let mut rest = symbols;
    while let Some(first) = rest.first().copied() {
        let run = rest.iter().take(RUN_MAX).take_while(|s| **s == first);
        let n_run = run.count();
        let (chunk, n_taken) = if n_run >= VECTOR_SYMBOLS {
            (first << 13 | u16::try_from(n_run).unwrap_or(0), n_run)
        } else {
            let n = rest.len().min(VECTOR_SYMBOLS);
            let vector = (0..VECTOR_SYMBOLS).fold(0b11, |bits, index| {
                bits << 2 | rest.get(index).copied().unwrap_or(NOT_RECEIVED)
            });
            (vector, n)
        };
        out.extend(chunk.to_be_bytes());
        rest = rest.get(n_taken..).unwrap_or_default();
    }
}

/// The number past its 16 bits that is nearest to the highest seen.
pub(crate) fn extend(sequence: u16, highest: Option<u64>) -> u64 {
    // The first one begins a round up, so that an earlier one has a number too.
    let Some(highest) = highest else {
        return 0x1_0000 + u64::from(sequence);
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the distance of two numbers on the wire is 16 bits with a sign (RFC 3550 appendix A.1)"
    )]
    let distance = sequence.wrapping_sub(highest as u16) as i16;
    highest.saturating_add_signed(i64::from(distance))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn report(arrivals: &[(u16, u64)]) -> Vec<u8> {
        let mut report = ArrivalReport::default();
        for (sequence, ms) in arrivals {
            report.record(*sequence, at_ms(*ms));
        }
        let mut out = Vec::new();
        report.write(&mut out, (9, 7));
        out
    }

    #[test]
    fn a_run_a_loss_and_a_late_one_are_told_as_the_draft_lays_them_out() {
        // 64 ms is one unit of reference; 65 is four steps later; 100 ms are 400 steps, more than a byte holds.
        let out = report(&[(0xffff, 65), (1, 65), (2, 165)]);
        #[rustfmt::skip]
        let expected = [
            0x8f, 205, 0, 6, 0, 0, 0, 9, 0, 0, 0, 7,
            0xff, 0xff, 0, 4, 0, 0, 1, 0,
            // Two-bit vector: small, not received, small, large.
            0b1101_0001, 0b1000_0000,
            4, 0, 0x01, 0x90, 0, 0,
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn equal_arrivals_are_one_run() {
        let arrivals: Vec<(u16, u64)> = (10..110).map(|n| (n, 64)).collect();
        let out = report(&arrivals);
        assert_eq!(out[12..16], [0, 10, 0, 100]);
        assert_eq!(out[20..22], [0x20, 100], "one run of small deltas");
        assert_eq!(out.len(), 12 + 8 + 2 + 100 + 2);
    }

    #[test]
    fn order_of_arrival_does_not_matter_and_twice_is_once() {
        assert_eq!(
            report(&[(5, 70), (4, 70), (5, 70)]),
            report(&[(4, 70), (5, 70)])
        );
    }

    #[test]
    fn a_report_is_told_once() {
        let mut report = ArrivalReport::default();
        report.record(1, at_ms(1));
        report.write(&mut Vec::new(), (9, 7));
        assert!(!report.has_arrivals());
        let mut out = Vec::new();
        report.write(&mut out, (9, 7));
        assert!(out.is_empty());
    }

    #[test]
    fn numbers_are_extended_both_ways() {
        assert_eq!(extend(0xffff, None), 0x1_ffff);
        assert_eq!(extend(2, Some(0x1_ffff)), 0x2_0002);
        assert_eq!(extend(0xfffe, Some(0x2_0002)), 0x1_fffe);
    }
}
