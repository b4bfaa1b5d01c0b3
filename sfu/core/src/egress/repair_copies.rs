//! Repairs that are sent twice. A repair is as likely to be lost as what it repairs, and the receiver asks again only a round
//! trip later: on a path that loses much, a second copy spares it the wait.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::time::Instant;

use crate::egress::history::Sent;

/// Packets over which loss is counted: a second of 2.5 Mbit/s.
const WINDOW: u32 = 256;
/// Lost packets of a window from which on repairs are sent twice: 2 %. Below it the second copy would almost always be
/// waste.
const LOSSY: u32 = 5;
/// How much later the second copy leaves: past the few milliseconds that a full queue or a burst on the air swallows.
const APART: Duration = Duration::from_millis(8);
/// Most copies that wait.
const WAITING_MAX: usize = 128;

/// The second copies of one subscriber's repairs.
#[derive(Debug, Default)]
pub(crate) struct RepairCopies {
    /// Packets of this window that were sent, and that the receiver misses. What it reports as lost (RFC 3550) counts
    /// what was repaired in time as received.
    sent: u32,
    missed: u32,
    is_lossy: bool,
    waiting: VecDeque<(Instant, Sent)>,
}

impl RepairCopies {
    /// A packet was sent for the first time.
    pub(crate) fn count_sent(&mut self) {
        self.sent += 1;
        if self.sent == WINDOW {
            self.is_lossy = self.missed >= LOSSY;
            (self.sent, self.missed) = (0, 0);
        }
    }

    /// The receiver misses a packet, and says so for the first time.
    pub(crate) fn count_missed(&mut self) {
        self.missed += 1;
        self.is_lossy |= self.missed >= LOSSY;
    }

    /// A repair was sent.
    pub(crate) fn repaired(&mut self, sent: Sent, now: Instant) {
        if self.is_lossy && self.waiting.len() < WAITING_MAX {
            self.waiting.push_back((now + APART, sent));
        }
    }

    /// The next copy that must leave now.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Sent> {
        let (at, _) = self.waiting.front()?;
        if *at > now {
            return None;
        }
        self.waiting.pop_front().map(|(_, sent)| sent)
    }

    /// When the next is due.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.front().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::history::tests::sent;

    /// A window in which this many were missed.
    fn pass(copies: &mut RepairCopies, missed: u32) {
        for _ in 0..missed {
            copies.count_missed();
        }
        for _ in 0..WINDOW {
            copies.count_sent();
        }
    }

    #[test]
    fn a_path_that_loses_little_gets_one_copy() {
        let mut copies = RepairCopies::default();
        for missed in [0, 4, 3, 4] {
            pass(&mut copies, missed);
        }
        copies.repaired(sent(1), Instant::START);
        assert_eq!(copies.poll_timeout(), None);
    }

    #[test]
    fn a_path_that_loses_much_gets_a_second_copy_a_little_later() {
        let mut copies = RepairCopies::default();
        pass(&mut copies, 5);
        copies.repaired(sent(1), Instant::START);
        copies.repaired(sent(2), Instant::START);
        let due = Instant::START + APART;
        assert_eq!(copies.poll_timeout(), Some(due));
        assert!(copies.pop_due(Instant::START).is_none());
        let numbers: Vec<u64> = std::iter::from_fn(|| copies.pop_due(due))
            .map(|s| s.sequence.0)
            .collect();
        assert_eq!(numbers, [1, 2]);
        pass(&mut copies, 0);
        copies.repaired(sent(3), due);
        assert_eq!(copies.poll_timeout(), None, "the path has recovered");
    }
}
