//! Continuity: what passed the selector becomes one sender with one sequence, one timeline and one set of counters,
//! whatever encodings and publishers it came from.

use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;
use sfu_model::rtp::SeqNo;
use sfu_model::time::{Instant, MediaTime};

use crate::subscribe::passing::Passing;
use crate::subscribe::rewrite_codec::{CodecNumbers, CodecRewriter};
use crate::subscribe::skipped::{Count, Skipped};

/// The numbers that a packet gets on its way to one subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rewritten {
    pub(crate) sequence: SeqNo,
    pub(crate) time: MediaTime,
    /// It is the last packet of its picture (RFC 3550 section 5.1): the one that came with the mark may be left out.
    pub(crate) marker: bool,
    pub(crate) codec: CodecNumbers,
}

/// Makes one continuous sender.
#[derive(Clone, Debug)]
pub(crate) struct Rewriter {
    /// The encoding that passes, and how its numbers are moved.
    source: Option<Source>,
    /// What the subscriber has got so far.
    last: Last,
    codec: CodecRewriter,
    /// What was left out of the source. Takes no memory before there is some.
    skipped: Option<Box<Skipped>>,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    encoding: EncodingId,
    /// The packet that began it. What is older belongs to a time before the switch.
    first: SeqNo,
    /// The latest packet that came of it.
    newest: SeqNo,
    /// Added, modulo 2^64, to the sequence numbers of what comes next. Less by one for each packet that is left out.
    sequence_shift: u64,
    /// Added, modulo 2^64, to its times.
    time_shift: u64,
    /// The latest picture whose time was held.
    held: Option<Held>,
}

/// A picture that would have gone back in time, and the time that all its packets get.
#[derive(Clone, Copy, Debug)]
struct Held {
    at_source: MediaTime,
    time: MediaTime,
}

/// Seconds that a source's time may step back and be held until it catches up, as where an encoder sends pictures out of
/// their order: frames of 500 ms, twice. A larger step is another timeline, of an encoder that began anew, or of one that
/// lies.
const HELD_SECONDS_MAX: i64 = 1;

