//! The bytes of parts, one chunk each.

use bytes::Bytes;
use sfu_model::codec::MediaKind;
use sfu_model::time::MediaTime;

use crate::closed_part::{ClosedPart, Place};
use crate::fmp4::{self, ProducerTime, Sample};
use crate::segment_clock::Zero;

/// How much earlier a part of pictures may begin than its playlist says, in ticks: 0.1 ms and less. Each begins a tick earlier than the
/// one before it does, and the last of a segment ends where it should.
///
/// Shaka 5.2 moves what it appends to where the playlist has it, and takes a millisecond that it adds itself for a difference: unless a
/// part begins a little earlier than the playlist says, a rounding decides whether its parser is reset, which drops the part and
/// all that follows up to a keyframe.
const EARLY_MAX: u32 = 8;

#[derive(Debug)]
pub(crate) struct ChunkWriter {
    kind: MediaKind,
    zero: Zero,
    /// How much earlier the next part begins, in ticks.
    early: u32,
    /// `mfhd` of the last chunk: they rise, and nobody minds that they wrap.
    number: u32,
}

impl ChunkWriter {
    pub(crate) fn new(kind: MediaKind, zero: Zero) -> Self {
        Self {
            kind,
            zero,
            early: 0,
            number: 0,
        }
    }

    /// A part's bytes: none, when it is a gap. The first of a segment says when it was captured.
    pub(crate) fn write(&mut self, part: &mut ClosedPart, place: Place) -> Bytes {
        let begins_segment = place.begins_segment;
        if begins_segment || part.samples.is_empty() {
            self.early = 0;
        }
        if part.samples.is_empty() {
            return Bytes::new();
        }
        self.number = self.number.wrapping_add(1);
        let media_time = MediaTime(part.starts_at.saturating_sub(u64::from(self.early)));
        if self.kind == MediaKind::Video {
            self.move_end(&mut part.samples, place.ends_segment);
        }
        let produced = part.captured_at.filter(|_| begins_segment);
        let produced = produced.map(|captured_at| ProducerTime {
            unix: self.zero.unix_at(captured_at),
            media_time,
        });
        fmp4::chunk(
            self.number,
            media_time,
            self.kind,
            &part.samples,
            produced,
            begins_segment,
        )
    }

    /// Where the next part begins a tick earlier, this one ends there.
    fn move_end(&mut self, samples: &mut [Sample], ends_segment: bool) {
        let Some(last) = samples.last_mut() else {
            return;
        };
        let next = match ends_segment {
            true => 0,
            false => (self.early + 1).min(EARLY_MAX),
        };
        let end = last.duration.saturating_add(self.early);
        if end > next {
            last.duration = end - next;
            self.early = next;
        }
    }
}
