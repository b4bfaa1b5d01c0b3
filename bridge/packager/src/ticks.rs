//! Spans as ticks of a rendition's clock.

use std::time::Duration;

use sfu_model::codec::ClockRate;

/// Whole ticks in a span, rounded down.
pub(crate) fn ticks(rate: ClockRate, span: Duration) -> u64 {
    let ticks = span.as_nanos() * u128::from(rate.0) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Whole ticks up to a time, rounded to the nearest: cuts are times of frames, and come back to the tick they were.
pub(crate) fn nearest(rate: ClockRate, at: Duration) -> u64 {
    let nanos = i64::try_from(at.as_nanos()).unwrap_or(i64::MAX);
    u64::try_from(rate.ticks_in_nanos(nanos)).unwrap_or(0)
}
