//! A frame for tests to send around.

use std::sync::Arc;

use sfu_model::frame::{Format, Frame};
use sfu_model::time::{Instant, MediaTime};

/// One of sound, which needs none before it.
pub(crate) fn frame(time: u64) -> Frame {
    Frame {
        time: MediaTime(time),
        captured_at: Instant::START,
        is_keyframe: true,
        discontinuity: None,
        format: Arc::new(Format::Aac {
            config: Box::new([0x11, 0x90]),
            sample_rate: 48_000,
            channels: 2,
        }),
        data: Arc::from([0_u8; 4]),
    }
}
