//! How far behind the camera the audience of each stream is.

use sfu_model::id::RoomId;

use crate::config::hls::Latency;
use crate::streams::StreamStore;

/// What each stream says, and what holds for those that say nothing. A stream that is live goes on as it began.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    pub(crate) store: StreamStore,
    pub(crate) default: Latency,
}

impl Latencies {
    /// Of one stream.
    pub(crate) fn of(&self, stream: &RoomId) -> Latency {
        self.store.latency_of(stream).unwrap_or(self.default)
    }
}
