//! What is known of a stream before its packets.

/// What a publisher's offer says that its packets do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels of sound that decoders make, 1 or 2, as `stereo` in the SDP says (RFC 7587 section 6.1). A packet of two
    /// raises it.
    pub channels: u8,
}

impl Default for Config {
    /// Two: a decoder of two channels plays both alike where there is one, and a change in the middle is a discontinuity.
    fn default() -> Self {
        Self { channels: 2 }
    }
}
