//! The offset between a sender's clock and ours, by the quickest packets of late.
//!
//! The least of (arrival here - time there) is the offset and the least delay. No two clocks run alike, so it moves by up to
//! 100 millionths of the time (9 s a day): it is taken over the last minute or two, and followed so slowly that no timeline
//! that is built on it jumps.

use std::time::Duration;

use sfu_model::time::Instant;

/// For so long, and at most twice that, the quickest packet counts. A clock that drifts by 100 millionths is 12 ms behind then.
const WINDOW: Duration = Duration::from_secs(60);

/// The offset rises by at most a thousandth of the time that passes: ten times what clocks drift, and too slow to be heard or
/// seen. It falls at once, for a quicker packet says that it was too high.
const RISES_ONE_IN: u32 = 1_000;

/// The offset between two clocks, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LeastDifference(Option<Differences>);

#[derive(Clone, Copy, Debug)]
struct Differences {
    /// What is added to the sender's times.
    offset: i64,
    /// When a packet last moved it.
    moved_at: Instant,
    /// The least of this window, and when it began.
    present: i64,
    began_at: Instant,
    /// The least of the window before.
    past: Option<i64>,
}

impl LeastDifference {
    /// Where a sender's time is on our clock. A difference that is `step` away from the offset begins again.
    pub(crate) fn place(
        &mut self,
        sender_nanos: i64,
        received_at: Instant,
        step: Duration,
    ) -> Option<Instant> {
        let arrival = i64::try_from(received_at.as_nanos()).ok()?;
        let difference = arrival.checked_sub(sender_nanos)?;
        let is_step = |d: Differences| u128::from(difference.abs_diff(d.offset)) > step.as_nanos();
        let differences = match self.0 {
            // A clock that was set: begin again rather than stamp everything in the past for ever.
            Some(differences) if !is_step(differences) => differences.then(difference, received_at),
            Some(_) | None => Differences {
                offset: difference,
                moved_at: received_at,
                present: difference,
                began_at: received_at,
                past: None,
            },
        };
        self.0 = Some(differences);
        let placed = u64::try_from(sender_nanos.checked_add(differences.offset)?).ok()?;
        Some(Instant::from_nanos(placed))
    }
}

impl Differences {
    fn then(mut self, difference: i64, now: Instant) -> Self {
        if now - self.began_at < WINDOW {
            self.present = self.present.min(difference);
        } else {
            self.past = Some(self.present);
            (self.present, self.began_at) = (difference, now);
        }
        let least = self
            .past
            .map_or(self.present, |past| past.min(self.present));
        let rise = i64::try_from(((now - self.moved_at) / RISES_ONE_IN).as_nanos());
        self.offset = least.min(self.offset.saturating_add(rise.unwrap_or(i64::MAX)));
        self.moved_at = self.moved_at.max(now);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_secs(10);
    const SECOND: i64 = 1_000_000_000;

    /// A packet a second for thirty hours, 20 to 60 ms on its way, of a clock that runs by so many millionths too fast: the
    /// longest that a time was wrong, and the longest step of it from one packet to the next, in microseconds.
    fn drift(millionths: i64) -> (i64, i64) {
        let mut clock = LeastDifference::default();
        let (mut worst, mut longest, mut last) = (0, 0, None);
        for second in 1..30 * 3_600 {
            let sent_at = second * SECOND;
            let theirs = sent_at + second * millionths * 1_000;
            let delay = (20 + second * 7 % 41) * 1_000_000;
            let received_at = Instant::from_nanos((sent_at + delay).cast_unsigned());
            let placed = clock.place(theirs, received_at, STEP).unwrap();
            let wrong = placed.as_nanos().cast_signed() - sent_at - 20_000_000;
            // Before the quickest packet came nothing is known of the delay.
            if second > 60 {
                worst = worst.max(wrong.abs() / 1_000);
                longest = longest.max(last.map_or(0, |last: i64| (wrong - last).abs() / 1_000));
            }
            last = Some(wrong);
        }
        (worst, longest)
    }

    #[test]
    fn a_drift_of_thirty_hours_is_followed_and_nothing_jumps() {
        for millionths in [-100, -30, 0, 30, 100] {
            let (worst, longest) = drift(millionths);
            assert!(worst <= 13_000, "{worst} us wrong at {millionths}");
            // A clock that is too slow is followed step by step; of one too fast, the quickest of 41 packets tells.
            let at_once = 1_100.max(41 * millionths);
            assert!(longest <= at_once, "{longest} us at once at {millionths}");
        }
    }

    #[test]
    fn a_quicker_packet_counts_at_once() {
        let mut clock = LeastDifference::default();
        let mut place = |sent: i64, came: i64| {
            let came = Instant::from_nanos((came * 1_000_000).cast_unsigned());
            let placed = clock.place(sent * 1_000_000, came, STEP).unwrap();
            placed.as_nanos() / 1_000_000
        };
        assert_eq!(place(1_000, 1_100), 1_100);
        assert_eq!(place(2_000, 2_020), 2_020);
        assert_eq!(place(3_000, 3_500), 3_020);
    }
}
