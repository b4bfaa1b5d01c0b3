//! The run of samples that a chunk is: how it is told in `tfhd` and `trun`, as briefly as it can be.

use bytes::BufMut;
use sfu_model::codec::MediaKind;

use super::boxes::{FULL_BOX_BYTES, wire_number, write_full_box};
use super::sample::Sample;
use super::track::TRACK_ID;

/// `tfhd` flags (ISO/IEC 14496-12 section 8.8.7): what the box has, and that offsets count from `moof`, which CMAF demands.
const TFHD_DEFAULT_DURATION: u32 = 0x8;
const TFHD_DEFAULT_FLAGS: u32 = 0x20;
const TFHD_BASE_IS_MOOF: u32 = 0x2_0000;

/// `trun` flags (ISO/IEC 14496-12 section 8.8.8): what the box and each of its entries have.
const TRUN_DATA_OFFSET: u32 = 0x1;
const TRUN_FIRST_FLAGS: u32 = 0x4;
const TRUN_DURATION: u32 = 0x100;
const TRUN_SIZE: u32 = 0x200;
const TRUN_FLAGS: u32 = 0x400;

/// Sample flags (ISO/IEC 14496-12 section 8.8.3.1): `sample_depends_on` 2, on no other.
const SYNC_SAMPLE: u32 = 0x0200_0000;
/// `sample_depends_on` 1, on others, and `sample_is_non_sync_sample`.
const DEPENDENT_SAMPLE: u32 = 0x0101_0000;

/// Where the flags of samples stand: what is the same for all, or for all but the first, is said once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SampleFlags {
    /// All are as `tfhd` says.
    Default,
    /// Only the first is a keyframe, as nearly always in a chunk with one.
    FirstIsSync,
    /// Each has its own.
    Each,
}

/// The samples of a chunk, and how briefly they can be told.
pub(super) struct Run<'a> {
    samples: &'a [Sample],
    default_flags: u32,
    flags: SampleFlags,
    /// The duration of all, if it is the same.
    duration: Option<u32>,
}

impl<'a> Run<'a> {
    pub(super) fn new(kind: MediaKind, samples: &'a [Sample]) -> Self {
        let (default_flags, flags) = match kind {
            MediaKind::Audio => (SYNC_SAMPLE, SampleFlags::Default),
            MediaKind::Video => (DEPENDENT_SAMPLE, SampleFlags::of_pictures(samples)),
        };
        let first = samples.first().map(|sample| sample.duration);
        let duration = first.filter(|first| samples.iter().all(|s| s.duration == *first));
        Self {
            samples,
            default_flags,
            flags,
            duration,
        }
    }

    /// Whether a decoder can begin with its first sample.
    pub(super) fn begins_with_sync(&self) -> bool {
        let first = self.samples.first();
        self.default_flags == SYNC_SAMPLE || first.is_some_and(|sample| sample.is_keyframe)
    }

    pub(super) fn tfhd_bytes(&self) -> usize {
        // Track and default flags; default duration.
        FULL_BOX_BYTES + 4 + 4 + if self.duration.is_some() { 4 } else { 0 }
    }

    pub(super) fn trun_bytes(&self) -> usize {
        let first_flags = if self.flags == SampleFlags::FirstIsSync {
            4
        } else {
            0
        };
        let duration = if self.duration.is_none() { 4 } else { 0 };
        let flags = if self.flags == SampleFlags::Each {
            4
        } else {
            0
        };
        // Count and data offset; size of each.
        FULL_BOX_BYTES + 4 + 4 + first_flags + self.samples.len() * (4 + duration + flags)
    }

    pub(super) fn write_tfhd(&self, out: &mut Vec<u8>) {
        let duration_flag = self.duration.map_or(0, |_| TFHD_DEFAULT_DURATION);
        let flags = TFHD_BASE_IS_MOOF | TFHD_DEFAULT_FLAGS | duration_flag;
        write_full_box(out, self.tfhd_bytes(), b"tfhd", 0, flags);
        out.put_u32(TRACK_ID);
        if let Some(duration) = self.duration {
            out.put_u32(duration);
        }
        out.put_u32(self.default_flags);
    }

    /// Version 1, whose composition offsets may be negative, as CMAF wants it; it has none.
    pub(super) fn write_trun(&self, out: &mut Vec<u8>, data_offset: usize) {
        let flags_flag = match self.flags {
            SampleFlags::Default => 0,
            SampleFlags::FirstIsSync => TRUN_FIRST_FLAGS,
            SampleFlags::Each => TRUN_FLAGS,
        };
        let duration_flag = if self.duration.is_none() {
            TRUN_DURATION
        } else {
            0
        };
        let flags = TRUN_DATA_OFFSET | TRUN_SIZE | flags_flag | duration_flag;
        write_full_box(out, self.trun_bytes(), b"trun", 1, flags);
        out.put_u32(wire_number(self.samples.len()));
        out.put_u32(wire_number(data_offset));
        if self.flags == SampleFlags::FirstIsSync {
            out.put_u32(SYNC_SAMPLE);
        }
        for sample in self.samples {
            if self.duration.is_none() {
                out.put_u32(sample.duration);
            }
            out.put_u32(wire_number(sample.data.len()));
            if self.flags == SampleFlags::Each {
                out.put_u32(if sample.is_keyframe {
                    SYNC_SAMPLE
                } else {
                    DEPENDENT_SAMPLE
                });
            }
        }
    }
}

impl SampleFlags {
    fn of_pictures(samples: &[Sample]) -> Self {
        let mut after_first = samples.iter().skip(1);
        if after_first.any(|sample| sample.is_keyframe) {
            Self::Each
        } else if samples.first().is_some_and(|sample| sample.is_keyframe) {
            Self::FirstIsSync
        } else {
            Self::Default
        }
    }
}
