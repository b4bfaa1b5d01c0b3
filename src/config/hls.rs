//! The settings of HLS and DASH.

use serde::Deserialize;

/// `[hls]`: HLS and DASH.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Hls {
    pub(crate) latency: Latency,
    pub(crate) dvr_secs: u64,
}

/// How far behind the camera a mass audience is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Latency {
    /// WHEP only: nothing is packaged.
    UltraLow,
    /// Parts of half a second.
    Low,
    /// Parts of a second.
    Standard,
}

impl Default for Hls {
    fn default() -> Self {
        Self {
            latency: Latency::Low,
            dvr_secs: 2 * 60 * 60,
        }
    }
}
