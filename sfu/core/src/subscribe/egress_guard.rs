//! Watches what leaves towards one subscriber: one continuous sender, or a bug of ours. Only where debug assertions are on, as
//! in tests and in the simulator's seeds, which are built that way however many are run; a release build has no such field, and
//! trusts the rewriter.

use sfu_model::time::MediaTime;

use crate::subscribe::rewrite::Rewritten;

/// How many sequence numbers back are remembered: more than any receiver's reorder window.
const WINDOW: u64 = 1_024;

/// Checks the invariants of [`Rewriter`](crate::subscribe::rewrite::Rewriter) on every packet that leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct EgressGuard {
    highest: Option<(u64, MediaTime)>,
    /// Bit n: the number `highest - n` was sent.
    sent: Vec<bool>,
}

/// What is wrong with a packet that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A sequence number was used before.
    SequenceReused,
    /// A new highest sequence number with an earlier time than the one before.
    TimeWentBack,
}

impl EgressGuard {
    /// Looks at one packet.
    pub(crate) fn check(&mut self, out: &Rewritten) -> Result<(), Violation> {
        let sequence = out.sequence.0;
        let slot = |s: u64| usize::try_from(s % WINDOW).unwrap_or(0);
        self.sent.resize(slot(WINDOW - 1) + 1, false);
        let Some((highest, time)) = self.highest else {
            self.highest = Some((sequence, out.time));
            self.mark(slot(sequence));
            return Ok(());
        };
        if sequence > highest {
            for passed in (highest + 1..=sequence).take(slot(WINDOW - 1) + 1) {
                if let Some(sent) = self.sent.get_mut(slot(passed)) {
                    *sent = false;
                }
            }
            self.highest = Some((sequence, out.time));
            self.mark(slot(sequence));
            return if out.time < time {
                Err(Violation::TimeWentBack)
            } else {
                Ok(())
            };
        }
        if highest - sequence >= WINDOW {
            return Ok(());
        }
        if self.sent.get(slot(sequence)).copied().unwrap_or(false) {
            return Err(Violation::SequenceReused);
        }
        self.mark(slot(sequence));
        Ok(())
    }

    fn mark(&mut self, slot: usize) {
        if let Some(sent) = self.sent.get_mut(slot) {
            *sent = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::rtp::SeqNo;

    use super::*;
    use crate::subscribe::rewrite_codec::CodecNumbers;

    fn out(sequence: u64, time: u64) -> Rewritten {
        Rewritten {
            sequence: SeqNo(sequence),
            time: MediaTime(time),
            marker: false,
            codec: CodecNumbers::None,
        }
    }

    #[test]
    fn a_continuous_sender_with_repairs_is_fine() {
        let mut guard = EgressGuard::default();
        for packet in [out(10, 1), out(12, 5), out(11, 1), out(13, 5)] {
            assert_eq!(guard.check(&packet), Ok(()));
        }
    }

    #[test]
    fn a_number_used_twice_is_caught() {
        let mut guard = EgressGuard::default();
        guard.check(&out(10, 1)).unwrap();
        guard.check(&out(11, 1)).unwrap();
        assert_eq!(guard.check(&out(10, 1)), Err(Violation::SequenceReused));
        assert_eq!(guard.check(&out(11, 1)), Err(Violation::SequenceReused));
    }

    #[test]
    fn a_step_back_in_time_is_caught() {
        let mut guard = EgressGuard::default();
        guard.check(&out(10, 90_000)).unwrap();
        assert_eq!(guard.check(&out(11, 89_999)), Err(Violation::TimeWentBack));
    }
}
