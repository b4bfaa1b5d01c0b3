//! The bytes of parts, one chunk each.

use bytes::Bytes;
use sfu_model::codec::MediaKind;
use sfu_model::time::MediaTime;

use crate::closed_part::ClosedPart;
use crate::fmp4::{self, ProducerTime};
use crate::segment_clock::Zero;

#[derive(Debug)]
pub(crate) struct ChunkWriter {
    kind: MediaKind,
    zero: Zero,
    /// `mfhd` of the last chunk: they rise, and nobody minds that they wrap.
    number: u32,
}

impl ChunkWriter {
    pub(crate) fn new(kind: MediaKind, zero: Zero) -> Self {
        Self {
            kind,
            zero,
            number: 0,
        }
    }

    /// A part's bytes: none, when it is a gap. The first of a segment says when it was captured.
    pub(crate) fn write(&mut self, part: &ClosedPart, begins_segment: bool) -> Bytes {
        if part.samples.is_empty() {
            return Bytes::new();
        }
        self.number = self.number.wrapping_add(1);
        let media_time = MediaTime(part.starts_at);
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
}
