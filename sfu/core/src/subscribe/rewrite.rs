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
            source.newest = packet.sequence;
            self.source = Some(source);
            if let Some(skipped) = &mut self.skipped {
                skipped.pass(packet.sequence.0);
            }
        }
        let shift = source.sequence_shift.wrapping_add(since.packets);
        let sequence = SeqNo(packet.sequence.0.wrapping_add(shift));
        let time = MediaTime(packet.time.0.wrapping_add(source.time_shift));
        if sequence > self.last.sequence {
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
            codec: self.codec.rewrite(packet, passing, since.pictures),
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
        Some(Rewritten {
            sequence: SeqNo(packet.sequence.0.wrapping_add(shift)),
            time: MediaTime(packet.time.0.wrapping_add(source.time_shift)),
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
        };
        self.source = Some(source);
        self.skipped = None;
        self.codec.begin(packet);
        source
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
    fn a_switch_to_an_earlier_capture_still_moves_time_forward() {
        let mut rewriter = Rewriter::new(0, 0);
        rewritten(&mut rewriter, &packet(1, 10, 90_000));
        assert_eq!(rewritten(&mut rewriter, &packet(2, 10, 45_000)), (2, 1));
    }

    proptest! {
        /// Whatever comes in, no two different packets get one number, and a new highest number never goes back in time.
        #[test]
        fn numbers_are_never_reused_and_time_never_goes_back(
            steps in proptest::collection::vec((0_u64..3, 0_u64..4, 0_u64..6_000), 1..200),
        ) {
            let mut rewriter = Rewriter::new(65_000, 0xffff_0000);
            let mut sources = [(1_000_u64, 10_u64), (60_000, 1 << 33), (7, 900_000)];
            let mut seen = std::collections::HashMap::new();
            let mut highest: Option<(SeqNo, MediaTime)> = None;
            let mut clock = 0_u64;
            for (encoding, gap, ticks) in steps {
                clock += ticks;
                let (sequence, time) = &mut sources[encoding as usize];
                *sequence += 1 + gap;
                *time += ticks;
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
