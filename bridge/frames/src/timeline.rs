//! The stream's timeline: our clock, counted from the stream's beginning.
//!
//! It belongs to the stream and not to a publisher, so it goes on through reconnects. What the RTP clocks of publishers say
//! is laid on it in `sync`.

use std::time::Duration;

use sfu_model::codec::ClockRate;
use sfu_model::time::Instant;

/// How long before its first packet a stream begins. Packets of another encoding, or that were kept for those who join, may
/// have been captured before the first that comes; what was captured earlier still is laid at the beginning.
pub(crate) const LEAD: Duration = Duration::from_secs(1);

/// Where zero is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    began_at: i64,
}

impl Timeline {
    /// A stream whose first packet was captured then.
    pub(crate) fn new(first: Instant) -> Self {
        Self {
            began_at: nanos(first).saturating_sub(i64::try_from(LEAD.as_nanos()).unwrap_or(0)),
        }
    }

    /// Ticks from zero to a moment, negative before it.
    pub(crate) fn ticks(self, at: Instant, rate: ClockRate) -> i64 {
        rate.ticks_in_nanos(nanos(at).saturating_sub(self.began_at))
    }

    /// The moment of a number of ticks; our clock's start where it would be before that.
    pub(crate) fn instant(self, ticks: i64, rate: ClockRate) -> Instant {
        let since = i128::from(ticks) * 1_000_000_000 / i128::from(rate.0.max(1));
        let at = i128::from(self.began_at).saturating_add(since).max(0);
        Instant::from_nanos(u64::try_from(at).unwrap_or(u64::MAX))
    }
}

fn nanos(at: Instant) -> i64 {
    i64::try_from(at.as_nanos()).unwrap_or(i64::MAX)
}

/// Ticks in a span; all that a number holds where it is longer.
pub(crate) fn ticks_in(span: Duration, rate: ClockRate) -> i64 {
    i64::try_from(rate.ticks(span)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_packet_is_one_lead_after_zero_and_moments_read_back() {
        let first = Instant::START + Duration::from_secs(100);
        let (timeline, rate) = (Timeline::new(first), ClockRate(90_000));
        assert_eq!(timeline.ticks(first, rate), 90_000);
        assert_eq!(timeline.ticks(Instant::START, rate), -99 * 90_000);
        assert_eq!(timeline.instant(90_000, rate), first);
        assert_eq!(timeline.instant(i64::MIN, rate), Instant::START);
    }

    #[test]
    fn a_stream_may_begin_with_our_clock() {
        let timeline = Timeline::new(Instant::START);
        assert_eq!(timeline.ticks(Instant::START, ClockRate(48_000)), 48_000);
    }
}
