//! What `/metrics` says of HLS and DASH.

use std::fmt;
use std::sync::Arc;

use bridge_origin::stats::{Limit, Stats};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::streams::Streams;

/// All streams of a node together.
#[derive(Debug)]
pub(crate) struct Page(pub(crate) Arc<Streams>);

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let ((stats, counts, disk), n_streams) = self.0.stats();
        let gauges = [
            (
                "hls_streams",
                "Streams that can be asked for",
                n_streams as u64,
            ),
            (
                "hls_blocked_requests",
                "Requests that wait for what they ask for",
                u64::from(stats.n_blocked),
            ),
            ("hls_memory_bytes", "Media in memory", stats.memory_bytes),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let counters = totals(&stats).into_iter().chain(disk.rows());
        for (name, help, value) in counters.chain(counts.rows()) {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let mut answers = encoder.encode_descriptor(
            "hls_requests",
            "Answers, by what was asked for and how",
            None,
            MetricType::Counter,
        )?;
        for ((kind, status), n) in &stats.answers {
            let labels = [
                ("kind", kind.as_str().to_owned()),
                ("status", status.code().to_string()),
            ];
            ConstCounter::new(*n).encode(answers.encode_family(&labels)?)?;
        }
        let mut hits = encoder.encode_descriptor(
            "hls_limit_hits",
            "How often each limit was met",
            None,
            MetricType::Counter,
        )?;
        // Before the first hit there is a zero: without it, that one is no increase.
        for limit in Limit::ALL {
            let n = stats.limit_hits.get(&limit).copied().unwrap_or(0);
            ConstCounter::new(n).encode(hits.encode_family(&[("limit", limit.as_str())])?)?;
        }
        Ok(())
    }
}

/// What origins counted: name, what it says, and the number.
const fn totals(stats: &Stats) -> [(&'static str, &'static str, u64); 7] {
    [
        ("hls_body_bytes", "Bytes of answers", stats.body_bytes),
        (
            "hls_broken_bodies",
            "Bodies that were broken off because their segment did not go on, or too many waited",
            stats.broken_bodies,
        ),
        (
            "hls_wakes",
            "Groups of waiting requests that were answered together",
            stats.wakes,
        ),
        (
            "hls_abandoned",
            "Requests that were given up while they waited",
            stats.abandoned,
        ),
        ("hls_renders", "Playlists that were written", stats.renders),
        (
            "hls_evictions",
            "Segments that left the memory for the disk",
            stats.evictions,
        ),
        (
            "hls_lost_segments",
            "Segments that left the memory and are on no disk",
            stats.lost_segments,
        ),
    ]
}
