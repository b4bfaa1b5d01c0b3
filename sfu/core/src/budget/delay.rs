//! The delay-based half of the estimate: groups -> trend -> usage.

use sfu_model::time::Instant;

use crate::budget::arrival::Arrival;
use crate::budget::inter_arrival::InterArrival;
use crate::budget::overuse::{OveruseDetector, Usage};
use crate::budget::trendline::Trendline;

/// Watches the delays of the packets that arrived.
#[derive(Debug, Default)]
pub(crate) struct DelayWatch {
    groups: InterArrival,
    trendline: Trendline,
    detector: OveruseDetector,
}

impl DelayWatch {
    /// Takes a received packet.
    pub(crate) fn push(&mut self, sent: Instant, arrival: Arrival) {
        if let Some(spacing) = self.groups.push(sent, arrival) {
            let trend = self.trendline.push(spacing);
            self.detector.push(trend, spacing.sent_ms, spacing.arrival);
        }
    }

    /// What the delays say by now.
    pub(crate) const fn usage(&self) -> Usage {
        self.detector.usage()
    }

    /// Packets are left out of the comparison, a probe's, which queue on purpose: it goes on behind them.
    pub(crate) fn skip(&mut self) {
        self.groups.reset();
    }

    /// Nothing came for so long that the delays before it say nothing about those after it.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A packet every 20 ms, each of which takes this many milliseconds longer than the one before it.
    fn watch(watch: &mut DelayWatch, from: i64, n_packets: i64, slower_ms: i64) {
        for n in from..from + n_packets {
            let sent_ms = u64::try_from(n * 20).unwrap();
            let sent = Instant::START + Duration::from_millis(sent_ms);
            let arrival_ms = n * 20 + 30 + (n - from) * slower_ms;
            watch.push(sent, Arrival(arrival_ms * 4));
        }
    }

    #[test]
    fn a_queue_that_grows_is_overuse_and_one_that_stands_is_none() {
        let mut steady = DelayWatch::default();
        watch(&mut steady, 0, 100, 0);
        assert_eq!(steady.usage(), Usage::Normal);
        watch(&mut steady, 100, 60, 5);
        assert_eq!(steady.usage(), Usage::Over);
    }

    #[test]
    fn after_a_silence_nothing_is_known() {
        let mut delays = DelayWatch::default();
        watch(&mut delays, 0, 60, 5);
        assert_eq!(delays.usage(), Usage::Over);
        delays.reset();
        assert_eq!(delays.usage(), Usage::Normal);
    }

    #[test]
    fn what_a_probe_queues_is_left_out() {
        let mut delays = DelayWatch::default();
        watch(&mut delays, 0, 100, 0);
        delays.skip();
        // As far behind as a probe leaves it, and steady from there.
        watch(&mut delays, 110, 60, 0);
        assert_eq!(delays.usage(), Usage::Normal);
    }
}
