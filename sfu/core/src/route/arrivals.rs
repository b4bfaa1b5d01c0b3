//! The order in which a room's packets came. Subscribers take what they have not looked at when they have their turn: one
//! visit for all that came meanwhile, because a visit costs more than a packet.

use std::collections::VecDeque;

use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;
use sfu_model::rtp::SeqNo;

/// Most packets that a subscriber may be behind: as many as the room's cache keeps of one encoding. Turns are taken after
/// each batch of datagrams, so only a worker that never sends comes near it; what is older is lost to that subscriber.
const ARRIVALS_MAX: usize = 2_048;

/// The latest packets by their names in the room's cache.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    names: VecDeque<(EncodingId, SeqNo)>,
    /// How many there ever were.
    count: Cursor,
}

/// How far a subscriber has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor(u64);

impl Arrivals {
    /// A packet came, and lies in the cache.
    pub(crate) fn push(&mut self, packet: &Packet) {
        if self.names.len() == ARRIVALS_MAX {
            self.names.pop_front();
        }
        self.names.push_back((packet.encoding, packet.sequence));
        self.count.0 += 1;
    }

    /// Where somebody begins who wants what comes from here on.
    pub(crate) fn end(&self) -> Cursor {
        self.count
    }

    /// What came since, and how many more there were that are forgotten. The cursor is moved to the end.
    #[inline]
    pub(crate) fn take(
        &self,
        cursor: &mut Cursor,
    ) -> (u64, impl Iterator<Item = (EncodingId, SeqNo)> + '_) {
        let behind = self.count.0.saturating_sub(cursor.0);
        *cursor = self.count;
        let known = usize::try_from(behind).map_or(self.names.len(), |n| n.min(self.names.len()));
        let forgotten = behind.saturating_sub(known as u64);
        (
            forgotten,
            self.names.range(self.names.len() - known..).copied(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscribe::rewrite::tests::packet;

    fn take(arrivals: &Arrivals, cursor: &mut Cursor) -> (u64, Vec<u64>) {
        let (forgotten, names) = arrivals.take(cursor);
        (forgotten, names.map(|(_, sequence)| sequence.0).collect())
    }

    #[test]
    fn everybody_gets_what_came_since_their_last_turn_once() {
        let mut arrivals = Arrivals::default();
        let mut early = arrivals.end();
        arrivals.push(&packet(1, 10, 0));
        let mut late = arrivals.end();
        arrivals.push(&packet(1, 11, 0));
        assert_eq!(take(&arrivals, &mut early), (0, vec![10, 11]));
        assert_eq!(take(&arrivals, &mut late), (0, vec![11]));
        assert_eq!(take(&arrivals, &mut early), (0, vec![]));
        arrivals.push(&packet(1, 12, 0));
        assert_eq!(take(&arrivals, &mut early), (0, vec![12]));
    }

    #[test]
    fn who_is_too_far_behind_is_told_how_much_is_lost() {
        let mut arrivals = Arrivals::default();
        let mut cursor = arrivals.end();
        let n = ARRIVALS_MAX as u64 + 3;
        for sequence in 0..n {
            arrivals.push(&packet(1, sequence, 0));
        }
        let (forgotten, names) = take(&arrivals, &mut cursor);
        assert_eq!((forgotten, names.len()), (3, ARRIVALS_MAX));
        assert_eq!(names.first(), Some(&3));
    }
}
