//! How much one turn of a loop may do, so that a busy socket cannot starve the others, the timers or the mailbox.

/// What is left of a turn, in units of work.
#[derive(Debug)]
pub struct Budget {
    left: usize,
}

impl Budget {
    /// A turn of `units`.
    pub const fn new(units: usize) -> Self {
        Self { left: units }
    }

    /// Takes `units` of work that was done; a batch may overdraw the turn, by less than its own size.
    pub const fn spend(&mut self, units: usize) {
        self.left = self.left.saturating_sub(units);
    }

    /// True when the turn is over.
    pub const fn is_spent(&self) -> bool {
        self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_ends_at_its_units_and_an_overdraft_does_not_wrap() {
        let mut budget = Budget::new(3);
        budget.spend(2);
        assert!(!budget.is_spent());
        budget.spend(1);
        assert!(budget.is_spent());
        budget.spend(9);
        assert!(budget.is_spent());
    }
}
