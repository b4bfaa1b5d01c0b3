//! `/api/v1`: what the web client's pages ask.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use sfu_model::id::RoomId;
use whip_whep_server::access::Access;

use crate::latencies::Latencies;
use crate::live::LiveSince;

/// How many play a room, for every room that has anybody in it.
pub(crate) type Audiences = Arc<dyn Fn() -> Vec<(RoomId, Audience)> + Send + Sync>;

/// One room's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Audience {
    pub(crate) is_live: bool,
    pub(crate) n_viewers: usize,
}

/// What the answers are made of.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) access: Arc<Access>,
    pub(crate) live: LiveSince,
    pub(crate) audiences: Audiences,
    pub(crate) latencies: Latencies,
}

#[derive(Serialize)]
struct StreamList {
    streams: Vec<StreamItem>,
}

#[derive(Serialize)]
struct StreamItem {
    name: String,
    live: bool,
    viewers: usize,
    /// `ultra-low`: by WHEP only; otherwise by HLS and DASH too.
    latency: &'static str,
    /// Unix seconds; absent while it is not live.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<u64>,
}

/// The routes.
pub(crate) fn router(api: Api) -> Router {
    Router::new()
        .route("/api/v1/streams", get(streams))
        .with_state(api)
}

/// The public streams, those that are live first. A private stream's name is nobody's business.
async fn streams(State(api): State<Api>) -> Response {
    let audiences = (api.audiences)();
    let item = |name: RoomId| {
        let audience = audiences
            .iter()
            .find(|(room, _)| *room == name)
            .map(|(_, audience)| audience);
        let live = audience.is_some_and(|audience| audience.is_live);
        StreamItem {
            live,
            latency: api.latencies.of(&name).label(),
            viewers: audience.map_or(0, |audience| audience.n_viewers),
            started_at: live
                .then(|| api.live.since(&name))
                .flatten()
                .map(|since| since.0),
            name: name.as_str().to_owned(),
        }
    };
    let mut streams: Vec<StreamItem> = api.access.public_streams().into_iter().map(item).collect();
    streams.sort_by(|a, b| b.live.cmp(&a.live).then_with(|| a.name.cmp(&b.name)));
    ([(CACHE_CONTROL, "no-store")], Json(StreamList { streams })).into_response()
}
