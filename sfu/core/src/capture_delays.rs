//! How old pictures are when they leave: a histogram, as a plain value.

use std::time::Duration;

use sfu_model::packet::CAPTURE_AGE_MAX;

/// Upper bounds of the buckets, in milliseconds: finest where a conversation lives, and up to the second at which a stream is
/// not live any more.
pub const BOUNDS_MS: [u64; 13] = [5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_500];

/// Pictures by their age at departure, each once for every subscriber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureDelays {
    /// How many were up to each of [`BOUNDS_MS`], and beyond the one before.
    pub counts: [u64; BOUNDS_MS.len()],
    /// How many were older than the last bound.
    pub beyond: u64,
    /// All of their ages.
    pub sum: Duration,
    /// Pictures whose capture lies in the future, or longer ago than anybody waits: a clock was set, or lies. In none of
    /// the others.
    pub implausible: u64,
}

impl CaptureDelays {
    /// A picture left at this age.
    pub(crate) fn add(&mut self, age: Duration) {
        if age >= CAPTURE_AGE_MAX {
            self.implausible += 1;
            return;
        }
        self.sum += age;
        let fits = |bound: &u64| age <= Duration::from_millis(*bound);
        let place = BOUNDS_MS.iter().position(fits);
        match place.and_then(|place| self.counts.get_mut(place)) {
            Some(count) => *count += 1,
            None => self.beyond += 1,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.beyond += other.beyond;
        self.sum += other.sum;
        self.implausible += other.implausible;
        self
    }

    /// All whose age is known.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_counted_once_and_nonsense_apart() {
        let mut delays = CaptureDelays::default();
        for ms in [0, 5, 6, 2_500, 2_501, 9_999] {
            delays.add(Duration::from_millis(ms));
        }
        delays.add(CAPTURE_AGE_MAX);
        delays.add(CAPTURE_AGE_MAX * 2);
        assert_eq!(
            (delays.counts[0], delays.counts[1], delays.counts[12]),
            (2, 1, 1)
        );
        assert_eq!(
            (delays.beyond, delays.implausible, delays.count()),
            (2, 2, 6)
        );
        assert_eq!(delays.sum, Duration::from_millis(15_011));
        let twice = delays.plus(&delays);
        assert_eq!((twice.count(), twice.implausible), (12, 4));
    }
}
