//! Durations as playlists write them.

use std::fmt;
use std::time::Duration;

/// Seconds with six decimals, rounded down: no part is written longer than it is, and parts, whose durations are whole
/// microseconds, add up to their segment in the text too.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rounded_up() {
        let written = |nanos| Seconds(Duration::from_nanos(nanos)).to_string();
        assert_eq!(written(500_000_000), "0.500000");
        assert_eq!(written(2_000_000_999), "2.000000");
        assert_eq!(written(1_999_999_999), "1.999999");
        assert_eq!(written(11_111), "0.000011");
    }
}
