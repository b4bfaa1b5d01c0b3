//! Whether a path loses so much of a video that repairs do not help. Where its publisher sends a single encoding there is nothing to
//! choose by an estimate, and none is made; but from here on there is: pictures that are never whole, or sound alone.

/// The share of lost packets, of 256, that is so much: a third. Repairs of it, which are lost as well, cost half of the rate.
const MUCH: u8 = 85;
/// So many reports in a row must say so: one alone may be of a moment without any path.
const REPORTS: u8 = 2;
/// And so many that it is over: what an estimate has learned of a path is worth some seconds.
const GOOD_REPORTS: u8 = 10;

/// By the reports of a receiver of the video.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Losing {
    is_much: bool,
    /// Reports in a row that say the opposite.
    n_contrary: u8,
}

impl Losing {
    /// The receiver has reported this loss, of 256 (RFC 3550 section 6.4.1).
    pub(crate) fn on_report(&mut self, fraction_lost: u8) {
        if (fraction_lost >= MUCH) == self.is_much {
            self.n_contrary = 0;
            return;
        }
        self.n_contrary += 1;
        let n_needed = if self.is_much { GOOD_REPORTS } else { REPORTS };
        if self.n_contrary == n_needed {
            *self = Self {
                is_much: !self.is_much,
                n_contrary: 0,
            };
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
            losing.on_report(fraction_lost);
        }
        losing.is_much()
    }

    #[test]
    fn two_reports_in_a_row_of_a_third_lost_are_much() {
        assert!(after([85, 85]));
        assert!(after([0, 255, 255]));
        assert!(!after([84; 100]));
        assert!(!after([255, 84, 255, 84]));
    }

    #[test]
    fn ten_better_ones_end_it() {
        let good = |n| [255, 255].into_iter().chain([0; 10].into_iter().take(n));
        assert!(after(good(9)));
        assert!(!after(good(10)));
        assert!(after(good(9).chain([255]).chain([0; 9])));
    }
}
