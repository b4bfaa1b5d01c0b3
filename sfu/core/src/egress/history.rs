//! What a stream has sent lately, by the numbers that the receiver knows: a NACK names these.
//!
//! Not packet by packet: as long as one encoding passes whole, a packet's number and its name in the room's cache differ by
//! the same amount, so a run of packets is one entry, whatever its length. A subscriber that loses nothing has one, and
//! sending to it touches no memory that grows with what was sent.

use std::collections::VecDeque;
use std::time::Duration;

use sfu_model::id::EncodingId;
use sfu_model::rtp::{PayloadType, SeqNo};
use sfu_model::time::Instant;

use crate::egress::late::Late;
use crate::egress::repaired::{self, Repaired};
use crate::subscribe::rewrite_codec::CodecShift;

/// How many packets back a number is looked for: as many as the room's cache holds of one encoding at most. What is older
/// can only be a number that was never sent, or that wrapped.
const PACKETS_BACK_MAX: u16 = 2_048;
/// Most runs that are remembered. Each change of encoding begins one, and each picture that loses its upper layers two: at 30
/// pictures a second this is two seconds, longer than the cache holds them. Past it the oldest is forgotten.
const RUNS_MAX: usize = 128;

/// What is remembered takes this much at most.
pub(super) const BYTES: usize =
    RUNS_MAX * size_of::<Run>() + Late::<Mapping>::BYTES + repaired::BYTES;
const _: () = assert!(RUNS_MAX.is_power_of_two(), "a queue grows by doubling");

/// How numbers towards the receiver follow from those of an encoding. All additions are modulo 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) encoding: EncodingId,
    /// Added to a number towards the receiver, it is the source's.
    pub(crate) source_shift: u64,
    /// Added to a time of the source, it is the receiver's.
    pub(crate) time_shift: u64,
    /// It ends its picture for the receiver, though more of it came.
    pub(crate) is_marked: bool,
    /// It has no payload: what came late under its number was not for this receiver.
    pub(crate) is_empty: bool,
    pub(crate) codec: CodecShift,
    /// The payload type of repairs. `None`: the receiver takes none.
    pub(crate) repair: Option<PayloadType>,
}

/// A packet that was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// Its number towards the receiver.
    pub(crate) sequence: SeqNo,
    /// Its name in the room's cache: the encoding is the mapping's.
    pub(crate) source: SeqNo,
    pub(crate) mapping: Mapping,
    /// The payload type of its repair.
    pub(crate) repair: PayloadType,
    /// It was sent again before.
    pub(crate) is_repaired: bool,
}

/// The latest packets of a stream.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The present run: all that a subscriber without losses or choices has.
    latest: Option<Run>,
    /// Those before it, the oldest first.
    older: VecDeque<Run>,
    late: Late<Mapping>,
    repaired: Repaired,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    first: SeqNo,
    last: SeqNo,
    mapping: Mapping,
}

/// Why a packet is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRepair {
    /// It was never sent, or too long ago.
    Unknown,
    /// It was sent again less than a round trip ago: the receiver asked before it could have arrived.
    TooSoon,
    /// The receiver negotiated no retransmission format (RFC 4588).
    NotNegotiated,
    /// More is asked for at once than any loss that repairs can mend.
    TooMany,
}

impl History {
    /// Notes a packet.
    #[inline]
    pub(crate) fn insert(&mut self, sequence: SeqNo, mapping: Mapping) {
        match &mut self.latest {
            Some(run) if sequence <= run.last => self.insert_late(sequence, mapping),
            Some(run) if run.mapping == mapping => run.last = sequence,
            _ => self.begin(sequence, mapping),
        }
    }

    /// In a gap of its own run, which knows it, or anywhere else.
    #[cold]
    fn insert_late(&mut self, sequence: SeqNo, mapping: Mapping) {
        let run = self.run_around(sequence);
        if run.is_none_or(|run| run.mapping != mapping) {
            self.late.note(sequence, mapping);
        }
    }

    fn run_around(&self, sequence: SeqNo) -> Option<&Run> {
        let mut runs = self.latest.iter().chain(self.older.iter().rev());
        runs.find(|run| (run.first..=run.last).contains(&sequence))
    }

