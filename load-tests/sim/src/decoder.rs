//! A player's video decoder: puts packets in order, waits for repair, and decodes only what its references allow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sfu_model::time::Instant;

use crate::receiver::{Completed, Frame, Packet, Receiver};
use crate::stamp::Stamp;

/// A picture on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: Instant,
    /// The stamp of the first packet of its largest frame.
    pub stamp: Stamp,
}

/// A picture that a correct sender would not have let happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// When.
    pub at: Instant,
    /// The stamp of the first packet of its frame.
    pub stamp: Stamp,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It needs a picture that was never decoded, although no packet is missing before it.
    MissingReference,
    /// Packets of two frames as one, or a packet of it is missing without a gap in the numbers.
    MixedPackets,
    /// Its headers say that it needs what did not come, although no packet is missing: a receiver waits for ever.
    CannotFollow,
    /// No packet of it is marked as its last, and none is missing: a receiver waits for the rest.
    Unmarked,
    /// It goes on after the packet that is marked as its last.
    MarkedBefore,
}

/// How long a gap is waited for before a later keyframe is taken instead.
const SKIP_AFTER: Duration = Duration::from_millis(120);
/// How long a gap is waited for before a keyframe is asked for, and asked for again, as in libwebrtc. A page cannot ask.
const ASK_AFTER: Duration = Duration::from_secs(3);
/// Least time between two keyframe requests of who can show nothing without one, as in libwebrtc.
const ASK_INTERVAL: Duration = Duration::from_millis(200);

/// Frames that a decoder can refer to: more than the eight that any codec keeps, of three spatial layers.
const REFERENCES_BACK: usize = 64;

/// Turns packets into pictures.
#[derive(Debug, Default)]
pub struct Decoder {
    /// By extended sequence number, from the next on. `None`: the packet is nothing but padding.
    waiting: BTreeMap<u64, Option<Packet>>,
    next: Option<u64>,
    receiver: Receiver,
    /// The last frame decoded, and all that are of its encoding since the keyframe.
    reference: Option<Stamp>,
    decoded: BTreeSet<u32>,
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
    pub fn receive(&mut self, packet: Packet, now: Instant) -> bool {
        self.take(packet.sequence, Some(packet), now)
    }

    /// Takes a packet of padding, which only has a number. True when a keyframe must be asked for.
    #[must_use]
    pub fn fill(&mut self, sequence: u64, now: Instant) -> bool {
        self.take(sequence, None, now)
    }

    fn take(&mut self, sequence: u64, packet: Option<Packet>, now: Instant) -> bool {
        let next = *self.next.get_or_insert(sequence);
        if sequence >= next {
            self.waiting.insert(sequence, packet);
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
            let Some(packet) = self.waiting.remove(&next) else {
                let is_gap = !self.waiting.is_empty();
                self.stuck_since = is_gap.then(|| self.stuck_since.unwrap_or(now));
                return;
            };
            self.next = Some(next + 1);
            self.stuck_since = None;
            let Some(packet) = packet else {
                self.receiver.fill(next);
                continue;
            };
            let stamp = packet.stamp;
            match self.receiver.push(packet) {
                Completed::Nothing => {}
                Completed::Picture(frames) => self.decode(&frames, stamp, now),
                Completed::Unmarked(stamp) => self.on_broken(stamp, Why::Unmarked, now),
                Completed::MarkedBefore(stamp) => self.on_broken(stamp, Why::MarkedBefore, now),
            }
        }
    }

    fn decode(&mut self, frames: &[Frame], last: Stamp, now: Instant) {
        let first = frames.first().and_then(|frame| frame.first());
        let is_beginning = first.is_some_and(|p| p.stamp.packet_index == 0 && p.stamp.is_keyframe);
        if !is_beginning && self.shown.is_empty() {
            // What came before was lost: nobody can know of a gap before what came first. That nothing else begins with a
            // delta is for `continuity` to say, where nothing is lost.
            self.needs_keyframe = true;
            return;
        }
        let mut shown = None;
        let mut is_dropped = false;
        for frame in frames {
            match self.decode_frame(frame) {
                Ok(Some(stamp)) => shown = Some(stamp),
                Ok(None) => is_dropped = true,
                Err(why) => {
                    let stamp = frame.first().map_or(last, |packet| packet.stamp);
                    return self.on_broken(stamp, why, now);
                }
            }
        }
        let Some(stamp) = shown else {
            if !is_dropped {
                self.on_broken(last, Why::MixedPackets, now);
            }
            return;
        };
        self.needs_keyframe = false;
        self.shown.push(Shown { at: now, stamp });
    }

