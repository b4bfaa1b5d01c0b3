//! A player's video decoder: puts packets in order, waits for repair, and decodes only what its references allow.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::time::Instant;

use crate::stamp::Stamp;

/// A picture on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: Instant,
    /// The stamp of its first packet.
    pub stamp: Stamp,
}

/// A picture that a correct sender would not have let happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// When.
    pub at: Instant,
    /// The stamp of its first packet.
    pub stamp: Stamp,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It needs a picture that was never decoded, although no packet is missing before it.
    MissingReference,
    /// Packets of two pictures under one timestamp, or a packet of it is missing without a gap in the numbers.
    MixedPackets,
}

/// How long a gap is waited for before a later keyframe is taken instead.
const SKIP_AFTER: Duration = Duration::from_millis(120);
/// How long a gap is waited for before a keyframe is asked for, and asked for again, as in libwebrtc. A page cannot ask.
const ASK_AFTER: Duration = Duration::from_secs(3);
/// Least time between two keyframe requests of who can show nothing without one, as in libwebrtc.
const ASK_INTERVAL: Duration = Duration::from_millis(200);

/// Turns packets into pictures.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Packets by extended sequence number, from the next on.
    waiting: BTreeMap<u64, (Stamp, bool)>,
    next: Option<u64>,
    /// Packets of the picture that is being put together.
    picture: Vec<Stamp>,
    /// The last picture decoded.
    reference: Option<Stamp>,
    stuck_since: Option<Instant>,
    asked_at: Option<Instant>,
    needs_keyframe: bool,
    /// Every picture.
    pub shown: Vec<Shown>,
    /// Every picture that should not have been.
    pub broken: Vec<Broken>,
}

impl Decoder {
    /// Takes a packet. True when a keyframe must be asked for.
    #[must_use]
    pub fn receive(&mut self, sequence: u64, stamp: Stamp, marker: bool, now: Instant) -> bool {
        let next = *self.next.get_or_insert(sequence);
        if sequence >= next {
            self.waiting.insert(sequence, (stamp, marker));
        }
        self.advance(now);
        self.skip_to_keyframe(now);
        self.must_ask(now)
    }

    /// The number of the packet that it waits for.
    pub(crate) fn next(&self) -> Option<u64> {
        self.next
    }

    fn advance(&mut self, now: Instant) {
        while let Some(next) = self.next {
            let Some((stamp, marker)) = self.waiting.remove(&next) else {
                let is_gap = !self.waiting.is_empty();
                self.stuck_since = is_gap.then(|| self.stuck_since.unwrap_or(now));
                return;
            };
            self.next = Some(next + 1);
            self.stuck_since = None;
            // A picture whose end the node left out, as when it changed to another encoding in its middle.
            if stamp.packet_index == 0 {
                self.picture.clear();
            }
            self.picture.push(stamp);
            if marker {
                self.decode(now);
            }
        }
    }

    fn decode(&mut self, now: Instant) {
        let picture = std::mem::take(&mut self.picture);
        let Some(first) = picture.first().copied() else {
            return;
        };
        let is_beginning = first.packet_index == 0 && first.is_keyframe;
        if !is_beginning && self.shown.is_empty() {
            // What came before was lost: nobody can know of a gap before what came first. That nothing else begins with a
            // delta is for `continuity` to say, where nothing is lost.
            self.needs_keyframe = true;
            return;
        }
        let is_whole = picture.len() == usize::from(first.n_packets)
            && (0_u16..).zip(&picture).all(|(index, stamp)| {
                *stamp
                    == Stamp {
                        packet_index: index,
                        ..first
                    }
            });
        if !is_whole {
            return self.on_broken(first, Why::MixedPackets, now);
        }
        let follows = self.reference.is_some_and(|reference| {
            reference.publisher == first.publisher
                && reference.rank == first.rank
                && reference.frame + 1 == first.frame
        });
        if !first.is_keyframe && !follows {
            return self.on_broken(first, Why::MissingReference, now);
        }
        self.reference = Some(first);
        self.needs_keyframe = false;
        self.shown.push(Shown {
            at: now,
            stamp: first,
        });
    }

