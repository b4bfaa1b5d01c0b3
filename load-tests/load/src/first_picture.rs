//! The first picture of a track: a player has joined when it has all of it, and not with the first of thirty packets.

use std::collections::BTreeSet;

use sfu_model::time::Instant;

/// Most packets of a first picture that are told apart: 1.2 MB. A larger one never becomes whole here, and its player counts as
/// one that has not joined.
const PACKETS_MAX: usize = 1_024;

/// How far the first picture has come.
#[derive(Debug, Default)]
pub(crate) enum FirstPicture {
    /// No packet came.
    #[default]
    Awaited,
    /// Some did.
    Begun(Parts),
    /// All did, at this time.
    Whole(Instant),
}

/// Its packets so far.
#[derive(Debug)]
pub(crate) struct Parts {
    timestamp: u32,
    first: u64,
    /// Known once the packet with the marker came.
    last: Option<u64>,
    came: BTreeSet<u64>,
}

/// What a packet says of its picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    /// It ends its picture (RFC 6184 section 5.1, and so for every codec here).
    pub(crate) marker: bool,
}

impl FirstPicture {
    /// Takes a packet. `index` is its place in its picture, which must be known of the first packet that comes.
    pub(crate) fn record(&mut self, part: Part, index: Option<u16>, at: Instant) {
        if let (Self::Awaited, Some(index)) = (&self, index) {
            *self = Self::Begun(Parts {
                timestamp: part.timestamp,
                first: part.sequence.saturating_sub(u64::from(index)),
                last: None,
                came: BTreeSet::new(),
            });
        }
        if let Self::Begun(parts) = self
            && parts.take(part)
        {
            *self = Self::Whole(at);
        }
    }

    /// When its last packet came.
    pub(crate) fn whole_at(&self) -> Option<Instant> {
        match self {
            Self::Whole(at) => Some(*at),
            Self::Awaited | Self::Begun(_) => None,
        }
    }
}

impl Parts {
    /// True when none is missing any more.
    fn take(&mut self, part: Part) -> bool {
        if part.timestamp != self.timestamp || self.came.len() >= PACKETS_MAX {
            return false;
        }
        self.came.insert(part.sequence);
        if part.marker {
            self.last = Some(part.sequence);
        }
        let n_all = self.last.map(|last| last.saturating_sub(self.first) + 1);
        n_all.is_some_and(|n_all| self.came.len() as u64 >= n_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of pictures of three: number, and when it came. When the first picture was whole.
    fn whole_at_ms(packets: &[(u64, u64)]) -> Option<Instant> {
        let mut picture = FirstPicture::default();
        for (sequence, ms) in packets {
            let part = Part {
                sequence: *sequence,
                timestamp: u32::try_from(sequence / 3).unwrap(),
                marker: sequence % 3 == 2,
            };
            let index = u16::try_from(sequence % 3).unwrap();
            picture.record(part, Some(index), Instant::from_nanos(ms * 1_000_000));
        }
        picture.whole_at()
    }

    #[test]
    fn it_is_whole_with_its_last_packet_in_whatever_order() {
        let at = |ms: u64| Some(Instant::from_nanos(ms * 1_000_000));
        assert_eq!(whole_at_ms(&[(3, 1), (4, 2), (5, 3), (6, 9)]), at(3));
        assert_eq!(whole_at_ms(&[(4, 1), (5, 2), (3, 7)]), at(7));
    }

    #[test]
    fn a_packet_that_is_missing_or_comes_twice_does_not_make_it_whole() {
        assert_eq!(whole_at_ms(&[(3, 1), (5, 2), (5, 3), (6, 4)]), None);
        assert_eq!(whole_at_ms(&[(3, 1), (4, 2)]), None);
        assert_eq!(whole_at_ms(&[]), None);
    }
}
