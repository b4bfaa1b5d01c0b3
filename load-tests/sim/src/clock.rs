//! Virtual time for an engine that counts in the standard library's type.

use std::sync::OnceLock;
use std::time::Duration;

use sfu_model::time::Instant;

static ANCHOR: OnceLock<std::time::Instant> = OnceLock::new();

/// The standard library's moment at [`Instant::START`]: the same for every world of this process.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine's type can only be made by reading a clock; nothing depends on what it says"
)]
pub fn anchor() -> std::time::Instant {
    *ANCHOR.get_or_init(std::time::Instant::now)
}

/// A participant's own clock: monotonic as every clock that an engine counts with, but neither as fast as the world's nor
/// begun with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalClock {
    /// How far ahead of the world's it begins.
    pub ahead: Duration,
    /// How much faster it is, in millionths; cheap quartz is off by up to a hundred.
    pub fast_ppm: i32,
}

impl LocalClock {
    /// A moment of the world, in the engine's type.
    pub fn to_engine(self, now: Instant) -> std::time::Instant {
        let own = i128::from(now.as_nanos()) * self.rate() / MILLION;
        anchor() + self.ahead + nanos(own)
    }

    /// The first moment of the world at which the engine's has come; `None` for its "never".
    pub fn from_engine(self, at: std::time::Instant) -> Option<Instant> {
        const NEVER: Duration = Duration::from_secs(3_600 * 24 * 365);
        let own = at.saturating_duration_since(anchor() + self.ahead);
        if own >= NEVER {
            return None;
        }
        // Rounded up: a moment too early would wake the engine for nothing, and again at the same moment, for ever.
        let own = i128::try_from(own.as_nanos()).ok()?;
        let world = (own * MILLION + self.rate() - 1) / self.rate();
        Some(Instant::START + nanos(world))
    }

    fn rate(self) -> i128 {
        (MILLION + i128::from(self.fast_ppm)).max(1)
    }
}

const MILLION: i128 = 1_000_000;

fn nanos(n: i128) -> Duration {
    Duration::from_nanos(u64::try_from(n).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_an_engine_waits_for_has_come_when_it_is_woken() {
        for fast_ppm in [-5_000, -7, 0, 1, 100, 9_999] {
            let clock = LocalClock {
                ahead: Duration::from_secs(3_600),
                fast_ppm,
            };
            for ns in [0, 1, 999, 1_000_003, 100_000_000_007] {
                let at = anchor() + clock.ahead + Duration::from_nanos(ns);
                let woken = clock.from_engine(at).expect("a moment");
                assert!(clock.to_engine(woken) >= at, "{fast_ppm} ppm, {ns} ns");
                let late = clock.to_engine(woken) - at;
                assert!(late <= Duration::from_nanos(2), "{late:?}");
            }
        }
    }

    #[test]
    fn a_fast_clock_gains() {
        let fast = LocalClock {
            ahead: Duration::ZERO,
            fast_ppm: 100,
        };
        let hour = Instant::START + Duration::from_secs(3_600);
        let gained = fast.to_engine(hour) - LocalClock::default().to_engine(hour);
        assert_eq!(gained, Duration::from_millis(360));
    }
}
