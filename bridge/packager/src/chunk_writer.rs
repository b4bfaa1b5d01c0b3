//! The bytes of parts, one chunk each.

use bytes::Bytes;
use sfu_model::codec::MediaKind;
use sfu_model::time::MediaTime;

use crate::closed_part::{ClosedPart, Place};
use crate::dates::Zero;
use crate::fmp4::{self, ProducerTime, Sample};

/// How much earlier a part of pictures may begin than its playlist says, in ticks: 0.1 ms and less. Each begins a tick earlier than the
/// one before it does, and the last of a segment ends where it should.
///
/// Shaka 5.2 moves what it appends to where the playlist has it, and takes a millisecond that it adds itself for a difference: unless a
/// part begins a little earlier than the playlist says, a rounding decides whether its parser is reset, which drops the part and
/// all that follows up to a keyframe.
const EARLY_TICKS: u32 = 8;

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
            false => (self.early + 1).min(EARLY_TICKS),
        };
        let end = last.duration.saturating_add(self.early);
        if end > next {
            last.duration = end - next;
            self.early = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mp4_atom::{Any, Decode, Moof};
    use sfu_model::time::Instant;

    use super::*;

    const PART: u64 = 45_000;
    const FRAME: u32 = 3_000;

    fn moof(mut bytes: &[u8]) -> Moof {
        loop {
            if let Any::Moof(moof) = Any::decode(&mut bytes).unwrap() {
                return moof;
            }
        }
    }

    /// Where each chunk of a segment begins and ends, in ticks.
    fn spans(writer: &mut ChunkWriter, from: u64, n_parts: u64, n_frames: u64) -> Vec<(u64, u64)> {
        let span = |index: u64| {
            let samples = (0..n_frames).map(|frame| Sample {
                duration: FRAME,
                is_keyframe: index + frame == 0,
                data: [0, 0, 0, 1].into(),
            });
            let starts_at = from + index * n_frames * u64::from(FRAME);
            let mut part = ClosedPart {
                starts_at,
                ends_at: starts_at + n_frames * u64::from(FRAME),
                samples: samples.collect(),
                captured_at: None,
                is_stand_in: false,
            };
            let place = Place {
                begins_segment: index == 0,
                ends_segment: index + 1 == n_parts,
            };
            let moof = moof(&writer.write(&mut part, place));
            let run = &moof.traf[0];
            let default = run.tfhd.default_sample_duration;
            let entries = run.trun.iter().flat_map(|trun| &trun.samples);
            let ticks: u64 = entries
                .map(|e| u64::from(e.duration.or(default).unwrap()))
                .sum();
            let start = run.tfdt.as_ref().unwrap().base_media_decode_time;
            (start, start + ticks)
        };
        (0..n_parts).map(span).collect()
    }

    fn writer(kind: MediaKind) -> ChunkWriter {
        let zero = Zero {
            at: Instant::START,
            unix: Duration::ZERO,
        };
        ChunkWriter::new(kind, zero)
    }

    #[test]
    fn parts_of_pictures_begin_a_little_early_and_segments_where_they_say() {
        let mut writer = writer(MediaKind::Video);
        for from in [0, 4 * PART] {
            let ends = [PART - 1, 2 * PART - 2, 3 * PART - 3, 4 * PART].map(|end| from + end);
            let spans = spans(&mut writer, from, 4, 15);
            let (starts, told): (Vec<u64>, Vec<u64>) = spans.into_iter().unzip();
            assert_eq!(starts, [&[from], &ends[..3]].concat());
            assert_eq!(
                told, ends,
                "nothing lies over anything, and nothing is missing"
            );
        }
    }

    #[test]
    fn a_segment_of_many_parts_is_no_earlier_than_some_ticks() {
        let mut writer = writer(MediaKind::Video);
        let spans = spans(&mut writer, 0, 60, 1);
        let early = spans.iter().enumerate();
        let early = early.map(|(index, (start, _))| index as u64 * u64::from(FRAME) - start);
        assert_eq!(early.max(), Some(u64::from(EARLY_TICKS)));
        assert_eq!(spans.last().unwrap().1, 60 * u64::from(FRAME));
    }

    #[test]
    fn sound_is_where_it_is() {
        let mut writer = writer(MediaKind::Audio);
        let spans = spans(&mut writer, 0, 2, 15);
        assert_eq!(spans, [(0, PART), (PART, 2 * PART)]);
    }
}
