//! What comes of packets.

use sfu_model::frame::Frame;
use sfu_model::time::MediaTime;

use crate::source::Source;
use crate::warning::Warning;

/// Something that a packager or the studio is to know. Of one source they are in the order of its timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first packet of the next frame is here and nothing before it is missing. A `Frame` of the same time comes, unless
    /// the rest of it is lost: then the next frame is discontinuous.
    Begins {
        /// Of which source.
        source: Source,
        /// Time of the frame that begins.
        time: MediaTime,
        /// It is of the same publisher and the same clock as the frame before it, which therefore lasts until this time.
        follows: bool,
    },
    /// A frame is whole.
    Frame {
        /// Of which source.
        source: Source,
        /// It.
        frame: Frame,
    },
    /// Pictures cannot go on before a keyframe. Told again while none comes.
    KeyframeWanted {
        /// Of which source.
        source: Source,
    },
    /// The publisher sends what players will have trouble with.
    Warning {
        /// Of which source.
        source: Source,
        /// What.
        warning: Warning,
    },
}
