//! What a player got of a track whose encoding changes: one sender on the wire, whose numbers are one encoding's in each run.

use crate::continuity::{Continuity, Faults};
use crate::encodings::ENCODINGS_MAX;
use crate::stamp::Stamp;

/// The runs of a track, in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct EncodingRuns {
    runs: Vec<Run>,
    n_foreign: u64,
}

/// Packets of one encoding whose numbers follow each other.
#[derive(Debug)]
struct Run {
    encoding: u8,
    /// The number of the first packet of its first picture.
    first_sequence: u64,
    continuity: Continuity,
}

impl EncodingRuns {
    /// Takes a packet that was not opened: its number says which one it is, once one of its run has been opened. False when
    /// none has.
    #[must_use]
    pub(crate) fn record_unopened(&mut self, sequence: u64) -> bool {
        let run = self.run_of(sequence);
        run.is_some_and(|run| run.continuity.record_unopened(sequence))
    }

    /// Takes the stamp of a packet that came with this number. One of another encoding than the last begins a run.
    pub(crate) fn record(&mut self, stamp: &Stamp, sequence: u64) {
        let begins = self
            .runs
            .last()
            .is_none_or(|last| sequence > last.first_sequence && stamp.encoding != last.encoding);
        if begins {
            self.runs.push(Run {
                encoding: stamp.encoding,
                first_sequence: sequence.saturating_sub(u64::from(stamp.index_in_frame)),
                continuity: Continuity::default(),
            });
        }
        if let Some(run) = self.run_of(sequence) {
            run.continuity.record(stamp, sequence);
        }
    }

    /// Takes a retransmission of the packet with this number. To come besides its original is no fault.
    pub(crate) fn record_repair(&mut self, sequence: u64) {
        if let Some(run) = self.run_of(sequence) {
            run.continuity.record_repair(sequence);
        }
    }

    /// Counts a payload without a stamp.
    pub(crate) fn record_foreign(&mut self) {
        self.n_foreign += 1;
    }

    /// The run of a number; what comes from before the first is the first's.
    fn run_of(&mut self, sequence: u64) -> Option<&mut Run> {
        let n_begun = self
            .runs
            .partition_point(|run| run.first_sequence <= sequence);
        self.runs.get_mut(n_begun.saturating_sub(1))
    }

    /// True once something came.
    pub(crate) fn has_begun(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Which encoding comes.
    pub(crate) fn encoding(&self) -> Option<usize> {
        self.runs.last().map(|run| usize::from(run.encoding))
    }

    /// Of the packets that were published of each encoding, those that were owed and have not come. A run owes what is before
    /// the next one's numbers; the last one, all that there was of its encoding.
    pub(crate) fn n_lost(&self, n_published: &[u32; ENCODINGS_MAX]) -> u64 {
        let next = self.runs.iter().skip(1).map(Some).chain([None]);
        let lost = self.runs.iter().zip(next).map(|(run, next)| {
            let published = n_published.get(usize::from(run.encoding)).copied();
            let published = published.unwrap_or_default();
            let owed = match next {
                Some(next) => run.continuity.packet_of(next.first_sequence),
                None => Some(published),
            };
            run.continuity.n_lost(owed.unwrap_or(published))
        });
        lost.sum()
    }

    /// What else went wrong.
    pub(crate) fn faults(&self) -> Faults {
        let mut faults = Faults {
            foreign: self.n_foreign,
            ..Faults::default()
        };
        self.runs
            .iter()
            .for_each(|run| faults.add(run.continuity.faults()));
        faults
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::time::Instant;

    use super::*;

    /// Pictures of two packets, each second a keyframe.
    fn stamp(encoding: u8, packet: u32) -> Stamp {
        Stamp {
            kind: MediaKind::Video,
            encoding,
            is_keyframe: packet % 4 < 2,
            index_in_frame: u16::try_from(packet % 2).unwrap(),
            frame: packet / 2,
            packet,
            sent_at: Instant::START,
        }
    }

    /// After these numbers, each with its encoding and its packet.
    fn after(packets: &[(u64, u8, u32)]) -> EncodingRuns {
        let mut runs = EncodingRuns::default();
        for (sequence, encoding, packet) in packets {
            runs.record(&stamp(*encoding, *packet), *sequence);
        }
        runs
    }

    const CHANGE: [(u64, u8, u32); 6] = [
        (50, 0, 8),
        (51, 0, 9),
        (52, 0, 10),
        (53, 2, 80),
        (54, 2, 81),
        (55, 2, 82),
    ];

    #[test]
    fn a_change_of_encoding_at_a_keyframe_is_no_fault_and_loses_nothing() {
        let runs = after(&CHANGE);
        assert_eq!(runs.faults(), Faults::default());
        assert_eq!(runs.encoding(), Some(2));
        assert_eq!(
            runs.n_lost(&[500, 0, 83]),
            0,
            "of the first no more was owed"
        );
        assert_eq!(runs.n_lost(&[500, 0, 85]), 2);
    }

    #[test]
    fn what_lacks_on_either_side_of_a_change_is_lost_until_it_is_repaired() {
        let mut runs = after(&[CHANGE[0], CHANGE[1], CHANGE[4], CHANGE[5]]);
        assert_eq!(runs.n_lost(&[500, 0, 83]), 2);
        for sequence in [52, 53, 54] {
            runs.record_repair(sequence);
        }
        assert_eq!(runs.n_lost(&[500, 0, 83]), 0);
        assert_eq!(runs.faults(), Faults::default());
    }

    #[test]
    fn an_unopened_packet_counts_to_the_run_of_its_number() {
        let mut runs = EncodingRuns::default();
        assert!(!runs.record_unopened(49));
        runs = after(&[CHANGE[0], CHANGE[3]]);
        for sequence in [52, 54, 51] {
            assert!(runs.record_unopened(sequence));
        }
        assert_eq!(runs.n_lost(&[500, 0, 82]), 0);
        assert!(runs.record_unopened(51));
        assert_eq!(runs.faults().duplicates, 1);
    }

    #[test]
    fn a_change_without_a_keyframe_and_a_jump_inside_a_run_are_faults() {
        let without = after(&[CHANGE[0], (51, 2, 82)]);
        assert_eq!(without.faults().joined_without_keyframe, 1);
        let jump = after(&[CHANGE[0], (51, 0, 12)]);
        assert_eq!(jump.faults().misnumbered, 1);
    }
}
