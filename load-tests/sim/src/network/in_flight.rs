//! What is on its way.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use sfu_model::time::Instant;

/// What is on its way, by when it arrives. What arrives at one moment keeps the order in which it left.
#[derive(Debug)]
pub struct InFlight<T> {
    heap: BinaryHeap<Reverse<Flying<T>>>,
    n_taken: u64,
}

#[derive(Debug)]
struct Flying<T> {
    arrives_at: Instant,
    number: u64,
    thing: T,
}

impl<T> Default for InFlight<T> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            n_taken: 0,
        }
    }
}

impl<T> InFlight<T> {
    /// Something leaves, to arrive then.
    pub fn push(&mut self, arrives_at: Instant, thing: T) {
        let number = self.n_taken;
        self.n_taken += 1;
        self.heap.push(Reverse(Flying {
            arrives_at,
            number,
            thing,
        }));
    }

    /// What has arrived by now, earliest first, and when it did.
    #[must_use]
    pub fn pop(&mut self, now: Instant) -> Option<(Instant, T)> {
        if self.next_at()? > now {
            return None;
        }
        let Reverse(flying) = self.heap.pop()?;
        Some((flying.arrives_at, flying.thing))
    }

    /// When the next one arrives.
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(flying)| flying.arrives_at)
    }

    /// How many are on their way.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True when nothing is.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

impl<T> Ord for Flying<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |flying: &Self| (flying.arrives_at, flying.number);
        key(self).cmp(&key(other))
    }
}

impl<T> PartialOrd for Flying<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Flying<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Flying<T> {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_arrives_first_comes_first_and_ties_keep_their_order() {
        let at = |ms| Instant::START + Duration::from_millis(ms);
        let mut in_flight = InFlight::default();
        for (ms, thing) in [(5, 'c'), (3, 'a'), (3, 'b')] {
            in_flight.push(at(ms), thing);
        }
        assert_eq!((in_flight.len(), in_flight.next_at()), (3, Some(at(3))));
        assert_eq!(in_flight.pop(at(2)), None);
        assert_eq!(in_flight.pop(at(4)), Some((at(3), 'a')));
        assert_eq!(in_flight.pop(at(4)), Some((at(3), 'b')));
        assert_eq!(in_flight.pop(at(4)), None);
        assert_eq!(in_flight.pop(at(9)), Some((at(5), 'c')));
        assert!(in_flight.is_empty());
    }
}