    /// The stamp of a frame that was decoded; none of one that a receiver does without.
    fn decode_frame(&mut self, frame: &Frame) -> Result<Option<Stamp>, Why> {
        let first = frame.first().ok_or(Why::MixedPackets)?.stamp;
        let is_whole = frame.len() == usize::from(first.n_packets)
            && (0_u16..).zip(frame).all(|(index, packet)| {
                packet.stamp
                    == Stamp {
                        packet_index: index,
                        ..first
                    }
            });
        if !is_whole {
            return Err(Why::MixedPackets);
        }
        let follows = self.receiver.can_follow(frame);
        if !follows && self.receiver.does_without(frame) {
            return Ok(None);
        }
        if !first.is_keyframe && !self.has_references(&first) {
            return Err(Why::MissingReference);
        }
        if !follows {
            return Err(Why::CannotFollow);
        }
        if first.is_keyframe {
            self.decoded.clear();
        }
        self.decoded.insert(first.frame);
        if self.decoded.len() > REFERENCES_BACK {
            self.decoded.pop_first();
        }
        self.reference = Some(first);
        Ok(Some(first))
    }

    fn has_references(&self, frame: &Stamp) -> bool {
        let is_of_source = self.reference.is_some_and(|reference| {
            reference.publisher == frame.publisher && reference.rank == frame.rank
        });
        let mut references = frame.place.references();
        is_of_source
            && references.all(|back| {
                let before = frame.frame.checked_sub(u32::from(back));
                before.is_some_and(|before| self.decoded.contains(&before))
            })
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
        let begins = self.waiting.iter().find_map(|(sequence, packet)| {
            let stamp = packet.as_ref()?.stamp;
            let is_first = stamp.is_keyframe && stamp.packet_index == 0;
            (is_first && self.has_all(*sequence, stamp.n_packets)).then_some(*sequence)
        });
        if let Some(begins) = begins {
            self.waiting.retain(|sequence, _| *sequence >= begins);
            self.next = Some(begins);
            self.stuck_since = None;
            self.receiver.skip();
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
mod layers;

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;

    use super::*;
    use crate::layers::Place;
    use crate::receiver::Wire;

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
            place: Place::default(),
            packet_index: 0,
            n_packets: 1,
            captured_at: Instant::START,
        }
    }

    fn packet(sequence: u64, stamp: Stamp, marker: bool) -> Packet {
        Packet {
            sequence,
            time: u64::from(stamp.frame) * 3_600,
            marker,
            wire: Wire::Plain,
            stamp,
        }
    }

    #[test]
    fn pictures_are_shown_in_order_once_repaired() {
        let mut decoder = Decoder::default();
        assert!(!decoder.receive(packet(10, stamp(0, true), true), at(0)));
        assert!(!decoder.receive(packet(12, stamp(2, false), true), at(80)));
        assert_eq!(decoder.shown.len(), 1);
        assert!(!decoder.receive(packet(11, stamp(1, false), true), at(100)));
        assert_eq!(decoder.shown.len(), 3);
        assert_eq!(decoder.broken, []);
    }

    #[test]
    fn a_delta_without_its_reference_is_broken_although_the_numbers_have_no_gap() {
        let mut decoder = Decoder::default();
        let _ = decoder.receive(packet(10, stamp(0, true), true), at(0));
        assert!(decoder.receive(packet(11, stamp(2, false), true), at(40)));
        assert_eq!(decoder.broken[0].why, Why::MissingReference);
    }

    #[test]
    fn a_gap_is_waited_for_then_asked_about_then_left_behind_with_a_keyframe() {
        let mut decoder = Decoder::default();
        let _ = decoder.receive(packet(10, stamp(0, true), true), at(0));
        assert!(!decoder.receive(packet(12, stamp(2, false), true), at(80)));
        assert!(!decoder.receive(packet(13, stamp(3, false), true), at(3_079)));
        assert!(decoder.receive(packet(14, stamp(4, false), true), at(3_080)));
        assert!(!decoder.receive(packet(15, stamp(5, true), true), at(3_120)));
        assert_eq!(decoder.shown.len(), 2);
        assert_eq!(decoder.broken, []);
    }

    #[test]
    fn a_lost_beginning_is_asked_for_and_not_held_against_the_sender() {
        let mut decoder = Decoder::default();
        assert!(decoder.receive(packet(10, stamp(3, false), true), at(0)));
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
        let _ = decoder.receive(packet(1, part(0), false), at(0));
        let _ = decoder.receive(packet(2, part(2), true), at(0));
        assert_eq!(decoder.broken[0].why, Why::MixedPackets);
    }
}
