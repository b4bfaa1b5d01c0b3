//! How long to wait before the next try.

use std::time::Duration;

/// The wait after the first failure. A publisher that is about to start does so within seconds.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait: a stream that begins late is joined at most so much later.
const LONGEST: Duration = Duration::from_secs(30);

/// Exponential backoff with jitter: a crowd that was refused at once must not come back at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    random: u64,
    n_failures: u32,
}

impl Backoff {
    /// Waits that differ from those of other seeds.
    pub const fn new(seed: u64) -> Self {
        Self {
            random: seed,
            n_failures: 0,
        }
    }

    /// The wait after one more failure: never less than the server asked for.
    pub fn next_wait(&mut self, retry_after: Option<Duration>) -> Duration {
        let whole = FIRST
            .saturating_mul(1 << self.n_failures.min(5))
            .min(LONGEST);
        self.n_failures = self.n_failures.saturating_add(1);
        let jittered = whole.mul_f64(0.5 + self.fraction() / 2.0);
        match retry_after {
            // Whoever is told the same number spreads over the second after it.
            Some(asked) => jittered.max(asked + Duration::from_secs(1).mul_f64(self.fraction())),
            None => jittered,
        }
    }

    /// A success: the next failure is the first again.
    pub fn reset(&mut self) {
        self.n_failures = 0;
    }

    /// In 0..1, by splitmix64.
    fn fraction(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
        let bits = ((z ^ (z >> 31)) >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::new(7);
        for whole in [1, 2, 4, 8, 16, 30, 30, 30] {
            let wait = backoff.next_wait(None);
            let whole = Duration::from_secs(whole);
            assert!(wait >= whole / 2 && wait <= whole, "{wait:?} of {whole:?}");
        }
        backoff.reset();
        assert!(backoff.next_wait(None) <= Duration::from_secs(1));
    }

    #[test]
    fn a_wait_is_never_shorter_than_the_server_asked_for() {
        for seed in 0..100 {
            let asked = Duration::from_secs(5);
            let wait = Backoff::new(seed).next_wait(Some(asked));
            assert!(wait >= asked && wait <= asked + Duration::from_secs(1));
        }
    }

    #[test]
    fn seeds_wait_differently() {
        let waits: std::collections::HashSet<Duration> = (0..100)
            .map(|seed| Backoff::new(seed).next_wait(None))
            .collect();
        assert!(waits.len() > 90);
    }
}