    fn on_broken(&mut self, stamp: Stamp, why: Why, now: Instant) {
        // After the first broken picture all that follow are broken too, until the keyframe.
        if !self.needs_keyframe {
            self.broken.push(Broken {
                at: now,
                stamp,
                why,
            });
        }
        self.needs_keyframe = true;
        self.reference = None;
    }

    /// A gap that nobody fills is left behind when a whole keyframe waits after it.
    fn skip_to_keyframe(&mut self, now: Instant) {
        if self
            .stuck_since
            .is_none_or(|since| now - since < SKIP_AFTER)
        {
            return;
        }
        let begins = self.waiting.iter().find_map(|(sequence, (stamp, _))| {
            let is_first = stamp.is_keyframe && stamp.packet_index == 0;
            (is_first && self.has_all(*sequence, stamp.n_packets)).then_some(*sequence)
        });
        if let Some(begins) = begins {
            self.waiting.retain(|sequence, _| *sequence >= begins);
            self.next = Some(begins);
            self.stuck_since = None;
            self.picture.clear();
            self.advance(now);
        }
    }

    fn has_all(&self, first: u64, n_packets: u16) -> bool {
        (first..first + u64::from(n_packets)).all(|s| self.waiting.contains_key(&s))
    }

    fn must_ask(&mut self, now: Instant) -> bool {
        let has_passed = |since: Option<Instant>, time| since.is_none_or(|at| now - at >= time);
        let is_stuck = self.stuck_since.is_some() && has_passed(self.stuck_since, ASK_AFTER);
        let asks = if self.needs_keyframe {
            has_passed(self.asked_at, ASK_INTERVAL)
        } else {
            is_stuck && has_passed(self.asked_at, ASK_AFTER)
        };
        if asks {
            self.asked_at = Some(now);
        }
        asks
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;

    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn stamp(frame: u32, is_keyframe: bool) -> Stamp {
        Stamp {
            publisher: 1,
            kind: MediaKind::Video,
            rank: 0,
            is_keyframe,
            frame,
            packet_index: 0,
            n_packets: 1,
            captured_at: Instant::START,
        }
    }

    #[test]
    fn pictures_are_shown_in_order_once_repaired() {
        let mut decoder = Decoder::default();
        assert!(!decoder.receive(10, stamp(0, true), true, at(0)));
        assert!(!decoder.receive(12, stamp(2, false), true, at(80)));
        assert_eq!(decoder.shown.len(), 1);
        assert!(!decoder.receive(11, stamp(1, false), true, at(100)));
        assert_eq!(decoder.shown.len(), 3);
        assert_eq!(decoder.broken, []);
    }

    #[test]
    fn a_delta_without_its_reference_is_broken_although_the_numbers_have_no_gap() {
        let mut decoder = Decoder::default();
        let _ = decoder.receive(10, stamp(0, true), true, at(0));
        assert!(decoder.receive(11, stamp(2, false), true, at(40)));
        assert_eq!(decoder.broken[0].why, Why::MissingReference);
    }

    #[test]
    fn a_gap_is_waited_for_then_asked_about_then_left_behind_with_a_keyframe() {
        let mut decoder = Decoder::default();
        let _ = decoder.receive(10, stamp(0, true), true, at(0));
        assert!(!decoder.receive(12, stamp(2, false), true, at(80)));
        assert!(!decoder.receive(13, stamp(3, false), true, at(3_079)));
        assert!(decoder.receive(14, stamp(4, false), true, at(3_080)));
        assert!(!decoder.receive(15, stamp(5, true), true, at(3_120)));
        assert_eq!(decoder.shown.len(), 2);
        assert_eq!(decoder.broken, []);
    }

    #[test]
    fn a_lost_beginning_is_asked_for_and_not_held_against_the_sender() {
        let mut decoder = Decoder::default();
        assert!(decoder.receive(10, stamp(3, false), true, at(0)));
        assert_eq!((decoder.broken.len(), decoder.shown.len()), (0, 0));
    }

    #[test]
    fn a_packet_that_was_left_out_of_a_picture_without_a_gap_is_broken() {
        let mut decoder = Decoder::default();
        let part = |index| Stamp {
            packet_index: index,
            n_packets: 3,
            ..stamp(0, true)
        };
        let _ = decoder.receive(1, part(0), false, at(0));
        let _ = decoder.receive(2, part(2), true, at(0));
        assert_eq!(decoder.broken[0].why, Why::MixedPackets);
    }
}
