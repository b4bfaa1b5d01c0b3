//! What the stages of a stream have to say to those around them.

use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use bridge_packager::event::Event as Packaged;
use sfu_model::frame::Frame;
use sfu_model::time::MediaTime;

use crate::thumbnails::Keyframe;

/// At the end of a turn.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// For the origin.
    pub(crate) packaged: Vec<Packaged>,
    /// All pictures should begin anew, to cut a segment.
    pub(crate) wants_all: bool,
    /// So should these, which lost something.
    pub(crate) wants: Vec<Source>,
    /// To be made a thumbnail of.
    pub(crate) keyframe: Option<Keyframe>,
    /// For whoever publishes.
    pub(crate) warnings: Vec<(Source, Warning)>,
    /// For the transcoder.
    pub(crate) sounds: Vec<Frame>,
    /// Likewise.
    pub(crate) pictures: Vec<(Source, Frame)>,
    /// The encoder of pictures should make a keyframe then.
    pub(crate) keyframe_at: Option<MediaTime>,
    /// Pictures came that are passed on as they are, and are not encoded as well.
    pub(crate) has_passed_on: bool,
}
