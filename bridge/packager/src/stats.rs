//! What went otherwise than wished, counted since the stream began.

/// Counts of one stream. They only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Segments cut at the hard limit, because no keyframe came.
    pub late_cuts: u64,
    /// Parts without media (`GAP=YES`).
    pub gap_parts: u64,
    /// Parts that nobody sent: the last keyframe once more, or silence.
    pub stand_in_parts: u64,
    /// Segments of pictures that begin without a keyframe.
    pub misaligned_segments: u64,
    /// Discontinuities of the stream.
    pub discontinuities: u64,
    /// Keyframes asked for.
    pub keyframes_wanted: u64,
    /// Frames dropped because a decoder cannot begin at them, or not so soon after it began.
    pub frames_before_keyframe: u64,
    /// Frames dropped because the time they belong to is told of already: of sound, and pictures that a keyframe follows.
    pub frames_late: u64,
    /// Frames dropped because they are of a time that has not come.
    pub frames_ahead: u64,
    /// Frames dropped because a part would have too many samples.
    pub frames_over_limit: u64,
    /// Frames of no rendition, of the wrong medium, or of a format that cannot be packaged.
    pub frames_refused: u64,
}
