//! Whether a path loses so much of a video that repairs do not help. Where its publisher sends a single encoding there is nothing to
//! choose by an estimate, and none is made; but from here on there is: pictures that are never whole, or sound alone.

use crate::egress::loss_tally::LossTally;

/// The share of lost packets, of 256, that is so much: two fifths. Repairs of it, which are lost as well, cost more than half of the
/// rate.
const MUCH: u8 = 102;
/// Of so many packets: where a fifth is lost for itself or in short bursts, which repairs do mend, two fifths of them hardly ever are.
const PACKETS: u64 = 150;
/// So many times in a row: one alone may be of a moment without any path.
const TIMES: u8 = 2;
/// And so many that it is over: what an estimate has learned of a path is worth some seconds.
const GOOD_TIMES: u8 = 5;

/// By the reports of a receiver of the video.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Losing {
    is_much: bool,
    loss: LossTally,
    /// Times in a row that say the opposite.
    n_contrary: u8,
}

impl Losing {
    /// The receiver has reported this loss of so many packets, of 256 (RFC 3550 section 6.4.1).
    pub(crate) fn on_report(&mut self, n_packets: u64, fraction_lost: u8) {
        self.loss.add(n_packets, fraction_lost);
        let Some(fraction_lost) = self.loss.take(PACKETS) else {
            return;
        };
        if (fraction_lost >= MUCH) == self.is_much {
            self.n_contrary = 0;
            return;
        }
        self.n_contrary += 1;
        let n_needed = if self.is_much { GOOD_TIMES } else { TIMES };
        if self.n_contrary == n_needed {
            self.is_much = !self.is_much;
            self.n_contrary = 0;
        }
    }

    pub(crate) fn is_much(&self) -> bool {
        self.is_much
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(reports: impl IntoIterator<Item = u8>) -> bool {
        let mut losing = Losing::default();
        for fraction_lost in reports {
            losing.on_report(PACKETS, fraction_lost);
        }
        losing.is_much()
    }

    #[test]
    fn two_times_two_fifths_in_a_row_are_much() {
        assert!(after([102, 102]));
        assert!(after([0, 255, 255]));
        assert!(!after([101; 100]));
        assert!(!after([255, 101, 255, 101]));
    }

    #[test]
    fn five_better_ones_end_it() {
        let good = |n| [255, 255].into_iter().chain([0; 5].into_iter().take(n));
        assert!(after(good(4)));
        assert!(!after(good(5)));
        assert!(after(good(4).chain([255]).chain([0; 4])));
    }

    /// As a browser's are that asks for repairs all the time.
    #[test]
    fn reports_of_a_few_packets_are_one_of_many() {
        let mut losing = Losing::default();
        for _ in 0..1_000 {
            losing.on_report(3, 85);
            losing.on_report(3, 170);
            losing.on_report(9, 0);
        }
        assert!(
            !losing.is_much(),
            "a fifth is lost, whatever two in a row say"
        );
    }
}
