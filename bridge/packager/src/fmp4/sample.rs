//! One frame, ready to be written.

use std::sync::Arc;

/// One frame as a chunk carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Ticks of the format's clock until the next one.
    pub duration: u32,
    /// A decoder can begin here. Not asked of sound, of which every sample is one.
    pub is_keyframe: bool,
    /// The encoded bytes, laid out as the format says.
    pub data: Arc<[u8]>,
}
