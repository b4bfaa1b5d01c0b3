//! Which datagrams a line loses.

use crate::chance::{below, draw};
use crate::network::per_mille::PerMille;

/// How a line loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Each datagram for itself.
    Random(PerMille),
    /// The chain of Gilbert and Elliott: a good state that loses nothing and a bad one that loses everything, as a radio in
    /// a shadow does.
    Bursts {
        /// How many are lost in the long run.
        share: PerMille,
        /// How many in a row, on average.
        length: u16,
    },
}

/// Where a line's chain is. It steps with every datagram, so that a burst is counted in datagrams and not in time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    n_steps: u64,
    is_bad: bool,
}

/// Chances are compared in millionths: the way into a burst of 1 % loss is a third of a hundredth.
const PARTS: u64 = 1_000_000;

impl Chain {
    /// True when the next datagram is lost in a burst. `seed` is the line's own.
    pub(super) fn step(&mut self, share: PerMille, length: u16, seed: u64) -> bool {
        let share = u64::from(share.0.min(1_000));
        let length = u64::from(length.max(1));
        let chance = if self.is_bad {
            PARTS / length
        } else {
            // As many ways in as out: p = share / (length * (1 - share)).
            (PARTS * share)
                .checked_div(length * (1_000 - share))
                .unwrap_or(PARTS)
        };
        self.n_steps += 1;
        if below(draw(seed, &[self.n_steps]), PARTS) < chance {
            self.is_bad = !self.is_bad;
        }
        self.is_bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(share: u16, length: u16, seed: u64) -> Vec<bool> {
        let mut chain = Chain::default();
        (0..200_000)
            .map(|_| chain.step(PerMille(share), length, seed))
            .collect()
    }

    #[test]
    fn share_and_length_come_out_as_asked() {
        for share in [10, 50, 100, 200] {
            let lost = lost(share, 3, 5);
            let n_lost = lost.iter().filter(|lost| **lost).count();
            let n_bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
            let expected = usize::from(share) * 200;
            assert!(n_lost.abs_diff(expected) < expected / 8, "{n_lost}");
            let tenths = n_lost * 10 / n_bursts;
            assert!((28..=32).contains(&tenths), "{tenths} tenths in a row");
        }
    }

    #[test]
    fn a_seed_decides_and_nothing_is_lost_of_no_share() {
        assert_eq!(lost(50, 3, 1), lost(50, 3, 1));
        assert_ne!(lost(50, 3, 1), lost(50, 3, 2));
        assert!(lost(0, 3, 1).iter().all(|lost| !lost));
    }
}