    fn begin(&mut self, sequence: SeqNo, mapping: Mapping) {
        let run = Run {
            first: sequence,
            last: sequence,
            mapping,
        };
        let Some(before) = self.latest.replace(run) else {
            return;
        };
        if self.older.len() + 1 >= RUNS_MAX {
            self.older.pop_front();
        }
        self.older.push_back(before);
    }

    /// The payload type of the latest repairs that its receiver takes.
    pub(crate) fn repair_format(&self) -> Option<PayloadType> {
        let mut runs = self.latest.iter().chain(self.older.iter().rev());
        runs.find_map(|run| run.mapping.repair)
    }

    /// The highest number so far.
    pub(crate) fn highest(&self) -> Option<SeqNo> {
        self.latest.map(|run| run.last)
    }

    /// The latest packets that may be sent again, so many of one run at most, the last first.
    pub(crate) fn latest(&self, n_max: usize) -> impl Iterator<Item = Sent> {
        let run = self.latest.filter(|run| !run.mapping.is_empty);
        let numbers = run.map(|run| (run, (run.first.0..=run.last.0).rev().take(n_max)));
        numbers.into_iter().flat_map(|(run, numbers)| {
            numbers.filter_map(move |number| run.mapping.packet(SeqNo(number), false))
        })
    }

    /// The packet that a NACK names by its 16 bits; from here on it counts as sent again now. `cooldown` is a round trip.
    pub(crate) fn repair(
        &mut self,
        wire: u16,
        cooldown: Duration,
        now: Instant,
    ) -> Result<Sent, NoRepair> {
        let highest = self.latest.ok_or(NoRepair::Unknown)?.last;
        let back = highest.wire().wrapping_sub(wire);
        if back >= PACKETS_BACK_MAX {
            return Err(NoRepair::Unknown);
        }
        let sequence = highest.0.checked_sub(u64::from(back));
        let sequence = SeqNo(sequence.ok_or(NoRepair::Unknown)?);
        let run = || self.run_around(sequence).map(|run| run.mapping);
        let mapping = self.late.get(sequence).or_else(run);
        let repaired_at = self.repaired.at(sequence);
        let sent = mapping
            .ok_or(NoRepair::Unknown)?
            .packet(sequence, repaired_at.is_some())
            .ok_or(NoRepair::NotNegotiated)?;
        if repaired_at.is_some_and(|at| now - at < cooldown) {
            return Err(NoRepair::TooSoon);
        }
        self.repaired.note(sequence, now);
        Ok(sent)
    }
}

