//! How long a keyframe takes to reach everybody: the largest burst that a server sends, and so what its latency is held against.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::time::Instant;

use crate::stamp::Stamp;

/// The keyframes of a window, by their encoding and their number in it.
#[derive(Clone, Debug, Default)]
pub struct KeyframeFanout {
    keyframes: BTreeMap<(u8, u32), Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    /// The publisher's write of its last packet.
    sent_at: Instant,
    /// The kernel's receipt for the last player.
    arrived_at: Instant,
}

impl KeyframeFanout {
    /// A packet arrived at a player.
    pub fn record(&mut self, stamp: &Stamp, arrived_at: Instant) {
        if stamp.is_keyframe {
            self.merge(
                (stamp.encoding, stamp.frame),
                Span {
                    sent_at: stamp.sent_at,
                    arrived_at,
                },
            );
        }
    }

    /// Adds what other players have seen.
    pub fn add(&mut self, other: &Self) {
        for (frame, span) in &other.keyframes {
            self.merge(*frame, *span);
        }
    }

    /// From the last packet of a keyframe to its arrival at the last player, of half of the keyframes at most. `None`: there
    /// was none.
    pub fn median(&self) -> Option<Duration> {
        let took = |span: &Span| span.arrived_at.saturating_since(span.sent_at);
        let mut took: Vec<Duration> = self.keyframes.values().map(took).collect();
        took.sort_unstable();
        took.get(took.len() / 2).copied()
    }

    fn merge(&mut self, frame: (u8, u32), span: Span) {
        let known = self.keyframes.entry(frame).or_insert(span);
        known.sent_at = known.sent_at.max(span.sent_at);
        known.arrived_at = known.arrived_at.max(span.arrived_at);
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;

    use super::*;

    fn at(us: u64) -> Instant {
        Instant::START + Duration::from_micros(us)
    }

    fn stamp(is_keyframe: bool, frame: u32, sent_us: u64) -> Stamp {
        Stamp {
            kind: MediaKind::Video,
            encoding: 0,
            is_keyframe,
            index_in_frame: 0,
            frame,
            packet: 0,
            sent_at: at(sent_us),
        }
    }

    #[test]
    fn a_keyframe_is_there_when_its_last_packet_is_at_the_last_player() {
        let (mut some, mut others) = (KeyframeFanout::default(), KeyframeFanout::default());
        assert_eq!(some.median(), None);
        some.record(&stamp(false, 1, 0), at(9_000));
        assert_eq!(some.median(), None, "other pictures do not count");
        for (sent, arrived) in [(100, 300), (110, 320)] {
            some.record(&stamp(true, 2, sent), at(arrived));
            others.record(&stamp(true, 2, sent), at(arrived + 500));
        }
        assert_eq!(some.median(), Some(Duration::from_micros(210)));
        some.add(&others);
        assert_eq!(some.median(), Some(Duration::from_micros(710)));
    }
}
