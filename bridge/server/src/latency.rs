//! How long a part takes: from the first packet of the frame after it, to being servable.

use prometheus_client::metrics::histogram::Histogram;

/// 100 us to 1 s. The bars are 2 ms (half of the parts) and 10 ms (99 of 100).
const BUCKETS: [f64; 12] = [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0,
];

/// An empty histogram of seconds.
pub(crate) fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}
