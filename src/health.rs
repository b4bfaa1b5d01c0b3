//! `/health`, `/ready` and `/metrics`: what balancers, orchestrators and dashboards ask.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use serde_json::json;

use crate::http::gate::Gate;
use crate::shutdown::Drain;

/// The media type of the OpenMetrics text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Asked on every `/ready`: whether media can be served.
pub(crate) type MediaProbe =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// What the answers are made of.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) drain: Drain,
    pub(crate) media: MediaProbe,
    pub(crate) registry: Arc<Registry>,
}

/// The three routes.
pub(crate) fn router(health: Health) -> Router {
    Router::new()
        .route("/health", get(alive))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// Whether the process lives: that it answers is the answer. It depends on nothing else, so that nothing else gets it
/// restarted.
async fn alive() -> Response {
    ([(CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// Whether new sessions should be sent here.
async fn ready(State(health): State<Health>) -> Response {
    let is_draining = health.drain.has_begun();
    let has_media = (health.media)().await;
    let is_ready = has_media && !is_draining;
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let state = |good: bool| if good { "ok" } else { "failed" };
    let drain = if is_draining { "draining" } else { "ok" };
    let body =
        json!({ "ready": is_ready, "checks": { "media": state(has_media), "drain": drain } });
    let mut response = (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
    if !is_ready {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

async fn metrics(State(health): State<Health>) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &health.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The binary's own metrics: which build this is, and how many HTTP connections are open.
pub(crate) fn register(registry: &mut Registry, gate: &Arc<Gate>) {
    let version =
        prometheus_client::metrics::info::Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("freshet_build", "The build that runs", version);
    registry.register_collector(Box::new(GateMetrics(Arc::clone(gate))));
}

#[derive(Debug)]
struct GateMetrics(Arc<Gate>);

impl Collector for GateMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let n = i64::try_from(self.0.n_connections()).unwrap_or(i64::MAX);
        let gauge = ConstGauge::new(n);
        let no_unit: Option<&Unit> = None;
        let help = "Open HTTP connections";
        let family =
            encoder.encode_descriptor("http_connections", help, no_unit, gauge.metric_type())?;
        gauge.encode(family)
    }
}
