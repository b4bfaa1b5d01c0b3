//! How much may be sent again: what one subscriber asks for costs that subscriber, and little of anybody's.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

/// Bytes that are sent for each that may be sent again: a quarter, a bound on what a flood of NACKs can make us send.
const SHARE: usize = 4;
/// The same on a path that is not estimated and that loses what repairs can mend: half. Of 20 % lost the repairs cost a quarter
/// even if each is sent once, because a fifth of them is lost too, and so on; with a second copy of each they cost two fifths.
const SHARE_LOSSY: usize = 2;
/// Repairs that may be saved up: half a second of loss at 3 Mbit/s. A burst of loss asks for much at once.
const SAVED_BYTES_MAX: usize = 48 * 1_024;

/// So much is not too much at once even where nothing is saved: two pictures of 2 Mbit/s, as bursts of loss on the air take. More
/// is a blackout.
const LITTLE_BYTES: usize = 16 * 1_024;

/// And on a path that is estimated no more than it carries in this time: what is sent again into a queue that has just
/// overflowed keeps it full.
const SAVED_MAX: Duration = Duration::from_millis(250);

/// Bytes that may be sent again, with all headers, as those that earn them are counted: a share of a rate is one of all that is
/// sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RepairBudget {
    saved_bytes: usize,
    /// What was sent and has not earned a whole byte.
    rest: usize,
    /// When an estimated path last earned.
    earned_at: Option<Instant>,
}

impl Default for RepairBudget {
    /// The first keyframe is repaired before much was sent.
    fn default() -> Self {
        Self {
            saved_bytes: SAVED_BYTES_MAX,
            rest: 0,
            earned_at: None,
        }
    }
}

impl RepairBudget {
    /// This much was sent for the first time, to a path that loses what repairs can mend, or not.
    pub(crate) fn earn(&mut self, bytes: usize, is_lossy: bool) {
        let share = if is_lossy { SHARE_LOSSY } else { SHARE };
        let earning = bytes.saturating_add(self.rest);
        self.rest = earning % share;
        self.saved_bytes = (self.saved_bytes + earning / share).min(SAVED_BYTES_MAX);
    }

    /// A path that is estimated earns by its estimate instead, sent to or not.
    pub(crate) fn earn_over(&mut self, rate: Bitrate, now: Instant) {
        let since = self.earned_at.map_or(Duration::ZERO, |at| now - at);
        let bytes = rate.bytes_in(since);
        // A gain of nothing keeps the moment: many short steps add up.
        if bytes > 0 || self.earned_at.is_none() {
            self.earned_at = Some(now);
            self.earn(usize::try_from(bytes).unwrap_or(usize::MAX / 2), false);
        }
        let most = usize::try_from(rate.bytes_in(SAVED_MAX)).unwrap_or(usize::MAX);
        self.saved_bytes = self.saved_bytes.min(most);
    }

    /// True when so much, missed at once, can be paid for, or is little. Otherwise most of it would wait, and all pictures with it.
    pub(crate) fn can_mend(&self, bytes: usize) -> bool {
        bytes <= self.saved_bytes.max(LITTLE_BYTES)
    }

    /// True when a repair of this size may leave now; it is paid for.
    pub(crate) fn spend(&mut self, bytes: usize) -> bool {
        match self.saved_bytes.checked_sub(bytes) {
            Some(left) => {
                self.saved_bytes = left;
                true
            }
            None => false,
        }
    }

    /// The same for what is only better sent: it leaves half of what is saved to what must be.
    pub(crate) fn spend_spare(&mut self, bytes: usize) -> bool {
        self.saved_bytes >= bytes + SAVED_BYTES_MAX / 2 && self.spend(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_gets_a_quarter_of_what_was_sent() {
        let mut budget = RepairBudget::default();
        let mut sent = 0;
        for _ in 0..10_000 {
            budget.earn(1_201, false);
            while budget.spend(1_000) {
                sent += 1_000;
            }
        }
        let share = 1_201 * 10_000 / 4;
        assert!(
            (share..=share + SAVED_BYTES_MAX).contains(&sent),
            "{sent} of {share}"
        );
    }

    #[test]
    fn a_lossy_path_gets_half_of_what_was_sent() {
        let mut budget = RepairBudget::default();
        while budget.spend(1_000) {}
        let earned = (0..40).map(|_| {
            budget.earn(1_000, true);
            usize::from(budget.spend(1_000))
        });
        assert_eq!(earned.sum::<usize>(), 20);
    }

    #[test]
    fn a_burst_of_loss_is_repaired_at_once() {
        let mut budget = RepairBudget::default();
        let repaired = (0..100).filter(|_| budget.spend(1_200)).count();
        assert_eq!(repaired, 40);
    }

    #[test]
    fn what_a_blackout_took_is_not_mended() {
        let mut budget = RepairBudget::default();
        assert!(budget.can_mend(SAVED_BYTES_MAX) && !budget.can_mend(SAVED_BYTES_MAX + 1));
        while budget.spend(1_000) {}
        assert!(budget.can_mend(LITTLE_BYTES) && !budget.can_mend(LITTLE_BYTES + 1));
    }

    #[test]
    fn copies_leave_half_to_first_repairs() {
        let mut budget = RepairBudget::default();
        let copies = (0..100).filter(|_| budget.spend_spare(1_200)).count();
        let repaired = (0..100).filter(|_| budget.spend(1_200)).count();
        assert_eq!((copies, repaired), (20, 20));
    }
}
