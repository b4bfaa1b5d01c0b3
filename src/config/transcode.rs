//! The settings of what is encoded anew.

use serde::Deserialize;

/// `[transcode]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Transcode {
    pub(crate) enabled: bool,
    /// What this machine carries, in millions of pixels a second, decoded and encoded; 0 goes by its cores, or its card.
    pub(crate) megapixels_per_second: u32,
    /// Streams whose pictures share a worker process; 0 goes by who encodes.
    pub(crate) streams_per_worker: u32,
}

impl Default for Transcode {
    fn default() -> Self {
        Self {
            enabled: true,
            megapixels_per_second: 0,
            streams_per_worker: 0,
        }
    }
}

/// `[[rungs]]`: one size of pictures.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rung {
    /// Of a picture that lies.
    pub(crate) lines: u16,
    /// At 30 pictures a second.
    pub(crate) kbit_per_second: u32,
}
