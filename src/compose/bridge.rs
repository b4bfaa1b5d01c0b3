//! HLS and DASH in front of the media plane.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::request;
use bridge_packager::config::Windows;
use bridge_server::bridge::{Bridge, Config};
use bridge_server::router::MayPlay;
use bridge_server::studio::Tell;
use bridge_server::thumbnails::Draw;
use sfu_net::clock;
use sfu_server::Sfu;
use whip_whep_server::access::Access;
use whip_whep_server::client_addr::ClientAddr;
use whip_whep_server::service::WhipWhep;

use super::transcode;
use crate::config::proxies::TrustedProxies;
use crate::config::settings;
use crate::data_dir::DataDir;
use crate::signed::{CountryHeader, Gate, Refusals, SignedFor};
use crate::thumbnails::desk::Desk;
use crate::url_keys::{self, UrlKeyError};

/// The folder of what has left the memory, in the data folder.
const FOLDER: &str = "hls";

/// The operator must act.
#[derive(Debug, thiserror::Error)]
#[error("{folder}: {error}; it holds the DVR windows of streams that are gone: remove it")]
pub(crate) struct BridgeError {
    folder: PathBuf,
    error: std::io::Error,
}

/// How a worker for thumbnails is started.
const WORKER: &[&str] = &["thumbnail-worker"];

/// The bridge. It packages nothing until a stream that is to be packaged is live.
pub(super) fn open(
    config: &settings::Config,
    data: &DataDir,
    sfu: Sfu,
    (draw, tell): (Draw, Tell),
) -> Result<Bridge, BridgeError> {
    let folder = data.file(FOLDER);
    let windows = Windows {
        dvr: Duration::from_secs(config.hls.dvr_secs),
        ..Windows::default()
    };
    let parts = Config {
        windows,
        folder: folder.clone(),
        transcode: transcode::start(config, sfu.clock()),
        draw: Some(draw),
        tell: Some(tell),
    };
    Bridge::new(sfu, parts).map_err(|error| BridgeError { folder, error })
}

/// Who may play by WHEP may play by HLS and DASH, and so may who has a signed URL.
pub(super) fn may_play(access: Arc<Access>) -> MayPlay {
    Arc::new(move |stream, head: &request::Parts| {
        let signed_for = head.extensions.get::<SignedFor>();
        signed_for.is_some_and(|signed| signed.is_for(stream))
            || access.may_play(stream, bearer(head), clock::unix_now())
    })
}

/// Who asks, as the listener has noted it.
pub(super) fn sent_by(head: &request::Parts) -> Option<IpAddr> {
    let client = head.extensions.get::<ClientAddr>();
    client.map(|ClientAddr(address)| *address)
}

/// Who tells publishers what is wrong with their streams.
pub(super) fn tell(whip_whep: WhipWhep) -> Tell {
    Arc::new(move |room, warnings| whip_whep.room_warned(room, warnings))
}

/// Who makes thumbnails: this very program, in processes of its own.
pub(super) fn thumbnails() -> std::io::Result<Desk> {
    Desk::open(std::env::current_exe()?, WORKER)
}

/// What signed URLs are checked with.
pub(super) fn gate(config: &settings::Config, data: &DataDir) -> Result<Gate, UrlKeyError> {
    let keys = url_keys::keys(config.hls.url_key_files(), data)?;
    let country = CountryHeader {
        // Both were checked with the configuration.
        name: config.hls.country_header.parse().ok(),
        proxies: TrustedProxies::parse(&config.http.trusted_proxies).unwrap_or_default(),
    };
    Ok(Gate {
        keys: Arc::new(keys),
        country: Arc::new(country),
        refusals: Refusals::default(),
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
