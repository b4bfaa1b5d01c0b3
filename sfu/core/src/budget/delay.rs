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
