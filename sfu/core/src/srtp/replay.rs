//! Which reports have come, for each of the other side's SSRCs.

use sfu_model::rtp::Ssrc;

use crate::srtp::index::PacketIndex;
use crate::srtp::window::Window;

/// Words of a sender's window: 128 reports, twice what RFC 3711 section 3.3.2 asks for. An older one is refused.
const WINDOW_WORDS: usize = 2;

/// Most SSRCs that one session reports from. Browsers use one for each m-section, and count each one's indices apart.
/// At the bound another SSRC's reports are refused: forgetting an SSRC would let its old reports in again.
const SENDERS_MAX: usize = 128;

/// What became of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    Fresh,
    Replayed,
    TooManySenders,
}

/// The windows of all senders.
#[derive(Debug, Default)]
pub(super) struct ReplayTable {
    senders: Vec<(Ssrc, Window<WINDOW_WORDS>)>,
}

impl ReplayTable {
    /// Looks only: the packet is not authenticated yet.
    pub(super) fn freshness(&self, index: PacketIndex) -> Freshness {
        let sender = self.senders.iter().find(|(ssrc, _)| *ssrc == index.ssrc);
        match sender {
            Some((_, window)) if window.is_fresh(index.number) => Freshness::Fresh,
            Some(_) => Freshness::Replayed,
            None if self.senders.len() < SENDERS_MAX => Freshness::Fresh,
            None => Freshness::TooManySenders,
        }
    }

    /// Remembers the index of a packet that was authentic.
    pub(super) fn take(&mut self, index: PacketIndex) {
        let sender = self
            .senders
            .iter_mut()
            .find(|(ssrc, _)| *ssrc == index.ssrc);
        if let Some((_, window)) = sender {
            window.take(index.number);
        } else if self.senders.len() < SENDERS_MAX {
            let mut window = Window::new();
            window.take(index.number);
            self.senders.push((index.ssrc, window));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(ssrc: u32, number: u64) -> PacketIndex {
        PacketIndex {
            ssrc: Ssrc(ssrc),
            number,
        }
    }

    #[test]
    fn each_sender_counts_for_itself() {
        let mut table = ReplayTable::default();
        table.take(index(1, 500));
        assert_eq!(table.freshness(index(1, 500)), Freshness::Replayed);
        assert_eq!(table.freshness(index(1, 500 - 128)), Freshness::Replayed);
        assert_eq!(table.freshness(index(1, 500 - 127)), Freshness::Fresh);
        assert_eq!(table.freshness(index(2, 1)), Freshness::Fresh);
    }

    #[test]
    fn senders_have_an_edge() {
        let mut table = ReplayTable::default();
        for ssrc in 0..128 {
            assert_eq!(table.freshness(index(ssrc, 1)), Freshness::Fresh);
            table.take(index(ssrc, 1));
        }
        assert_eq!(table.freshness(index(128, 1)), Freshness::TooManySenders);
        assert_eq!(table.freshness(index(127, 2)), Freshness::Fresh);
    }
}
