//! Repairs that are sent more than once. A repair is as likely to be lost as what it repairs, and the receiver asks again only
//! a round trip later: on a path that loses much, another copy spares it the wait.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::drop_reason::DropReason;
use sfu_model::time::Instant;

use crate::egress::history::Sent;

/// Packets over which loss is counted: a second of 2.5 Mbit/s.
const WINDOW: u32 = 256;
/// Lost packets of a window from which on repairs are sent twice, and three times where a round trip is long: 2 %. Below it the
/// second copy is almost always waste, and the third where a round trip is long; there a lost repair is always seen.
const SOME: u32 = 5;
/// From a third on more repairs help nobody: the path carries less than is sent, and each repair pushes out another packet; or
/// the receiver does not tell the truth.
const HOPELESS: u32 = WINDOW / 3;
/// A round trip that is long: the next repair would come past any freeze's beginning (150 ms, W3C webrtc-stats).
const ROUND_TRIP_LONG: Duration = Duration::from_millis(150);
/// How much later each copy leaves: past what a full queue or a shadow on the air swallows in a row, another picture's packets,
/// and before a receiver that knows no round trip asks again (after 100 ms in libwebrtc).
const APART: Duration = Duration::from_millis(30);
/// Most copies that wait: as many as one datagram of feedback can queue repairs. More are not sent: the repair itself was, and its
/// receiver asks again if that is lost too.
const WAITING_MAX: usize = 128;

/// What they take at most.
pub(super) const BYTES: usize = WAITING_MAX * size_of::<Copies>();
const _: () = assert!(WAITING_MAX.is_power_of_two(), "a queue grows by doubling");

/// How much a path loses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    #[default]
    Little,
    Some,
    Hopeless,
}

/// The further copies of one subscriber's repairs.
#[derive(Debug, Default)]
pub(crate) struct RepairCopies {
    /// Packets of this window that were sent, and that the receiver misses. What it reports as lost (RFC 3550) counts
    /// what was repaired in time as received.
    sent: u32,
    missed: u32,
    loss: Loss,
    /// Each moves to the end when it has left, as long as more of it are to leave: the first is due first.
    waiting: VecDeque<Copies>,
}

#[derive(Clone, Copy, Debug)]
struct Copies {
    due_at: Instant,
    sent: Sent,
    n_left: u8,
}

impl Loss {
    fn of(missed: u32) -> Self {
        match missed {
            0..SOME => Self::Little,
            SOME..HOPELESS => Self::Some,
            HOPELESS.. => Self::Hopeless,
        }
    }
}

impl RepairCopies {
    /// A packet was sent for the first time.
    pub(crate) fn count_sent(&mut self) {
        self.sent += 1;
        if self.sent == WINDOW {
            self.loss = Loss::of(self.missed);
            (self.sent, self.missed) = (0, 0);
        }
    }

    /// The receiver misses a packet, and says so for the first time.
    pub(crate) fn count_missed(&mut self) {
        self.missed += 1;
        self.loss = self.loss.max(Loss::of(self.missed));
    }

    /// The path loses so much that its repairs may cost more than those of others, and not more than repairs can mend.
    pub(crate) fn is_lossy(&self) -> bool {
        self.loss == Loss::Some
    }

