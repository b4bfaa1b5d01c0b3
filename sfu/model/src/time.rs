//! Five times, five types: our monotonic clock, unix time, the sender's NTP time, the RTP timestamp on the
//! wire, and its unwrapped form. Wrap-around happens here and nowhere else.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A moment on our monotonic clock, in nanoseconds since the clock's start. It has no `now()`:
/// `sfu/net`'s clock makes one from the operating system, the simulator makes one from its event queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The start of the clock.
    pub const START: Self = Self(0);

    /// The moment `nanos` nanoseconds after the clock's start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's start; 2^64 of them are 584 years.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// `self` moved back, at most to the clock's start.
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(duration)))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Wall time: seconds since 1970-01-01T00:00:00Z, as tokens and HTTP dates use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub u64);

/// The sender's clock as 32.32 fixed-point seconds since 1900 (RFC 3550 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// 1970-01-01T00:00:00Z: 70 years with 17 leap days after the start of NTP's era 0.
    pub const UNIX_EPOCH: Self = Self(2_208_988_800 << 32);

    /// The time this much later, wrapping as the era does in 2036 (RFC 5905 section 6).
    pub fn after(self, duration: Duration) -> Self {
        let whole = duration.as_secs() << 32;
        let fraction = (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000;
        Self(self.0.wrapping_add(whole).wrapping_add(fraction))
    }

    /// Nanoseconds from `earlier` to `self`, negative when `self` is earlier.
    pub fn nanos_since(self, earlier: Self) -> i64 {
        let difference = i128::from(self.0) - i128::from(earlier.0);
        let nanos = (difference * 1_000_000_000) >> 32;
        i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
    }
}

/// The 32-bit timestamp of an RTP packet: sampling instant in units of the codec's clock (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpTimestamp(pub u32);

/// A media clock unwrapped to 64 bits, in ticks of the codec's clock rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaTime(pub u64);

impl MediaTime {
    /// The low 32 bits, as they go on the wire.
    pub const fn wire(self) -> RtpTimestamp {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the wire carries the low half"
        )]
        RtpTimestamp(self.0 as u32)
    }

    /// Ticks from `earlier` to `self`, negative when `self` is earlier.
    pub const fn ticks_since(self, earlier: Self) -> i64 {
        self.0.wrapping_sub(earlier.0) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_never_runs_before_its_start() {
        let early = Instant::from_nanos(5);
        assert_eq!(early - Instant::from_nanos(9), Duration::ZERO);
        assert_eq!(early.saturating_sub(Duration::from_secs(1)), Instant::START);
        assert_eq!(early + Duration::from_nanos(5), Instant::from_nanos(10));
    }

    #[test]
    fn ntp_differences_have_a_sign() {
        let second = NtpTime(1 << 32);
        assert_eq!(second.nanos_since(NtpTime(0)), 1_000_000_000);
        assert_eq!(NtpTime(0).nanos_since(second), -1_000_000_000);
        let later = second.after(Duration::from_millis(1_500));
        assert_eq!(later.nanos_since(second), 1_500_000_000);
    }

    #[test]
    fn media_time_keeps_order_across_the_wire_wrap() {
        let before = MediaTime(0xffff_fff0);
        let after = MediaTime(0x1_0000_0010);
        assert_eq!(after.ticks_since(before), 0x20);
        assert_eq!(after.wire(), RtpTimestamp(0x10));
    }
}
