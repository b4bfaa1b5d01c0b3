//! The range of an estimate.

use sfu_model::rate::Bitrate;

/// No path is estimated lower: audio alone needs it, and a path that carries less carries no call (libwebrtc's floor is
/// 5 kbit/s, its applications' 30). Where less gets through the estimate stays here, and the viewer loses packets.
pub(crate) const ESTIMATE_MIN: Bitrate = Bitrate::from_kbps(30);

/// No path is estimated higher: more than any layer of a browser's 4K needs, and what the history of sent packets can
/// follow. A viewer who claims more gets no more.
pub(crate) const ESTIMATE_MAX: Bitrate = Bitrate::from_kbps(30_000);

/// What a path is taken for before anything is known of it. libwebrtc starts at 300 kbit/s, because a call must work at
/// once; a viewer has come for a picture: most paths carry this, the middle layer of three, and one that does not
/// shows it within a second.
pub(crate) const ESTIMATE_START: Bitrate = Bitrate::from_kbps(1_000);

const _: () = assert!(ESTIMATE_MIN.0 < ESTIMATE_START.0 && ESTIMATE_START.0 < ESTIMATE_MAX.0);

/// The rate, or the end of the range that it is past.
pub(crate) fn in_range(rate: Bitrate) -> Bitrate {
    rate.clamp(ESTIMATE_MIN, ESTIMATE_MAX)
}
