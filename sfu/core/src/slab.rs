//! Places with generations: an index that outlives what it named finds nothing.

/// A place in a [`Slab`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Index {
    slot: u32,
    generation: u32,
}

/// The place of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionIndex(pub(crate) Index);

/// The place of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RoomIndex(pub(crate) Index);

impl Index {
    /// Both numbers in one, for those who only give it back.
    pub(crate) const fn to_bits(self) -> u64 {
        ((self.slot as u64) << 32) | self.generation as u64
    }

    /// What [`Self::to_bits`] gave; anything else finds what it finds.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self {
            slot: (bits >> 32) as u32,
            generation: (bits & 0xffff_ffff) as u32,
        }
    }
}

/// Values by place. Places are used again, with another generation.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    /// Puts a value into a free place. `None` only past 2^32 values, which the limits of a worker exclude.
    pub(crate) fn insert(&mut self, value: T) -> Option<Index> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot {
                    generation: 0,
                    value: None,
                });
                slot
            }
        };
        let place = self.slots.get_mut(usize::try_from(slot).ok()?)?;
        place.value = Some(value);
        Some(Index {
            slot,
            generation: place.generation,
        })
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, index: Index) -> Option<T> {
        let place = self.slots.get_mut(usize::try_from(index.slot).ok()?)?;
        if place.generation != index.generation {
            return None;
        }
        let value = place.value.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(index.slot);
        Some(value)
    }

    pub(crate) fn get(&self, index: Index) -> Option<&T> {
        let place = self.slots.get(usize::try_from(index.slot).ok()?)?;
        place
            .value
            .as_ref()
            .filter(|_| place.generation == index.generation)
    }

    pub(crate) fn get_mut(&mut self, index: Index) -> Option<&mut T> {
        let place = self.slots.get_mut(usize::try_from(index.slot).ok()?)?;
        if place.generation == index.generation {
            place.value.as_mut()
        } else {
            None
        }
    }

    /// Every value with its place, in the order of places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Index, &T)> {
        (0_u32..).zip(&self.slots).filter_map(|(slot, place)| {
            let index = Index {
                slot,
                generation: place.generation,
            };
            place.value.as_ref().map(|value| (index, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_index_finds_nothing_in_a_place_used_again() {
        let mut slab = Slab::default();
        let first = slab.insert("first").unwrap();
        assert_eq!(slab.remove(first), Some("first"));
        let second = slab.insert("second").unwrap();
        assert_eq!(second.slot, first.slot);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(second), Some(&"second"));
        assert_eq!(slab.iter().count(), 1);
        assert_eq!(Index::from_bits(second.to_bits()), second);
        assert_eq!(slab.get(Index::from_bits(first.to_bits())), None);
    }
}
