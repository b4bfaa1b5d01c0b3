//! The file of the streams, as it is written.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use signaling_auth::stream_key::KeyHash;

use crate::config::hls::Latency;

/// The format of the file. A higher number is a newer server's and is not touched.
pub(super) const FORMAT: u32 = 1;

/// One stream as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Made {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<KeyHash>,
    pub(crate) public: bool,
    #[serde(default)]
    pub(crate) ended: bool,
    /// In place of the configuration's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<Latency>,
    /// How many may play it by WHEP at once, in place of the configuration's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) players: Option<usize>,
    /// Unix seconds; zero for a stream of the configuration file.
    #[serde(default)]
    pub(crate) created_at: u64,
}

/// What a stream is made with, beside its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// Whether anybody may play it.
    pub(crate) public: bool,
    /// In place of the configuration's.
    pub(crate) latency: Option<Latency>,
    /// How many may play it by WHEP at once, in place of the configuration's.
    pub(crate) players: Option<NonZeroUsize>,
}

/// The file.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) format: u32,
    #[serde(default)]
    pub(super) streams: BTreeMap<String, Made>,
    /// Names of streams of the configuration file that have been ended.
    #[serde(default)]
    pub(super) ended: Vec<String>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            format: FORMAT,
            streams: BTreeMap::new(),
            ended: Vec::new(),
        }
    }
}
