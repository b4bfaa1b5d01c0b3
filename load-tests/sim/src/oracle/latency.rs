//! From capture to the screen, as the clock in the pictures tells.

use std::time::Duration;

use crate::decoder::Shown;

/// How late pictures were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Half were at most this late.
    pub p50: Duration,
    /// Ninety-nine of a hundred were at most this late.
    pub p99: Duration,
}

/// How late these pictures were.
pub fn measure(shown: &[Shown]) -> Latency {
    let mut all: Vec<Duration> = shown.iter().map(|s| s.at - s.stamp.captured_at).collect();
    all.sort_unstable();
    let percentile = |hundredths: usize| {
        let index = (all.len() * hundredths).div_ceil(100).saturating_sub(1);
        all.get(index).copied().unwrap_or_default()
    };
    Latency {
        p50: percentile(50),
        p99: percentile(99),
    }
}

/// Fails, with what was measured, when either is above its bound, or when there was nothing to measure.
pub fn check(shown: &[Shown], bounds: Latency) -> Result<(), Latency> {
    let measured = measure(shown);
    if shown.is_empty() || measured.p50 > bounds.p50 || measured.p99 > bounds.p99 {
        return Err(measured);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::time::Instant;

    use super::*;
    use crate::layers::Place;
    use crate::stamp::Stamp;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn shown(lateness: impl Iterator<Item = u64>) -> Vec<Shown> {
        lateness
            .map(|late| Shown {
                at: Instant::START + ms(1_000 + late),
                stamp: Stamp {
                    publisher: 1,
                    kind: MediaKind::Video,
                    rank: 0,
                    is_keyframe: false,
                    frame: 0,
                    place: Place::default(),
                    packet_index: 0,
                    n_packets: 1,
                    captured_at: Instant::START + ms(1_000),
                },
            })
            .collect()
    }

    #[test]
    fn percentiles_are_what_they_say() {
        let measured = measure(&shown(1..=100));
        assert_eq!((measured.p50, measured.p99), (ms(50), ms(99)));
    }

    #[test]
    fn it_fails_at_a_bound_of_zero_and_without_pictures() {
        let pictures = shown(1..=100);
        assert!(check(&pictures, Latency::default()).is_err());
        let bounds = Latency {
            p50: ms(50),
            p99: ms(98),
        };
        assert!(check(&pictures, bounds).is_err());
        let bounds = Latency {
            p99: ms(99),
            ..bounds
        };
        assert_eq!(check(&pictures, bounds), Ok(()));
        assert!(check(&[], bounds).is_err());
    }
}
