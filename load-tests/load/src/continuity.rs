//! What a subscriber got of one encoding of a track, packet by packet.

use crate::stamp::Stamp;

/// Most packets of a track that are told apart: 18 hours of 250 a second, 2 MB of bits for each subscriber. A stamp with
/// a higher number is counted as foreign.
const PACKETS_MAX: u32 = 1 << 24;

/// Which packets have come, from the subscriber's first frame on.
#[derive(Debug, Default)]
pub struct Continuity {
    /// The first packet of the first frame that came; nothing before it was owed.
    first: Option<u32>,
    /// One bit for each packet from `first` on.
    seen: Vec<u64>,
    /// The sender's number less ours, of the first packet: one continuous sender keeps it.
    offset: Option<i64>,
    faults: Faults,
}

/// What must not happen, besides loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Faults {
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets whose RTP number does not follow from the first one's: the sender was not continuous.
    pub misnumbered: u64,
    /// Tracks whose first frame was no keyframe.
    pub joined_without_keyframe: u64,
    /// Payloads that our publisher did not write.
    pub foreign: u64,
}

impl Faults {
    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        self.duplicates += other.duplicates;
        self.misnumbered += other.misnumbered;
        self.joined_without_keyframe += other.joined_without_keyframe;
        self.foreign += other.foreign;
    }
}

impl Continuity {
    /// Takes a packet that was not opened: its number says which one it is, once one of the track has been opened. False
    /// when none has.
    #[must_use]
    pub fn record_unopened(&mut self, sequence: u64) -> bool {
        if self.offset.is_none() {
            return false;
        }
        match self.packet_of(sequence) {
            Some(packet) => self.mark(packet),
            None => self.faults.foreign += 1,
        }
        true
    }

    /// Which packet has this number. `None` when none can, and before one has come that was opened.
    pub fn packet_of(&self, sequence: u64) -> Option<u32> {
        let packet = i64::try_from(sequence).unwrap_or(i64::MAX) - self.offset?;
        u32::try_from(packet).ok().filter(|n| *n < PACKETS_MAX)
    }

    /// Takes a retransmission of the packet with this number. To come besides its original is no fault.
    pub fn record_repair(&mut self, sequence: u64) {
        let duplicates = self.faults.duplicates;
        if let Some(packet) = self.packet_of(sequence) {
            self.mark(packet);
        }
        self.faults.duplicates = duplicates;
    }

    /// Takes the stamp of a packet that came as number `sequence`.
    pub fn record(&mut self, stamp: &Stamp, sequence: u64) {
        if stamp.packet >= PACKETS_MAX {
            self.faults.foreign += 1;
            return;
        }
        self.first.get_or_insert_with(|| {
            self.faults.joined_without_keyframe += u64::from(!stamp.is_keyframe);
            stamp.first_of_frame()
        });
        let offset = i64::try_from(sequence).unwrap_or(i64::MAX) - i64::from(stamp.packet);
        self.faults.misnumbered += u64::from(*self.offset.get_or_insert(offset) != offset);
        self.mark(stamp.packet);
    }

    fn mark(&mut self, packet: u32) {
        let first = self.first.unwrap_or(packet);
        let Some(index) = packet.checked_sub(first) else {
            // From before the join: a retransmission that nobody was owed.
            return;
        };
        let (word, bit) = (index as usize / 64, 1_u64 << (index % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        match self.seen.get_mut(word) {
            Some(bits) if *bits & bit == 0 => {
                *bits |= bit;
            }
            Some(_) | None => self.faults.duplicates += 1,
        }
    }

    /// Counts a payload without a stamp.
    pub fn record_foreign(&mut self) {
        self.faults.foreign += 1;
    }

    /// True once something came.
    pub fn has_begun(&self) -> bool {
        self.first.is_some()
    }

    /// Of the first `n_published` packets of the track, those that were owed and have not come; later ones may have.
    pub fn n_lost(&self, n_published: u32) -> u64 {
        let n_owed = n_published.saturating_sub(self.first.unwrap_or(n_published));
        let (n_whole, rest) = (n_owed as usize / 64, n_owed % 64);
        let whole = self.seen.iter().take(n_whole).map(|bits| bits.count_ones());
        let last = self.seen.get(n_whole).copied().unwrap_or_default() & ((1 << rest) - 1);
        u64::from(n_owed - whole.sum::<u32>() - last.count_ones())
    }

    /// What else went wrong.
    pub fn faults(&self) -> Faults {
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::time::Instant;

    use super::*;

    fn stamp(packet: u32, index_in_frame: u16) -> Stamp {
        Stamp {
            kind: MediaKind::Video,
            encoding: 0,
            is_keyframe: packet < 10,
            index_in_frame,
            frame: 0,
            packet,
            sent_at: Instant::START,
        }
    }

    fn record(packets: &[u32]) -> Continuity {
        let mut continuity = Continuity::default();
        for packet in packets {
            continuity.record(&stamp(*packet, 0), u64::from(*packet) + 500);
        }
        continuity
    }

    #[test]
    fn what_came_in_any_order_is_not_lost() {
        let continuity = record(&[3, 5, 4, 6]);
        assert_eq!(continuity.n_lost(7), 0);
        assert_eq!(continuity.faults(), Faults::default());
    }

    #[test]
    fn a_gap_and_a_missing_tail_are_lost() {
        assert_eq!(record(&[3, 5]).n_lost(6), 1);
        assert_eq!(record(&[3, 4]).n_lost(200), 195);
        let last_of_many: Vec<u32> = (3..200).filter(|n| *n != 66 && *n != 140).collect();
        let continuity = record(&last_of_many);
        let n_lost = [66, 67, 140, 141, 200].map(|n| continuity.n_lost(n));
        assert_eq!(n_lost, [0, 1, 1, 2, 2], "what comes later is no substitute");
        assert_eq!(
            record(&[]).n_lost(200),
            0,
            "who never began was owed nothing"
        );
    }

    #[test]
    fn the_beginning_of_the_first_frame_is_owed() {
        let mut continuity = Continuity::default();
        continuity.record(&stamp(5, 2), 5);
        assert_eq!(continuity.n_lost(6), 2);
    }

    #[test]
    fn what_is_not_opened_counts_by_its_number() {
        let mut continuity = Continuity::default();
        assert!(
            !continuity.record_unopened(503),
            "no packet has been opened"
        );
        continuity.record(&stamp(3, 0), 503);
        assert!(continuity.record_unopened(505));
        assert_eq!(continuity.n_lost(6), 1);
        assert!(continuity.record_unopened(505));
        assert_eq!(continuity.faults().duplicates, 1);
    }

    #[test]
    fn a_repair_fills_a_gap_and_is_no_duplicate() {
        let mut continuity = record(&[3, 5]);
        continuity.record_repair(504);
        continuity.record_repair(505);
        assert_eq!(continuity.n_lost(6), 0);
        assert_eq!(continuity.faults(), Faults::default());
    }

    #[test]
    fn each_fault_is_counted() {
        let mut continuity = record(&[3, 4, 4]);
        continuity.record(&stamp(5, 0), 9);
        continuity.record(&stamp(PACKETS_MAX, 0), 9);
        continuity.record_foreign();
        let late_join = record(&[20]);
        let mut faults = continuity.faults();
        faults.add(late_join.faults());
        let expected = Faults {
            duplicates: 1,
            misnumbered: 1,
            joined_without_keyframe: 1,
            foreign: 2,
        };
        assert_eq!(faults, expected);
    }
}
