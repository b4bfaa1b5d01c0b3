//! The only `now()` of the platform.

use std::time::{Duration, SystemTime};

use sfu_model::time::{Instant, NtpTime, UnixTime};

/// A monotonic clock. Copies share its start, so that all threads of a process speak of the same moments.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    anchor: std::time::Instant,
}

impl Clock {
    /// A clock whose [`Instant::START`] is now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is told by"
    )]
    pub fn start() -> Self {
        Self {
            anchor: std::time::Instant::now(),
        }
    }

    /// This moment.
    pub fn now(&self) -> Instant {
        Instant::START + self.anchor.elapsed()
    }

    /// What [`Instant::START`] is on the standard library's clock; an engine that wants that type adds to it.
    pub fn anchor(&self) -> std::time::Instant {
        self.anchor
    }

    /// The wall clock at [`Instant::START`], as it stands now. Ask once: whoever counts on from the answer is spared the
    /// wall clock's jumps.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is told by"
    )]
    pub fn ntp_anchor(&self) -> NtpTime {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let at_start = since_epoch
            .unwrap_or(Duration::ZERO)
            .saturating_sub(self.anchor.elapsed());
        NtpTime::UNIX_EPOCH.after(at_start)
    }
}

/// The wall clock, for tokens and HTTP dates. It may jump; nothing of the media plane depends on it.
pub fn unix_now() -> UnixTime {
    UnixTime(since_epoch().as_secs())
}

/// The wall clock to the nanosecond: what the kernel's own stamps on datagrams are held against.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that everything else is told by"
)]
pub fn since_epoch() -> Duration {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_a_clock_agree_and_never_run_back() {
        let clock = Clock::start();
        let copy = clock;
        let mut last = Instant::START;
        for turn in 0..1_000 {
            let now = if turn % 2 == 0 {
                clock.now()
            } else {
                copy.now()
            };
            assert!(now >= last);
            last = now;
        }
        assert_eq!(clock.anchor(), copy.anchor());
    }

    #[test]
    fn the_wall_clock_is_past_the_year_2020() {
        assert!(unix_now() > UnixTime(1_577_836_800));
    }
}
