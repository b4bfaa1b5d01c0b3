//! HLS and DASH in front of the media plane.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::request;
use bridge_packager::config::Windows;
use bridge_packager::latency::LatencyMode;
use bridge_server::bridge::{Bridge, Config};
use bridge_server::router::MayPlay;
use sfu_net::clock;
use sfu_server::Sfu;
use whip_whep_server::access::Access;

use crate::config::hls::Latency;
use crate::config::settings;
use crate::data_dir::DataDir;

/// The folder of what has left the memory, in the data folder.
const FOLDER: &str = "hls";

/// The operator must act.
#[derive(Debug, thiserror::Error)]
#[error("{folder}: {error}; it holds the DVR windows of streams that are gone: remove it")]
pub(crate) struct BridgeError {
    folder: PathBuf,
    error: std::io::Error,
}

/// The bridge, where streams are to be packaged.
pub(super) fn open(
    config: &settings::Config,
    data: &DataDir,
    sfu: Sfu,
) -> Result<Option<Bridge>, BridgeError> {
    let latency = match config.hls.latency {
        Latency::UltraLow => return Ok(None),
        Latency::Low => LatencyMode::Low,
        Latency::Standard => LatencyMode::Standard,
    };
    let folder = data.file(FOLDER);
    let windows = Windows {
        dvr: Duration::from_secs(config.hls.dvr_secs),
        ..Windows::default()
    };
    let parts = Config {
        latency,
        windows,
        folder: folder.clone(),
    };
    let bridge = Bridge::new(sfu, parts).map_err(|error| BridgeError { folder, error })?;
    Ok(Some(bridge))
}

/// Who may play by WHEP may play by HLS and DASH.
pub(super) fn may_play(access: Arc<Access>) -> MayPlay {
    Arc::new(move |stream, head: &request::Parts| {
        access.may_play(stream, bearer(head), clock::unix_now())
    })
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).
fn bearer(head: &request::Parts) -> Option<&str> {
    let value = head.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}
