//! What was sent after packets with higher numbers, and otherwise than these: in the gap between two runs of a stream, or in
//! the middle of one to which it does not belong.

use std::collections::VecDeque;

use sfu_model::rtp::SeqNo;

/// How many are remembered: as many as one receiver can miss at once. When there are more the oldest is forgotten, and not sent
/// again, or as the run around it says.
const LATE_MAX: usize = 128;
const _: () = assert!(LATE_MAX.is_power_of_two(), "a queue grows by doubling");

/// The latest of them. Takes no memory before the first: most streams have none.
#[derive(Debug)]
pub(crate) struct Late<T> {
    latest: VecDeque<(SeqNo, T)>,
}

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self {
            latest: VecDeque::new(),
        }
    }
}

impl<T: Copy> Late<T> {
    /// What they take at most.
    pub(super) const BYTES: usize = LATE_MAX * size_of::<(SeqNo, T)>();

    pub(super) fn note(&mut self, sequence: SeqNo, how: T) {
        if self.latest.len() == LATE_MAX {
            self.latest.pop_front();
        }
        self.latest.push_back((sequence, how));
    }

    /// How this number was sent.
    pub(super) fn get(&self, sequence: SeqNo) -> Option<T> {
        let mut latest = self.latest.iter().rev();
        let found = latest.find(|(number, _)| *number == sequence);
        found.map(|(_, how)| *how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_can_be_missed_at_once_are_known() {
        let mut late = Late::default();
        for n in 0..=LATE_MAX as u64 {
            assert_eq!(late.get(SeqNo(n)), None);
            late.note(SeqNo(n), n + 7);
        }
        assert_eq!(late.get(SeqNo(0)), None);
        assert_eq!(late.get(SeqNo(1)), Some(8));
        assert_eq!(late.get(SeqNo(LATE_MAX as u64)), Some(LATE_MAX as u64 + 7));
    }
}
