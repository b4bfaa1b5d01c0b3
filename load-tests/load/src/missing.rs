//! Packets that a stream lacks, and when each is asked for, as libwebrtc's `NackRequester` does.

use std::ops::Range;
use std::time::Duration;

use sfu_model::time::Instant;

/// Packets that are asked for at a time. A longer gap is a keyframe's work; libwebrtc keeps 1,000, of which a crowd on one
/// machine needs few.
const MISSING_MAX: usize = 256;

/// How often one packet is asked for: libwebrtc's kMaxNackRetries.
const ASKS_MAX: u8 = 10;

/// Between two requests for the same packet: a round trip, as libwebrtc takes it before it knows one.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How long a packet may be late without being asked for: libwebrtc's kUpdateInterval.
const PATIENCE: Duration = Duration::from_millis(20);

/// What a stream lacks.
#[derive(Debug, Default)]
pub struct Missing {
    packets: Vec<Packet>,
    next: Option<u64>,
}

#[derive(Debug)]
struct Packet {
    sequence: u64,
    due_at: Instant,
    n_asked: u8,
}

impl Missing {
    /// So many in front of a packet that came first have not: the beginning of its picture. A browser waits for another keyframe
    /// then; to ask for these costs nobody else anything.
    pub fn record_before(&mut self, sequence: u64, n_before: u64, now: Instant) {
        self.lack(sequence.saturating_sub(n_before)..sequence, now);
    }

    /// A packet has come.
    pub fn record(&mut self, sequence: u64, now: Instant) {
        let next = self.next.unwrap_or(sequence);
        self.lack(next..sequence, now);
        self.next = Some(next.max(sequence + 1));
        if sequence < next {
            self.packets.retain(|packet| packet.sequence != sequence);
        }
    }

    fn lack(&mut self, sequences: Range<u64>, now: Instant) {
        let n_free = MISSING_MAX.saturating_sub(self.packets.len());
        let lacked = sequences.take(n_free).map(|sequence| Packet {
            sequence,
            due_at: now + PATIENCE,
            n_asked: 0,
        });
        self.packets.extend(lacked);
    }

    /// When [`Self::due`] has something.
    pub fn due_at(&self) -> Option<Instant> {
        self.packets.iter().map(|packet| packet.due_at).min()
    }

    /// What to ask for.
    pub fn due(&mut self, now: Instant) -> Vec<u16> {
        self.packets
            .retain(|packet| packet.n_asked < ASKS_MAX || packet.due_at > now);
        let due = self
            .packets
            .iter_mut()
            .filter(|packet| packet.due_at <= now);
        due.map(|packet| {
            packet.n_asked += 1;
            packet.due_at = now + ASK_AGAIN_AFTER;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the wire carries the low 16 bits"
            )]
            let wire = packet.sequence as u16;
            wire
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_asked_for_until_it_is_filled() {
        let mut missing = Missing::default();
        missing.record(10, Instant::START);
        missing.record(13, Instant::START);
        assert!(
            missing.due(Instant::START).is_empty(),
            "it may be late only"
        );
        assert_eq!(missing.due(Instant::START + PATIENCE), [11, 12]);
        assert!(missing.due(Instant::START + PATIENCE).is_empty());
        missing.record(11, Instant::START);
        let later = Instant::START + PATIENCE + ASK_AGAIN_AFTER;
        assert_eq!(missing.due_at(), Some(later));
        assert_eq!(missing.due(later), [12]);
        missing.record(12, later);
        assert_eq!(missing.due_at(), None);
    }

    #[test]
    fn the_beginning_of_the_first_picture_is_asked_for() {
        let mut missing = Missing::default();
        missing.record(10, Instant::START);
        missing.record_before(10, 2, Instant::START);
        assert_eq!(missing.due(Instant::START + PATIENCE), [8, 9]);
        missing.record(8, Instant::START);
        let later = Instant::START + PATIENCE + ASK_AGAIN_AFTER;
        assert_eq!(missing.due(later), [9]);
    }

    #[test]
    fn what_never_comes_is_given_up() {
        let mut missing = Missing::default();
        missing.record(1, Instant::START);
        missing.record(3, Instant::START);
        let mut n_asked = 0;
        while let Some(at) = missing.due_at() {
            n_asked += missing.due(at).len();
        }
        assert_eq!(n_asked, usize::from(ASKS_MAX));
    }

    #[test]
    fn a_long_gap_is_asked_for_up_to_the_bound() {
        let mut missing = Missing::default();
        missing.record(1, Instant::START);
        missing.record(5_000, Instant::START);
        assert_eq!(missing.due(Instant::START + PATIENCE).len(), MISSING_MAX);
    }
}
