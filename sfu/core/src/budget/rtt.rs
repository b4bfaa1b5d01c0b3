//! How long a packet and the answer to it take.

use std::time::Duration;

/// What is assumed before the first measurement (libwebrtc): the far half of a continent on a mobile network.
const RTT_START: Duration = Duration::from_millis(200);

/// A round trip is never taken for longer than this: past it a figure is a lie or a path that was gone, and what waits
/// for a round trip must not wait for ever.
const RTT_MAX: Duration = Duration::from_secs(10);

/// Smooths the round-trip time as RFC 6298 section 2 does: a new sample counts an eighth.
#[derive(Debug, Default)]
pub(crate) struct RoundTrip {
    smoothed: Option<Duration>,
}

impl RoundTrip {
    pub(crate) fn push(&mut self, sample: Duration) {
        let sample = sample.min(RTT_MAX);
        self.smoothed = Some(
            self.smoothed
                .map_or(sample, |before| (before * 7 + sample) / 8),
        );
    }

    /// What was measured; none so far.
    pub(crate) const fn measured(&self) -> Option<Duration> {
        self.smoothed
    }

    /// What to reckon with.
    pub(crate) fn assumed(&self) -> Duration {
        self.smoothed.unwrap_or(RTT_START)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sample_does_not_make_the_time() {
        let mut rtt = RoundTrip::default();
        assert_eq!((rtt.measured(), rtt.assumed()), (None, RTT_START));
        rtt.push(Duration::from_millis(80));
        rtt.push(Duration::from_millis(160));
        assert_eq!(rtt.measured(), Some(Duration::from_millis(90)));
    }

    #[test]
    fn a_lie_has_an_end() {
        let mut rtt = RoundTrip::default();
        rtt.push(Duration::MAX);
        rtt.push(Duration::MAX);
        assert_eq!(rtt.measured(), Some(RTT_MAX));
    }
}