impl Mapping {
    /// A packet that it holds for; `None` when the receiver takes no repairs of it.
    fn packet(&self, sequence: SeqNo, is_repaired: bool) -> Option<Sent> {
        Some(Sent {
            sequence,
            source: SeqNo(sequence.0.wrapping_add(self.source_shift)),
            mapping: *self,
            repair: self.repair?,
            is_repaired,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_millis(50);

    pub(crate) fn mapping(encoding: u64, source_shift: u64) -> Mapping {
        Mapping {
            encoding: EncodingId(encoding),
            source_shift,
            time_shift: 0,
            is_marked: false,
            is_empty: false,
            codec: CodecShift::None,
            repair: PayloadType::new(97),
        }
    }

    pub(crate) fn sent(sequence: u64) -> Sent {
        mapping(1, 7).packet(SeqNo(sequence), false).unwrap()
    }

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn source_of(history: &mut History, wire: u16) -> Option<(u64, u64)> {
        let sent = history.repair(wire, Duration::ZERO, at(0)).ok()?;
        Some((sent.mapping.encoding.0, sent.source.0))
    }

    #[test]
    fn a_packet_is_found_by_its_low_bits_across_the_wrap() {
        let mut history = History::default();
        assert!(history.repair(5, COOLDOWN, at(0)).is_err());
        for sequence in 65_400..65_600 {
            history.insert(SeqNo(sequence), mapping(1, 7));
        }
        for (wire, source) in [
            (65_400, 65_407),
            (65_535, 65_542),
            (0, 65_543),
            (63, 65_606),
        ] {
            assert_eq!(source_of(&mut history, wire), Some((1, source)));
        }
        for never in [64, 65_399, 30_000] {
            let refused = history.repair(never, COOLDOWN, at(0)).map(|_| ());
            assert_eq!(refused, Err(NoRepair::Unknown));
        }
    }

    #[test]
    fn a_packet_is_sent_again_once_in_a_round_trip() {
        let mut history = History::default();
        history.insert(SeqNo(9), mapping(1, 0));
        assert!(!history.repair(9, COOLDOWN, at(100)).unwrap().is_repaired);
        let refused = history.repair(9, COOLDOWN, at(149)).map(|_| ());
        assert_eq!(refused, Err(NoRepair::TooSoon));
        assert!(history.repair(9, COOLDOWN, at(150)).unwrap().is_repaired);
    }

    #[test]
    fn without_a_format_for_it_nothing_is_sent_again() {
        let mut history = History::default();
        let repair = None;
        history.insert(
            SeqNo(9),
            Mapping {
                repair,
                ..mapping(1, 0)
            },
        );
        assert!(history.latest(1).next().is_none());
        let refused = history.repair(9, COOLDOWN, at(0)).map(|_| ());
        assert_eq!(refused, Err(NoRepair::NotNegotiated));
    }

    #[test]
    fn each_encoding_has_its_own_run_and_late_packets_of_the_last_one_are_found() {
        let mut history = History::default();
        for sequence in [10, 11, 13] {
            history.insert(SeqNo(sequence), mapping(1, 500));
        }
        history.insert(SeqNo(14), mapping(2, 9_000));
        history.insert(SeqNo(12), mapping(1, 500));
        history.insert(SeqNo(15), mapping(2, 9_000));
        assert_eq!(source_of(&mut history, 12), Some((1, 512)));
        assert_eq!(source_of(&mut history, 13), Some((1, 513)));
        assert_eq!(source_of(&mut history, 14), Some((2, 9_014)));
        assert_eq!(history.latest(1).next().map(|s| s.sequence.0), Some(15));
        assert_eq!(history.older.len(), 1, "one sender, one switch");
    }

    #[test]
    fn what_comes_late_is_found_between_runs_and_inside_of_others() {
        let mut history = History::default();
        // Numbers close up over two packets that were left out: two runs of one encoding.
        for sequence in [10, 12, 14] {
            history.insert(SeqNo(sequence), mapping(1, 500));
        }
        for sequence in [16, 17] {
            history.insert(SeqNo(sequence), mapping(1, 502));
        }
        history.insert(SeqNo(15), mapping(1, 501));
        let filled = Mapping {
            is_empty: true,
            ..mapping(1, 500)
        };
        history.insert(SeqNo(13), filled);
        assert_eq!(history.highest(), Some(SeqNo(17)));
        let found = [12, 13, 14, 15, 16].map(|wire| {
            let sent = history.repair(wire, Duration::ZERO, at(0)).unwrap();
            (sent.source.0, sent.mapping.is_empty)
        });
        let whole = |source| (source, false);
        assert_eq!(
            found,
            [whole(512), (513, true), whole(514), whole(516), whole(518)]
        );
        assert_eq!(history.latest(1).next().map(|s| s.sequence.0), Some(17));
        history.insert(SeqNo(18), filled);
        assert!(
            history.latest(1).next().is_none(),
            "there is nothing to send"
        );
    }

    #[test]
    fn what_is_too_long_ago_is_forgotten() {
        let mut history = History::default();
        for sequence in 0..=u64::from(PACKETS_BACK_MAX) {
            history.insert(SeqNo(sequence), mapping(1, 0));
        }
        assert!(history.repair(0, COOLDOWN, at(0)).is_err());
        assert!(history.repair(1, COOLDOWN, at(0)).is_ok());
        for run in 0..=RUNS_MAX as u64 {
            history.insert(SeqNo(3_000 + run), mapping(1, run + 1));
        }
        assert!(history.repair(3_000, COOLDOWN, at(0)).is_err());
        assert!(history.repair(3_001, COOLDOWN, at(0)).is_ok());
    }
}
