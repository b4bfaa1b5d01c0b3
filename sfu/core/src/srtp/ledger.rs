//! Which indices of one SSRC are still unused. A nonce is made of SSRC and index, so an index given twice would be a
//! nonce used twice: with AES-GCM that gives the authentication key away.

use sfu_model::rtp::{SeqNo, Ssrc};

use crate::srtp::index::{PacketIndex, RTP_INDICES};
use crate::srtp::window::Window;

/// Words of the window of indices that can still be taken out of order: 1,024 packets are 3 s of a video of
/// 3 Mbit/s, more than any jitter. What comes later than that gets no index and is not sent.
const WINDOW_WORDS: usize = 16;

/// Tells a sealer's indices from those of another sealer, which has other keys and counts the same numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Brand(pub(super) u64);

/// The only source of indices for one SSRC. An index leaves it at most once, ever, also out of order. A sealer makes it.
#[derive(Debug)]
pub struct IndexLedger {
    ssrc: Ssrc,
    brand: Brand,
    taken: Window<WINDOW_WORDS>,
}

/// An index that has sealed nothing yet. It cannot be copied, and sealing consumes it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an index that is dropped is lost, and with it the packet that it was for"]
pub struct UnusedIndex {
    index: PacketIndex,
    brand: Brand,
}

impl IndexLedger {
    pub(super) fn new(ssrc: Ssrc, brand: Brand) -> Self {
        Self {
            ssrc,
            brand,
            taken: Window::new(),
        }
    }

    /// Whose indices these are.
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// The index of a packet. `None` when it was taken before, is too old to know, or is past the last of all: roll-overs
    /// are counted in the sequence number itself. Receivers begin to count at zero, so the first must be below 65,536.
    #[inline]
    pub fn take(&mut self, sequence: SeqNo) -> Option<UnusedIndex> {
        let number = sequence.0;
        (number < RTP_INDICES && self.taken.take(number)).then_some(UnusedIndex {
            index: PacketIndex {
                ssrc: self.ssrc,
                number,
            },
            brand: self.brand,
        })
    }
}

impl UnusedIndex {
    /// The index for the sealer that it was counted for; for another there is none.
    pub(super) fn used_by(self, brand: Brand) -> Option<PacketIndex> {
        (self.brand == brand).then_some(self.index)
    }
}

impl std::fmt::Debug for Brand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It comes from a key.
        f.write_str("Brand(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> IndexLedger {
        IndexLedger::new(Ssrc(7), Brand(1))
    }

    #[test]
    fn a_sequence_number_that_wraps_without_counting_gets_no_index() {
        let mut ledger = ledger();
        assert!(ledger.take(SeqNo(0)).is_some());
        assert!(ledger.take(SeqNo(65_535)).is_some());
        assert_eq!(ledger.take(SeqNo(0)), None, "65,536 was meant");
        assert!(ledger.take(SeqNo(65_536)).is_some());
    }

    #[test]
    fn what_is_too_late_gets_no_index() {
        let mut ledger = ledger();
        assert!(ledger.take(SeqNo(10_000)).is_some());
        assert_eq!(ledger.take(SeqNo(10_000 - 1_024)), None);
        assert!(ledger.take(SeqNo(10_000 - 1_023)).is_some());
    }

    #[test]
    fn indices_end() {
        let mut ledger = ledger();
        assert!(ledger.take(SeqNo(RTP_INDICES - 1)).is_some());
        assert_eq!(ledger.take(SeqNo(RTP_INDICES)), None);
        assert_eq!(ledger.take(SeqNo(u64::MAX)), None);
    }

    #[test]
    fn an_index_is_of_no_use_to_another_sealer() {
        let index = ledger().take(SeqNo(1)).unwrap();
        assert_eq!(index.used_by(Brand(2)), None);
    }
}
