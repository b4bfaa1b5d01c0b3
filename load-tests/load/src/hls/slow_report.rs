//! What slow readers did to the others, and what became of them.

use std::time::Duration;

use serde::Serialize;

use super::crowd::Slow;
use super::spread::Spread;
use crate::table::or_dash;

/// Figures of slow readers. Each name says its unit.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SlowReport {
    reloads_held_without_them: Spread,
    delay_p99_ms: Option<f64>,
    delay_p99_max_ms: Option<f64>,
    cut: usize,
    still_served: usize,
    cut_at_last_secs: f64,
    cut_at_last_max_secs: Option<f64>,
    pub(super) passed: bool,
}

impl SlowReport {
    /// `reloads` are those beside slow readers.
    pub(super) fn new(
        slow: &Slow,
        reloads: Spread,
        delay_max: Option<Duration>,
        last_max: Option<Duration>,
    ) -> Self {
        let without = Spread::of(&slow.without.reloads);
        let delay_p99_ms = without
            .p99_ms
            .zip(reloads.p99_ms)
            .map(|(without, with)| with - without);
        let delay_p99_max_ms = delay_max.map(|max| max.as_secs_f64() * 1e3);
        let last = slow.cut_after.iter().max().copied().unwrap_or_default();
        let is_unnoticed = match (delay_p99_max_ms, delay_p99_ms) {
            (Some(max), Some(delay)) => delay <= max,
            (Some(_), None) => false,
            (None, _) => true,
        };
        Self {
            reloads_held_without_them: without,
            delay_p99_ms,
            delay_p99_max_ms,
            cut: slow.cut_after.len(),
            still_served: slow.n_served,
            cut_at_last_secs: last.as_secs_f64(),
            cut_at_last_max_secs: last_max.map(|max| max.as_secs_f64()),
            passed: is_unnoticed && last_max.is_none_or(|max| slow.n_served == 0 && last <= max),
        }
    }

    /// Its spread, and what there is one figure of.
    pub(super) fn rows(&self) -> (Spread, [(&'static str, String); 4]) {
        let delay = or_dash(self.delay_p99_ms.map(|ms| format!("{ms:.1}")));
        let rows = [
            ("slow readers: ms added to p99", delay),
            ("slow readers: cut", self.cut.to_string()),
            ("slow readers: still served", self.still_served.to_string()),
            (
                "slow readers: last cut after s",
                format!("{:.1}", self.cut_at_last_secs),
            ),
        ];
        (self.reloads_held_without_them, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hls::figures::Figures;
    use crate::latency::Histogram;

    fn reloads(ms: u64) -> Histogram {
        let mut reloads = Histogram::default();
        reloads.record(Duration::from_millis(ms));
        reloads
    }

    fn report(delay_ms: u64, n_served: usize, cut_after_secs: u64) -> SlowReport {
        let slow = Slow {
            without: Figures {
                reloads: reloads(20),
                ..Figures::default()
            },
            n_served,
            cut_after: vec![Duration::from_secs(3), Duration::from_secs(cut_after_secs)],
        };
        let reloads = Spread::of(&reloads(20 + delay_ms));
        let bars = [Duration::from_millis(10), Duration::from_secs(30)].map(Some);
        SlowReport::new(&slow, reloads, bars[0], bars[1])
    }

    #[test]
    fn slow_readers_that_are_noticed_or_served_on_fail_a_run() {
        assert!(report(0, 0, 20).passed);
        assert!(!report(40, 0, 20).passed);
        assert!(!report(0, 1, 20).passed);
        assert!(!report(0, 0, 31).passed);
    }
}