impl Source {
    fn time(&self, at_source: MediaTime) -> MediaTime {
        match self.held {
            Some(held) if held.at_source == at_source => held.time,
            _ => MediaTime(at_source.0.wrapping_add(self.time_shift)),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Last {
    /// The highest number given out.
    sequence: SeqNo,
    /// The time of the packet that has it, and when it was captured.
    time: MediaTime,
    captured_at: Option<Instant>,
}

impl Rewriter {
    /// A sender whose first packet has these numbers (RFC 3550 section 5.1 wants both random).
    pub(crate) fn new(first_sequence: u16, first_time: u32) -> Self {
        Self {
            source: None,
            last: Last {
                // Never below zero: the first packet takes the number after this one.
                sequence: SeqNo(u64::from(first_sequence)),
                time: MediaTime(u64::from(first_time)),
                captured_at: None,
            },
            codec: CodecRewriter::default(),
            skipped: None,
        }
    }

    /// The numbers for this packet. An encoding other than the last one's begins right after what was sent.
    #[inline]
    pub(crate) fn rewrite(
        &mut self,
        packet: &Packet,
        passing: Passing,
    ) -> Result<Rewritten, DropReason> {
        let mut source = match self.source {
            Some(source) if source.encoding == packet.encoding => source,
            _ => self.begin(packet),
        };
        if packet.sequence < source.first {
            return Err(DropReason::BeforeSwitch);
        }
        let since = self.skipped_since(packet)?;
        if packet.sequence > source.newest {
            self.keep_time(&mut source, packet);
            source.newest = packet.sequence;
            self.source = Some(source);
            if let Some(skipped) = &mut self.skipped {
                skipped.pass(packet.sequence.0);
            }
        }
        let shift = source.sequence_shift.wrapping_add(since.packets);
        let sequence = SeqNo(packet.sequence.0.wrapping_add(shift));
        let time = source.time(packet.time);
        let is_newest = sequence > self.last.sequence;
        if is_newest {
            self.last = Last {
                sequence,
                time,
                captured_at: Some(packet.captured_at),
            };
        }
        Ok(Rewritten {
            sequence,
            time,
            marker: packet.marker || passing.ends_picture,
            codec: self
                .codec
                .rewrite(packet, passing, since.pictures, is_newest),
        })
    }

    /// A packet of the present encoding is left out: those after it close up. One that comes late has left a gap already, so
    /// it gets its numbers, to be sent empty.
    pub(crate) fn skip(&mut self, packet: &Packet) -> Option<Rewritten> {
        let source = self
            .source
            .as_mut()
            .filter(|s| s.encoding == packet.encoding)?;
        if packet.sequence > source.newest {
            let skipped = self
                .skipped
                .get_or_insert_with(|| Box::new(Skipped::new(source.newest.0)));
            let is_new_picture = self.codec.skip(packet);
            skipped.skip(packet.sequence.0, is_new_picture);
            source.newest = packet.sequence;
            source.sequence_shift = source.sequence_shift.wrapping_sub(1);
            return None;
        }
        let source = *source;
        if packet.sequence < source.first {
            return None;
        }
        let since = self.skipped_since(packet).ok()?;
        let shift = source.sequence_shift.wrapping_add(since.packets);
        let sequence = SeqNo(packet.sequence.0.wrapping_add(shift));
        let mut time = source.time(packet.time);
        if sequence > self.last.sequence {
            time = time.max(self.last.time);
            self.last = Last {
                sequence,
                time,
                captured_at: Some(packet.captured_at),
            };
        }
        Some(Rewritten {
            sequence,
            time,
            marker: false,
            codec: CodecNumbers::None,
        })
    }

    /// What was left out of the source after this packet.
    fn skipped_since(&self, packet: &Packet) -> Result<Count, DropReason> {
        match &self.skipped {
            None => Ok(Count::default()),
            Some(skipped) => skipped
                .since(packet.sequence.0)
                .ok_or(DropReason::BeforeSwitch),
        }
    }

    fn begin(&mut self, packet: &Packet) -> Source {
        let sequence = self.last.sequence.0.wrapping_add(1);
        let time = self.last.time.0.wrapping_add(self.ticks_since_last(packet));
        let source = Source {
            encoding: packet.encoding,
            first: packet.sequence,
            newest: packet.sequence,
            sequence_shift: sequence.wrapping_sub(packet.sequence.0),
            time_shift: time.wrapping_sub(packet.time.0),
            held: None,
        };
        self.source = Some(source);
        self.skipped = None;
        self.codec.begin(packet);
        source
    }

    /// A sender's time never goes back with its numbers, whatever the source's does.
    fn keep_time(&self, source: &mut Source, packet: &Packet) {
        let last = self.last.time;
        let ahead = source
            .time(packet.time)
            .0
            .wrapping_sub(last.0)
            .cast_signed();
        if ahead >= 0 {
            return;
        }
        if ahead >= -HELD_SECONDS_MAX * i64::from(packet.codec.clock_rate().0) {
            source.held = Some(Held {
                at_source: packet.time,
                time: MediaTime(last.0.wrapping_add(1)),
            });
            return;
        }
        let time = last.0.wrapping_add(self.ticks_since_last(packet));
        source.time_shift = time.wrapping_sub(packet.time.0);
        source.held = None;
        // What is older was of the other timeline.
        source.first = packet.sequence;
    }

    /// How far the timeline moves over a switch: as far as capture did, and at least one tick, because two pictures
    /// never share a timestamp.
    fn ticks_since_last(&self, packet: &Packet) -> u64 {
        let Some(last) = self.last.captured_at else {
            return 0;
        };
        let elapsed = packet.captured_at - last;
        let nanos = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
        let ticks = packet.codec.clock_rate().ticks_in_nanos(nanos);
        u64::try_from(ticks).unwrap_or(0).max(1)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use sfu_model::codec::Codec;
    use sfu_model::id::TrackId;
    use sfu_model::layer::Layer;
    use sfu_model::packet::{Extensions, PayloadFacts};

    use super::*;

    /// A VP8 packet; capture time follows the RTP time at 90 kHz.
    pub(crate) fn packet(encoding: u64, sequence: u64, time: u64) -> Packet {
        let captured_at = Instant::START + Duration::from_nanos(time * 1_000_000 / 90);
        Packet {
            track: TrackId(1),
            encoding: EncodingId(encoding),
            layer: Layer::default(),
            codec: Codec::Vp8,
            sequence: SeqNo(sequence),
            time: MediaTime(time),
            captured_at,
            received_at: captured_at,
            capture_age: None,
            marker: false,
            facts: PayloadFacts::default(),
            descriptor: None,
            extensions: Extensions::default(),
            payload: [0_u8; 4].into(),
        }
    }

    fn rewritten(rewriter: &mut Rewriter, packet: &Packet) -> (u64, u64) {
        let out = rewriter.rewrite(packet, Passing::default()).unwrap();
        (out.sequence.0, out.time.0)
    }

    #[test]
    fn a_picture_that_goes_back_is_held_and_the_timeline_stays() {
        let mut rewriter = Rewriter::new(0, 0);
        let (_, base) = rewritten(&mut rewriter, &packet(1, 10, 900_000));
        for (sequence, time, wanted) in [
            (11, 909_000, 9_000),
            (12, 903_000, 9_001),
            (13, 903_000, 9_001),
            (14, 906_000, 9_002),
            (15, 918_000, 18_000),
            (16, 918_000, 18_000),
        ] {
            let numbers = rewritten(&mut rewriter, &packet(1, sequence, time));
            assert_eq!(numbers, (sequence - 9, base + wanted));
        }
    }

    #[test]
    fn a_timeline_that_begins_anew_goes_on_where_the_last_one_was() {
        let mut rewriter = Rewriter::new(0, 0);
        let (_, base) = rewritten(&mut rewriter, &packet(1, 10, 9_000_000));
        let anew = rewritten(&mut rewriter, &packet(1, 12, 3_000));
        assert_eq!(anew, (3, base + 1));
        let next = rewritten(&mut rewriter, &packet(1, 13, 6_000));
        assert_eq!(next, (4, base + 3_001));
        let late = rewriter.rewrite(&packet(1, 11, 9_000_000), Passing::default());
        assert_eq!(late, Err(DropReason::BeforeSwitch));
    }

    #[test]
    fn an_encoding_keeps_its_distances() {
        let mut rewriter = Rewriter::new(100, 5_000);
        assert_eq!(
            rewritten(&mut rewriter, &packet(1, 70_000, 90_000)),
            (101, 5_000)
        );
        assert_eq!(
            rewritten(&mut rewriter, &packet(1, 70_003, 93_000)),
            (104, 8_000)
        );
        // A repaired packet lands in its gap.
        assert_eq!(
            rewritten(&mut rewriter, &packet(1, 70_001, 93_000)),
            (102, 8_000)
        );
    }

    #[test]
    fn a_switch_goes_on_where_the_last_encoding_was() {
        let mut rewriter = Rewriter::new(0, 0);
        rewritten(&mut rewriter, &packet(1, 10, 90_000));
        rewritten(&mut rewriter, &packet(1, 11, 93_000));
        let mut other = packet(2, 60_000, 4_000_000);
        other.captured_at = packet(1, 0, 96_000).captured_at;
        assert_eq!(rewritten(&mut rewriter, &other), (3, 6_000));
        let mut late = packet(2, 59_999, 4_000_000);
        late.captured_at = other.captured_at;
        assert_eq!(
            rewriter.rewrite(&late, Passing::default()),
            Err(DropReason::BeforeSwitch)
        );
    }

    #[test]
    fn a_number_that_was_filled_is_not_given_to_the_next_encoding() {
        let mut rewriter = Rewriter::new(0, 0);
        rewritten(&mut rewriter, &packet(1, 10, 90_000));
        assert_eq!(rewriter.skip(&packet(1, 13, 96_000)), None);
        // It comes late, and is left out: 11 may come yet, so that its place is not the next.
        let filled = rewriter.skip(&packet(1, 12, 93_000)).unwrap();
        assert_eq!((filled.sequence.0, filled.time.0), (3, 3_000));
        assert_eq!(
            rewritten(&mut rewriter, &packet(2, 500, 99_000)),
            (4, 9_000)
        );
    }

    #[test]
    fn a_switch_to_an_earlier_capture_still_moves_time_forward() {
        let mut rewriter = Rewriter::new(0, 0);
        rewritten(&mut rewriter, &packet(1, 10, 90_000));
        assert_eq!(rewritten(&mut rewriter, &packet(2, 10, 45_000)), (2, 1));
    }

    proptest! {
        /// Whatever comes in, no two different packets get one number, and a new highest number never goes back in time.
        #[test]
        fn numbers_are_never_reused_and_time_never_goes_back(
            steps in proptest::collection::vec(
                (0_u64..3, 0_u64..4, prop_oneof![8 => 0_i64..6_000, 1 => -300_000_i64..0]),
                1..200,
            ),
        ) {
            let mut rewriter = Rewriter::new(65_000, 0xffff_0000);
            let mut sources = [(1_000_u64, 10_u64), (60_000, 1 << 33), (7, 900_000)];
            let mut seen = std::collections::HashMap::new();
            let mut highest: Option<(SeqNo, MediaTime)> = None;
            let mut clock = 0_u64;
            for (encoding, gap, ticks) in steps {
                clock = clock.saturating_add_signed(ticks);
                let (sequence, time) = &mut sources[encoding as usize];
                *sequence += 1 + gap;
                *time = time.saturating_add_signed(ticks);
                let mut packet = packet(encoding, *sequence, *time);
                packet.captured_at = Instant::START + Duration::from_nanos(clock * 1_000_000 / 90);
                let Ok(out) = rewriter.rewrite(&packet, Passing::default()) else { continue };
                prop_assert!(
                    seen.insert(out.sequence, (packet.encoding, packet.sequence)).is_none(),
                    "reused {:?}", out.sequence
                );
                if let Some((sequence, time)) = highest
                    && out.sequence > sequence
                {
                    prop_assert!(out.time >= time, "time went back");
                }
                highest = highest.max(Some((out.sequence, out.time)));
            }
        }
    }
}
