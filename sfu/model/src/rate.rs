//! Rates, and what fits through one in a time.

use std::fmt;
use std::time::Duration;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Bits per second. Arithmetic stops at the edges: a rate that somebody claimed must never wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bitrate(pub u64);

impl Bitrate {
    /// Nothing flows.
    pub const ZERO: Self = Self(0);

    /// Thousands of bits per second.
    pub const fn from_kbps(kbps: u64) -> Self {
        Self(kbps.saturating_mul(1_000))
    }

    /// The rate at which this many bytes take this long; none in no time.
    pub fn of(bytes: u64, duration: Duration) -> Option<Self> {
        let bits_by_second = u128::from(bytes) * 8 * NANOS_PER_SECOND;
        let rate = bits_by_second.checked_div(duration.as_nanos())?;
        Some(Self(u64::try_from(rate).unwrap_or(u64::MAX)))
    }

    /// Bits per second.
    pub const fn as_bps(self) -> u64 {
        self.0
    }

    /// Thousands of bits per second, for arithmetic on estimates.
    pub fn as_kbps(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// The nearest rate to an estimate in thousands of bits per second. What is no number, or less than zero, is zero.
    pub fn from_kbps_estimate(kbps: f64) -> Self {
        // A float that does not fit saturates, and NaN becomes zero.
        Self((kbps * 1_000.0).round() as u64)
    }

    /// This many times the rate. A factor that is no number, or less than zero, gives zero.
    pub fn scaled(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor) as u64)
    }

    /// Both together.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What `other` leaves of this.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Whole bytes that pass in this time.
    pub fn bytes_in(self, duration: Duration) -> u64 {
        let bits = u128::from(self.0).saturating_mul(duration.as_nanos()) / NANOS_PER_SECOND;
        u64::try_from(bits / 8).unwrap_or(u64::MAX)
    }

    /// How long this many bytes take; [`Duration::MAX`] where nothing flows.
    pub fn time_for(self, bytes: u64) -> Duration {
        let bits_by_second = u128::from(bytes) * 8 * NANOS_PER_SECOND;
        let Some(nanos) = bits_by_second.checked_div(u128::from(self.0)) else {
            return Duration::MAX;
        };
        u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos)
    }
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..1_000 => write!(f, "{} bit/s", self.0),
            1_000..1_000_000 => write!(f, "{} kbit/s", self.0 / 1_000),
            _ => write!(f, "{:.2} Mbit/s", self.0 as f64 / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_time_and_rate_agree() {
        let rate = Bitrate::from_kbps(1_200);
        let frame = Duration::from_millis(40);
        assert_eq!(rate.bytes_in(frame), 6_000);
        assert_eq!(rate.time_for(6_000), frame);
        assert_eq!(Bitrate::of(6_000, frame), Some(rate));
    }

    #[test]
    fn the_edges_hold() {
        let most = Bitrate(u64::MAX);
        assert_eq!(most.bytes_in(Duration::MAX), u64::MAX);
        assert_eq!(most.saturating_add(most), most);
        assert_eq!(Bitrate::ZERO.saturating_sub(most), Bitrate::ZERO);
        assert_eq!(Bitrate::ZERO.time_for(1), Duration::MAX);
        assert_eq!(Bitrate::of(1, Duration::ZERO), None);
        assert_eq!(
            Bitrate::of(u64::MAX, Duration::from_nanos(1)),
            Some(Bitrate(u64::MAX))
        );
        assert_eq!(most.scaled(2.0), most);
        assert_eq!(most.scaled(f64::NAN), Bitrate::ZERO);
        assert_eq!(most.scaled(-1.0), Bitrate::ZERO);
        assert_eq!(Bitrate::from_kbps_estimate(f64::INFINITY), most);
    }

    #[test]
    fn a_rate_is_read_with_its_unit() {
        let cases = [
            (999, "999 bit/s"),
            (30_000, "30 kbit/s"),
            (2_400_000, "2.40 Mbit/s"),
        ];
        for (bps, text) in cases {
            assert_eq!(Bitrate(bps).to_string(), text);
        }
    }
}
