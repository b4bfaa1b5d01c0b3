//! One turn of a sender: what it may use of its worker.

use sfu_model::datagram::TransmitBatch;
use sfu_model::time::{Instant, NtpTime};

use crate::route::packet_cache::PacketCache;
use crate::session::gate::Path;
use crate::stats::Stats;

/// What a sender that has its turn may use of its worker.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    /// The packets of the room.
    pub(crate) cache: &'a PacketCache,
    pub(crate) path: &'a Path,
    pub(crate) now: Instant,
    /// The wall clock at the start of ours, for reports.
    pub(crate) ntp_anchor: NtpTime,
    pub(crate) batch: &'a mut TransmitBatch,
    pub(crate) stats: &'a mut Stats,
    /// Bytes of pictures that left as they came.
    pub(crate) straight_bytes: usize,
}
