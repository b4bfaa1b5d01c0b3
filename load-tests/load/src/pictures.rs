//! Where a publisher's encoded pictures come from.

use std::time::Duration;

use crate::recording::VideoCodec;

/// An encoded picture.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// In the codec's own format, H.264 as a byte stream. Empty when the encoder left this one out.
    pub bytes: Vec<u8>,
    /// It decodes by itself.
    pub is_keyframe: bool,
    /// Until the next one.
    pub shown_for: Duration,
}

/// A source of pictures that a decoder can show.
pub trait PictureSource: std::fmt::Debug + Send {
    /// What they are encoded with.
    fn codec(&self) -> VideoCodec;

    /// The next picture. `unix_now` is when it is taken.
    fn next_picture(&mut self, is_keyframe_wanted: bool, unix_now: Duration) -> Picture;

    /// When its RTP timestamp says that the last picture was taken, which was this long after the first. A sound clock tells
    /// the truth.
    fn said_at(&self, taken_at: Duration) -> Duration {
        taken_at
    }
}
