//! What of a stream is encoded anew: its sound as AAC, and pictures that players cannot take as they come.

mod card_use;
mod job_metrics;
pub(crate) mod job_slot;
pub(crate) mod metrics;
pub(crate) mod picture_choice;
pub(crate) mod rungs;
pub(crate) mod sound_batch;
pub(crate) mod sound_filler;
pub(crate) mod transcoding;

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::run::SEGMENT_LENGTH;
use bridge_transcode::ladder::Step;
use bridge_transcode::supervisor::Supervisor;

/// Samples of a frame of AAC-LC (ISO/IEC 14496-3 section 4.5.1.1), which are ticks of its clock.
pub(crate) const AAC_FRAME_SAMPLES: u64 = 1_024;

/// A keyframe of every rung on each multiple of this since the stream's zero: the length of a segment, in whole seconds, so that it
/// is a multiple in every clock.
pub(crate) const KEYFRAME_EVERY: Duration = SEGMENT_LENGTH;

/// What encodes for a node's streams.
#[derive(Clone, Debug)]
pub struct Transcode {
    /// The workers.
    pub supervisor: Supervisor,
    /// The sizes of pictures that are encoded, where the source is as large.
    pub steps: Arc<[Step]>,
}
