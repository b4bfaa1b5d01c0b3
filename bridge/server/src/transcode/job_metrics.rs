//! What `/metrics` says of jobs, by what they are: how many wait, how long they lasted, and what they had to do without.

use std::fmt;

use bridge_transcode::pool::action::Lane;
use bridge_transcode::supervisor::snapshot::{DURATION_BOUNDS, Durations, Failure, Jobs, Snapshot};
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric as _, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

pub(super) fn encode(snapshot: &Snapshot, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let jobs = || Lane::ALL.into_iter().zip(&snapshot.jobs);
    let (gauge, counter) = (MetricType::Gauge, MetricType::Counter);
    let help = "Jobs that wait for room";
    let mut depth = encoder.encode_descriptor("transcode_queue_depth", help, None, gauge)?;
    for (lane, jobs) in jobs() {
        let waiting = ConstGauge::new(jobs.queued as u64);
        waiting.encode(depth.encode_family(&[("profile", lane.label())])?)?;
    }
    let help = "Jobs that were refused, whose elements failed, or whose worker ended";
    let mut failures = encoder.encode_descriptor("transcode_failures", help, None, counter)?;
    for (lane, jobs) in jobs() {
        for (failure, n) in Failure::ALL.iter().zip(jobs.failures) {
            let labels = [("profile", lane.label()), ("reason", failure.label())];
            ConstCounter::new(n).encode(failures.encode_family(&labels)?)?;
        }
    }
    let help = "How long jobs lasted that are over, from when they were asked for";
    let name = "transcode_job_duration_seconds";
    let mut lasted = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (lane, Jobs { durations, .. }) in jobs() {
        histogram(
            durations,
            lasted.encode_family(&[("profile", lane.label())])?,
        )?;
    }
    Ok(())
}

fn histogram(durations: &Durations, mut encoder: MetricEncoder<'_>) -> fmt::Result {
    let bounds = DURATION_BOUNDS.iter().map(|bound| *bound as f64);
    let buckets: Vec<(f64, u64)> = bounds
        .chain([f64::INFINITY])
        .zip(durations.counts)
        .collect();
    let count = durations.counts.iter().sum();
    encoder.encode_histogram::<NoLabelSet>(durations.sum.as_secs_f64(), count, &buckets, None)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus_client::encoding::text;
    use prometheus_client::registry::Registry;

    use super::*;

    #[derive(Debug)]
    struct Page(Snapshot);

    impl prometheus_client::collector::Collector for Page {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
            super::encode(&self.0, &mut encoder)
        }
    }

    #[test]
    fn each_profile_has_its_lines_from_the_start() {
        let mut snapshot = Snapshot::default();
        let [_, pictures] = &mut snapshot.jobs;
        pictures.queued = 3;
        pictures.failures = [1, 0, 2];
        pictures.durations.counts = [0, 1, 0, 0, 0, 0, 1];
        pictures.durations.sum = Duration::from_secs(90_100);
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Page(snapshot)));
        let mut page = String::new();
        text::encode(&mut page, &registry).unwrap();
        for line in [
            r#"transcode_queue_depth{profile="sound"} 0"#,
            r#"transcode_queue_depth{profile="pictures"} 3"#,
            r#"transcode_failures_total{profile="sound",reason="refused"} 0"#,
            r#"transcode_failures_total{profile="pictures",reason="worker"} 2"#,
            r#"transcode_job_duration_seconds_count{profile="sound"} 0"#,
            r#"transcode_job_duration_seconds_sum{profile="pictures"} 90100.0"#,
            r#"transcode_job_duration_seconds_bucket{le="600.0",profile="pictures"} 1"#,
            r#"transcode_job_duration_seconds_bucket{le="86400.0",profile="pictures"} 1"#,
            r#"transcode_job_duration_seconds_bucket{le="+Inf",profile="pictures"} 2"#,
        ] {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
    }
}
