//! A picture does not stand still longer than a bound.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::decoder::Shown;

/// A picture that stood too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// Since when.
    pub since: Instant,
    /// How long.
    pub lasted: Duration,
}

/// The longest time without a new picture between two moments, and when it began.
pub fn longest(shown: &[Shown], from: Instant, until: Instant) -> Frozen {
    let moments = shown.iter().map(|s| s.at);
    let inside = moments.filter(|at| (from..=until).contains(at));
    let mut longest = Frozen {
        since: from,
        lasted: Duration::ZERO,
    };
    let mut last = from;
    for at in inside.chain([until]) {
        if at - last > longest.lasted {
            longest = Frozen {
                since: last,
                lasted: at - last,
            };
        }
        last = at;
    }
    longest
}

/// Fails when a picture stood longer than `bound` between two moments.
pub fn check(
    shown: &[Shown],
    from: Instant,
    until: Instant,
    bound: Duration,
) -> Result<(), Frozen> {
    let longest = longest(shown, from, until);
    if longest.lasted > bound {
        return Err(longest);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;

    use super::*;
    use crate::layers::Place;
    use crate::stamp::Stamp;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn shown(moments: &[u64]) -> Vec<Shown> {
        let stamp = Stamp {
            publisher: 1,
            kind: MediaKind::Video,
            rank: 0,
            is_keyframe: false,
            frame: 0,
            place: Place::default(),
            packet_index: 0,
            n_packets: 1,
            captured_at: Instant::START,
        };
        moments
            .iter()
            .map(|ms| Shown { at: at(*ms), stamp })
            .collect()
    }

    #[test]
    fn a_freeze_longer_than_the_bound_fails_wherever_it_is() {
        let bound = Duration::from_millis(50);
        for moments in [[10, 50, 200], [100, 140, 180], [0, 20, 60]] {
            assert!(check(&shown(&moments), at(0), at(220), bound).is_err());
        }
        let steady: Vec<u64> = (0..=5).map(|n| n * 40).collect();
        assert_eq!(check(&shown(&steady), at(0), at(220), bound), Ok(()));
    }

    #[test]
    fn it_fails_at_a_bound_of_zero() {
        assert!(check(&shown(&[10, 20]), at(10), at(20), Duration::ZERO).is_err());
        assert!(check(&[], at(0), at(1), Duration::ZERO).is_err());
    }
}
