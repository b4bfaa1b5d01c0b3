//! Bounds of an offer that come from the media engine and from RTP.

/// Longest mid, in bytes: the engine keeps 16, and would take two longer ones for one. RFC 8843 section 14 asks for
/// short ones, since they travel in packets.
pub const MID_BYTES_MAX: usize = 16;

/// Most payload types of an m-line. RTP with multiplexed RTCP leaves 96 to 127 and 35 to 63 for dynamic ones (RFC 8834
/// section 4.3), and Chromium offers about 45. The engine's work grows with their square.
pub const PAYLOAD_TYPES_MAX: usize = 64;

/// Most synchronization sources of an m-line. Three simulcast encodings with RTX and FEC have nine. The engine's work
/// grows with their square.
pub const SSRCS_MAX: usize = 32;
