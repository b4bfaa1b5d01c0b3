//! The middle 32 of the 64 bits of an NTP time (RFC 3550 section 4).

use std::time::Duration;

use sfu_model::time::NtpTime;

/// A time or a duration as 16.16 fixed-point seconds. It wraps after 18 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompactNtp(pub u32);

impl CompactNtp {
    /// The middle of an NTP time.
    pub const fn from_ntp(time: NtpTime) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the seconds' upper half is cut off on purpose"
        )]
        Self((time.0 >> 16) as u32)
    }

    /// A duration, at most the 18 hours that there is room for.
    pub fn from_duration(duration: Duration) -> Self {
        let units = (duration.as_nanos() << 16) / 1_000_000_000;
        Self(u32::try_from(units).unwrap_or(u32::MAX))
    }

    /// As a duration, in steps of 15 us.
    pub fn as_duration(self) -> Duration {
        Duration::from_nanos((u64::from(self.0) * 1_000_000_000) >> 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_time_is_seconds_and_fractions() {
        // The example of RFC 3550 section 6.4.1.
        let time = NtpTime(0xb44d_b705_2000_0000);
        assert_eq!(CompactNtp::from_ntp(time), CompactNtp(0xb705_2000));
        assert_eq!(
            CompactNtp(0x0005_4000).as_duration(),
            Duration::from_millis(5_250)
        );
        assert_eq!(
            CompactNtp::from_duration(Duration::from_millis(5_250)),
            CompactNtp(0x0005_4000)
        );
        assert_eq!(
            CompactNtp::from_duration(Duration::from_secs(1 << 20)),
            CompactNtp(u32::MAX)
        );
    }
}
