//! Who saw what first: all viewers of a run share it.

use std::collections::BTreeMap;

use sfu_model::time::Instant;

use super::playlist::Place;

/// Places of a rendition that are remembered: at two parts a second more than a minute, and a viewer that is further behind
/// than that has stalled long ago. Older ones are forgotten.
const PLACES_MAX: usize = 128;

/// When each part was first seen by anybody.
#[derive(Debug, Default)]
pub struct Board {
    renditions: BTreeMap<String, BTreeMap<Place, Instant>>,
}

impl Board {
    /// A playlist of this rendition came that lists parts before `next`, and its first byte was here `at`. Gives when the
    /// last of them was first seen.
    pub fn see(&mut self, rendition: &str, last: Place, at: Instant) -> Instant {
        if !self.renditions.contains_key(rendition) {
            self.renditions
                .insert(rendition.to_owned(), BTreeMap::new());
        }
        let Some(places) = self.renditions.get_mut(rendition) else {
            return at;
        };
        let first = places.entry(last).or_insert(at);
        *first = at.min(*first);
        let first = *first;
        while places.len() > PLACES_MAX {
            places.pop_first();
        }
        first
    }

    /// When a part was first seen.
    pub fn first(&self, rendition: &str, place: Place) -> Option<Instant> {
        self.renditions.get(rendition)?.get(&place).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_of_all_viewers_counts_for_each_part_and_rendition() {
        let mut board = Board::default();
        let at = |ms| Instant::START + Duration::from_millis(ms);
        assert_eq!(board.see("a", (1, 0), at(10)), at(10));
        assert_eq!(board.see("a", (1, 0), at(15)), at(10));
        assert_eq!(board.see("b", (1, 0), at(15)), at(15));
        assert_eq!(board.see("a", (1, 1), at(20)), at(20));
        assert_eq!(board.first("a", (1, 0)), Some(at(10)));
        assert_eq!(board.first("a", (2, 0)), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut board = Board::default();
        for n in 0..1_000 {
            board.see("a", (n, 0), Instant::START);
        }
        assert_eq!(board.first("a", (0, 0)), None);
        assert!(board.first("a", (999, 0)).is_some());
    }
}
