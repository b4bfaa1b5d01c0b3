//! When packets were last sent again: each at most once in a round trip.

use sfu_model::rtp::SeqNo;
use sfu_model::time::Instant;

/// Slots, each of the latest packet whose number has the same low bits: more than can be lost and still be repaired. Two
/// packets that share one forget each other's moment, and the budget of repairs bounds what that costs.
const SLOTS: usize = 256;

/// What they take at most.
pub(super) const BYTES: usize = SLOTS * size_of::<Option<(SeqNo, Instant)>>();

/// The moments. Takes no memory before the first repair: most paths lose nothing.
#[derive(Debug, Default)]
pub(crate) struct Repaired {
    slots: Vec<Option<(SeqNo, Instant)>>,
}

impl Repaired {
    /// When this packet was last sent again, as far as is known.
    pub(crate) fn at(&self, sequence: SeqNo) -> Option<Instant> {
        let (number, at) = self.slots.get(slot(sequence)).copied().flatten()?;
        (number == sequence).then_some(at)
    }

    /// It is sent again now.
    pub(crate) fn note(&mut self, sequence: SeqNo, now: Instant) {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, None);
        }
        if let Some(place) = self.slots.get_mut(slot(sequence)) {
            *place = Some((sequence, now));
        }
    }
}

fn slot(sequence: SeqNo) -> usize {
    usize::from(sequence.wire()) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_not_taken_for_another_in_its_slot() {
        let mut repaired = Repaired::default();
        assert_eq!(repaired.at(SeqNo(5)), None);
        repaired.note(SeqNo(5), Instant::START);
        assert_eq!(repaired.at(SeqNo(5)), Some(Instant::START));
        assert_eq!(repaired.at(SeqNo(5 + SLOTS as u64)), None);
        repaired.note(SeqNo(5 + SLOTS as u64), Instant::START);
        assert_eq!(repaired.at(SeqNo(5)), None);
    }
}
