//! Formats that cannot be written, and why.

/// A rendition of this format cannot be: whoever chooses what to package leaves it out or transcodes it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnsupportedFormat {
    /// VP8 has a sample entry, but no browser plays it from one.
    #[error("VP8 is not played from fragmented MP4")]
    Vp8,
    /// The profile leaves open what `vpcC` must say.
    #[error("VP9 profile {0} does not say how its chroma is sampled")]
    Vp9Profile(u8),
    /// A codec's own header, which the sample entry repeats, is not one or is too long for it.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// More channels than two, or none, need a mapping that a format does not have.
    #[error("{0} channels")]
    Channels(u8),
    /// A box refuses its content.
    #[error("a box cannot be written")]
    Box(#[from] mp4_atom::Error),
}