    /// It says that it misses more than repairs can mend, true or not.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.loss == Loss::Hopeless
    }

    /// A repair was sent. An error: copies of it should be, and too many wait.
    pub(crate) fn repaired(
        &mut self,
        sent: Sent,
        round_trip: Duration,
        now: Instant,
    ) -> Result<(), DropReason> {
        let is_long = round_trip >= ROUND_TRIP_LONG;
        let n_left = match self.loss {
            Loss::Hopeless => return Ok(()),
            Loss::Little if is_long => 1,
            Loss::Little => return Ok(()),
            // Or the picture is late already.
            Loss::Some if is_long || sent.is_repaired => 2,
            Loss::Some => 1,
        };
        if self.waiting.len() >= WAITING_MAX {
            return Err(DropReason::RepairCopiesFull);
        }
        self.waiting.push_back(Copies {
            due_at: now + APART,
            sent,
            n_left,
        });
        Ok(())
    }

    /// The next copy that must leave now.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Sent> {
        if self.waiting.front()?.due_at > now {
            return None;
        }
        let copies = self.waiting.pop_front()?;
        if copies.n_left > 1 {
            self.waiting.push_back(Copies {
                due_at: now + APART,
                n_left: copies.n_left - 1,
                ..copies
            });
        }
        Some(copies.sent)
    }

    /// When the next is due.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.front().map(|copies| copies.due_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::history::tests::sent;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_millis(200);

    /// A window in which this many were missed.
    fn pass(copies: &mut RepairCopies, missed: u32) {
        for _ in 0..missed {
            copies.count_missed();
        }
        for _ in 0..WINDOW {
            copies.count_sent();
        }
    }

    /// Further copies of one repair.
    fn n_copies(missed: u32, round_trip: Duration, is_repaired: bool) -> usize {
        let mut copies = RepairCopies::default();
        pass(&mut copies, missed);
        let sent = Sent {
            is_repaired,
            ..sent(1)
        };
        assert_eq!(copies.repaired(sent, round_trip, Instant::START), Ok(()));
        std::iter::from_fn(|| copies.pop_due(copies.poll_timeout()?)).count()
    }

    #[test]
    fn what_is_lost_and_what_it_costs_say_how_many_leave() {
        assert_eq!(n_copies(4, SHORT, true), 0);
        assert_eq!(n_copies(4, LONG, false), 1);
        assert_eq!(n_copies(5, SHORT, false), 1);
        assert_eq!(n_copies(5, LONG, false), 2);
        assert_eq!(n_copies(5, SHORT, true), 2);
        assert_eq!(n_copies(HOPELESS, LONG, true), 0);
    }

    #[test]
    fn a_path_that_loses_much_gets_a_second_copy_a_little_later() {
        let mut copies = RepairCopies::default();
        pass(&mut copies, 5);
        assert!(copies.is_lossy());
        for number in 1..=2 {
            let waits = copies.repaired(sent(number), SHORT, Instant::START);
            assert_eq!(waits, Ok(()));
        }
        let due = Instant::START + APART;
        assert_eq!(copies.poll_timeout(), Some(due));
        assert!(copies.pop_due(Instant::START).is_none());
        let numbers: Vec<u64> = std::iter::from_fn(|| copies.pop_due(due))
            .map(|s| s.sequence.0)
            .collect();
        assert_eq!(numbers, [1, 2]);
        pass(&mut copies, 0);
        assert_eq!(copies.repaired(sent(3), SHORT, due), Ok(()));
        assert_eq!(copies.poll_timeout(), None, "the path has recovered");
    }

    #[test]
    fn who_misses_everything_is_not_lossy() {
        let mut copies = RepairCopies::default();
        (0..HOPELESS).for_each(|_| copies.count_missed());
        assert!(!copies.is_lossy());
    }
    #[test]
    fn as_many_copies_wait_as_a_datagram_queues_repairs_and_one_more_is_dropped() {
        let mut copies = RepairCopies::default();
        pass(&mut copies, 5);
        for number in 0..128 {
            let waits = copies.repaired(sent(number), LONG, Instant::START);
            assert_eq!(waits, Ok(()), "{number}");
        }
        let full = Err(DropReason::RepairCopiesFull);
        assert_eq!(copies.repaired(sent(128), LONG, Instant::START), full);
        let due = Instant::START + APART;
        let n_first = std::iter::from_fn(|| copies.pop_due(due)).count();
        assert_eq!(n_first, 128);
        let each_waits_again = copies.repaired(sent(128), LONG, due);
        assert_eq!(each_waits_again, full);
        assert!(copies.pop_due(due + APART).is_some());
        assert_eq!(copies.repaired(sent(128), LONG, due + APART), Ok(()));
    }
}
