//! Bounds of an offer that come from the media engine and from RTP.

/// Most payload types of an m-line: the number is 7 bits wide (RFC 3550 section 5.1).
pub const PAYLOAD_TYPES_MAX: usize = 128;

/// Longest mid, in bytes: the engine keeps 16, and would take two longer ones for one. RFC 8843 section 14 asks for
/// short ones, since they travel in packets.
pub const MID_BYTES_MAX: usize = 16;

/// Longest rid, in bytes: the engine keeps 8, and would take two longer ones for one. Clients use one to three.
pub const RID_BYTES_MAX: usize = 8;
