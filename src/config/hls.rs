//! The settings of HLS and DASH.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::url_keys::UrlKeyFiles;

/// `[hls]`: HLS and DASH.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Hls {
    /// Of streams that do not say.
    pub(crate) latency: Latency,
    pub(crate) dvr_secs: u64,
    /// File of the key that signs URLs; empty: one is made in the data folder.
    pub(crate) url_key: PathBuf,
    /// File of the key before it; empty: the one that lies beside it in the data folder, if there is one.
    pub(crate) url_key_old: PathBuf,
    /// The header field in which trusted proxies say from which country a request is; empty: nobody says so.
    pub(crate) country_header: String,
}

/// How far behind the camera a mass audience is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Latency {
    /// WHEP only: nothing is packaged.
    UltraLow,
    /// Parts of half a second.
    Low,
    /// Parts of a second.
    Standard,
}

impl Hls {
    /// The files of the keys.
    pub(crate) fn url_key_files(&self) -> UrlKeyFiles<'_> {
        UrlKeyFiles {
            current: &self.url_key,
            previous: &self.url_key_old,
        }
    }
}

impl Latency {
    /// Its name in the configuration, on the command line and in the API.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::UltraLow => "ultra-low",
            Self::Low => "low",
            Self::Standard => "standard",
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl Default for Hls {
    fn default() -> Self {
        Self {
            latency: Latency::Low,
            dvr_secs: 2 * 60 * 60,
            url_key: PathBuf::new(),
            url_key_old: PathBuf::new(),
            country_header: String::new(),
        }
    }
}
