//! A histogram of durations that takes millions of samples in fixed memory.

use std::time::Duration;

/// Width of a step: percentiles are this exact.
const STEP: Duration = Duration::from_micros(10);

/// Steps of the histogram: two seconds. Whatever is longer is counted in the last one, and is a failure anyway.
const STEPS: usize = 200_000;

/// Where the last step begins, which holds whatever is longer: of a percentile beyond it nobody knows how long it is.
pub const SPAN: Duration = Duration::from_micros(STEP.as_micros() as u64 * (STEPS as u64 - 1));

/// How often each duration was seen.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u32>,
    n: u64,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; STEPS],
            n: 0,
            max: Duration::ZERO,
        }
    }
}

impl Histogram {
    /// Takes one sample.
    pub fn record(&mut self, sample: Duration) {
        let step = usize::try_from(sample.as_micros() / STEP.as_micros()).unwrap_or(STEPS);
        if let Some(count) = self.counts.get_mut(step.min(STEPS - 1)) {
            *count = count.saturating_add(1);
        }
        self.n += 1;
        self.max = self.max.max(sample);
    }

    /// Adds another's samples.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.n += other.n;
        self.max = self.max.max(other.max);
    }

    /// The duration that `percent` of the samples do not exceed, rounded up to a step; `None` without samples.
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let wanted = (self.n * percent).div_ceil(100).max(1);
        let mut n = 0;
        let step = self.counts.iter().position(|count| {
            n += u64::from(*count);
            n >= wanted
        })?;
        Some(STEP * u32::try_from(step + 1).unwrap_or(u32::MAX))
    }

    /// The longest sample.
    pub fn max(&self) -> Duration {
        self.max
    }
}

/// The sample that `percent` of the sorted samples do not exceed.
pub fn at_percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50), None);
        for ms in 1..=100 {
            histogram.record(Duration::from_millis(ms));
        }
        let mut other = Histogram::default();
        other.record(Duration::from_secs(9));
        histogram.add(&other);
        let ms = |percent| histogram.percentile(percent).unwrap().as_millis();
        assert_eq!((ms(50), ms(99)), (51, 100));
        assert_eq!(ms(100), 2_000, "the last step holds whatever is longer");
        assert_eq!(histogram.max(), Duration::from_secs(9));
    }
}
