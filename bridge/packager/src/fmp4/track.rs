//! What an init section and its chunks agree on without saying.

/// `track_ID` of the only track (ISO/IEC 14496-12 section 8.3.2): players that take sound and pictures from two files keep
/// them apart by file.
pub(super) const TRACK_ID: u32 = 1;
