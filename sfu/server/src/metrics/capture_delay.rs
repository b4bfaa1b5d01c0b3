//! The age of pictures at departure, as a histogram.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use sfu_core::capture_delays::{BOUNDS_MS, CaptureDelays};

/// Writes the histogram, and the counter of what has no place in it.
pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, delays: &CaptureDelays) -> fmt::Result {
    let help =
        "From a picture's capture, by its publisher's clock, to its departure towards each viewer";
    let name = "sfu_capture_delay_seconds";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    let bounds = BOUNDS_MS.iter().map(|ms| *ms as f64 / 1_000.0);
    let mut buckets: Vec<(f64, u64)> = bounds.zip(delays.counts).collect();
    buckets.push((f64::INFINITY, delays.beyond));
    let sum = delays.sum.as_secs_f64();
    family.encode_histogram::<[(&str, &str); 0]>(sum, delays.count(), &buckets, None)?;
    let help = "Pictures left out of it because their capture cannot have been then";
    let name = "sfu_capture_delay_implausible";
    let family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    prometheus_client::metrics::counter::ConstCounter::new(delays.implausible).encode(family)
}
