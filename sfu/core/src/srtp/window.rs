//! Which of the latest numbers were taken.

/// Remembers, for the highest number and the `WORDS * 64 - 1` before it, which were taken. What is older counts as
/// taken, because nobody knows.
#[derive(Clone, Debug)]
pub(super) struct Window<const WORDS: usize> {
    /// One past the highest number taken; zero when none was.
    end: u64,
    /// A ring: the bit of a number is at the number modulo the width.
    taken: [u64; WORDS],
}

impl<const WORDS: usize> Window<WORDS> {
    const WIDTH: u64 = WORDS as u64 * 64;

    pub(super) const fn new() -> Self {
        Self {
            end: 0,
            taken: [0; WORDS],
        }
    }

    /// True when the number was not taken and is not too old to tell.
    pub(super) fn is_fresh(&self, number: u64) -> bool {
        if number >= self.end {
            return true;
        }
        let is_known = self.end - number <= Self::WIDTH;
        let (word, bit) = Self::place(number);
        is_known && self.taken.get(word).is_some_and(|word| word & bit == 0)
    }

    /// Takes a number; false, and nothing changes, when it is not fresh.
    #[inline]
    pub(super) fn take(&mut self, number: u64) -> bool {
        if !self.is_fresh(number) {
            return false;
        }
        if number >= self.end {
            self.forget_until(number);
        }
        let (word, bit) = Self::place(number);
        self.taken.get_mut(word).is_some_and(|word| {
            *word |= bit;
            true
        })
    }

    /// Moves the end past `number`: the bits of the numbers in between belonged to older ones.
    fn forget_until(&mut self, number: u64) {
        if number - self.end >= Self::WIDTH {
            self.taken = [0; WORDS];
        } else {
            for passed in self.end..=number {
                let (word, bit) = Self::place(passed);
                if let Some(word) = self.taken.get_mut(word) {
                    *word &= !bit;
                }
            }
        }
        self.end = number.saturating_add(1);
    }

    fn place(number: u64) -> (usize, u64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the remainder is an index into the ring"
        )]
        let at = (number % Self::WIDTH) as usize;
        (at / 64, 1 << (at % 64))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_taken_once() {
        let mut window = Window::<2>::new();
        assert!(window.take(0));
        assert!(!window.take(0));
        assert!(window.take(5));
        assert!(window.take(3), "out of order, and still known");
        assert!(!window.take(3));
    }

    #[test]
    fn the_window_has_an_edge() {
        let mut window = Window::<2>::new();
        assert!(window.take(1_000));
        assert!(!window.take(1_000 - 128), "too old to know");
        assert!(window.take(1_000 - 127));
    }

    #[test]
    fn a_place_in_the_ring_is_clean_when_the_window_comes_round() {
        let mut window = Window::<1>::new();
        for number in 0..64 {
            assert!(window.take(number));
        }
        assert!(window.take(100), "37 places were passed over");
        for number in 64..100 {
            assert!(window.take(number), "{number}");
        }
        assert!(window.take(100 + 64 + 64), "and all of them");
        assert!(window.take(100 + 64 + 1));
    }

    proptest! {
        /// Against a set of everything ever taken: no number twice, and none refused that the window still knows.
        #[test]
        fn no_order_of_takes_repeats_a_number(
            start in 0_u64..1 << 47,
            steps in proptest::collection::vec(-200_i64..200, 1..400),
        ) {
            let mut window = Window::<2>::new();
            let mut taken = HashSet::new();
            let (mut at, mut highest) = (start, None);
            for step in steps {
                at = at.saturating_add_signed(step);
                let is_known = highest.is_none_or(|highest: u64| highest < at + 128);
                let is_fresh = is_known && !taken.contains(&at);
                prop_assert_eq!(window.is_fresh(at), is_fresh);
                prop_assert_eq!(window.take(at), is_fresh);
                if is_fresh {
                    taken.insert(at);
                    highest = highest.max(Some(at));
                }
            }
        }
    }
}
