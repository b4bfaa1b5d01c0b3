//! Who gets what: rooms, their tracks, their subscribers on this worker and the other workers that want them.

pub(crate) mod arrivals;
pub mod demand;
pub(crate) mod loudest;
pub(crate) mod packet_cache;
pub(crate) mod rate_meter;
pub(crate) mod room;
pub mod tracks;
