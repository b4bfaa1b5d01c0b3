//! Percentiles of how long something took.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::latency::Histogram;
use crate::table::or_dash;

/// Percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
    max_ms: f64,
}

impl Spread {
    pub(super) fn of(histogram: &Histogram) -> Self {
        let percentile = |percent| histogram.percentile(percent).map(ms);
        Self {
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
            max_ms: ms(histogram.max()),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |ms: Option<f64>| or_dash(ms.map(|ms| format!("{ms:.1}")));
        let (p50, p95, p99) = (
            figure(self.p50_ms),
            figure(self.p95_ms),
            figure(self.p99_ms),
        );
        write!(f, "{p50:>9} {p95:>9} {p99:>9} {:>9.1}", self.max_ms)
    }
}

/// Milliseconds.
pub(super) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
