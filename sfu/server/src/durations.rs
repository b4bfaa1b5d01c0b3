//! How long joins and connects took.

use prometheus_client::metrics::histogram::Histogram;
use sfu_core::event::Event;

/// Upper bounds, in seconds: the bar for a join is 0.25 at the median and 0.5 at the 95th percentile, so the buckets are
/// finest around them.
const DURATION_BUCKETS: [f64; 12] = [
    0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0, 2.5, 15.0,
];

/// How long things took, as the cores say.
#[derive(Clone, Debug)]
pub(crate) struct Durations {
    pub(crate) join: Histogram,
    pub(crate) connect: Histogram,
}

impl Default for Durations {
    fn default() -> Self {
        let histogram = || Histogram::new(DURATION_BUCKETS);
        Self {
            join: histogram(),
            connect: histogram(),
        }
    }
}

impl Durations {
    pub(crate) fn observe(&self, event: &Event) {
        match event {
            Event::SessionConnected { after, .. } => self.connect.observe(after.as_secs_f64()),
            Event::FirstPacketSent { after, .. } => self.join.observe(after.as_secs_f64()),
            Event::SessionClosed { .. }
            | Event::RoomLive { .. }
            | Event::RoomSilent { .. }
            | Event::AddressValidated { .. }
            | Event::AddressForgotten { .. } => {}
        }
    }
}
