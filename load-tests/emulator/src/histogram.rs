//! Times, counted by the millisecond: percentiles of any number of samples in memory of one size.

use std::time::Duration;

/// What is told apart: up to four seconds, twenty times the longest queue of a profile. What is longer counts as this.
const BUCKETS: usize = 4_000;

/// How many samples there were of each millisecond.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    n_samples: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS + 1],
            n_samples: 0,
        }
    }
}

impl Histogram {
    /// Counts one, rounded down to the millisecond.
    pub fn record(&mut self, sample: Duration) {
        let ms = usize::try_from(sample.as_millis()).unwrap_or(BUCKETS);
        if let Some(count) = self.counts.get_mut(ms.min(BUCKETS)) {
            *count += 1;
            self.n_samples += 1;
        }
    }

    /// The smallest number of milliseconds that this share of all samples does not exceed; `None` without samples.
    pub fn percentile_ms(&self, percent: u64) -> Option<u64> {
        let rank = (self.n_samples * percent).div_ceil(100).max(1);
        let mut n_seen = 0;
        (0..).zip(&self.counts).find_map(|(ms, count)| {
            n_seen += count;
            (n_seen >= rank).then_some(ms)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_samples() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile_ms(50), None);
        for ms in (0..200).rev() {
            histogram.record(Duration::from_micros(ms * 1_000 + 999));
        }
        assert_eq!(histogram.percentile_ms(0), Some(0));
        assert_eq!(histogram.percentile_ms(50), Some(99));
        assert_eq!(histogram.percentile_ms(99), Some(197));
        assert_eq!(histogram.percentile_ms(100), Some(199));
    }

    #[test]
    fn what_is_longer_than_all_buckets_is_in_the_last() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::from_secs(60));
        assert_eq!(histogram.percentile_ms(50), Some(4_000));
    }
}
