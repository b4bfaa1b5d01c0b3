//! `/health`, `/ready` and `/metrics`: what balancers, orchestrators and dashboards ask.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use serde_json::json;
use whip_whep_server::client_addr::ClientAddr;

use crate::config::networks::Networks;
use crate::http::gate::Gate;
use crate::live::LiveSince;
use crate::problem::problem;
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
    /// Whom `/metrics` answers.
    pub(crate) scrapers: Arc<Networks>,
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

/// How many watch which node, and what it costs it, is the operator's business: strangers get nothing.
async fn metrics(
    State(health): State<Health>,
    Extension(ClientAddr(client)): Extension<ClientAddr>,
) -> Response {
    if !health.scrapers.contains(client) {
        let detail = "Metrics are for the addresses that the operator allows: [metrics] allow.";
        return problem(StatusCode::FORBIDDEN, "address-not-allowed", detail);
    }
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &health.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The binary's own metrics: which build this is, how many HTTP connections are open, and how many streams are live.
pub(crate) fn register(registry: &mut Registry, gate: &Arc<Gate>, live: &LiveSince) {
    let version =
        prometheus_client::metrics::info::Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("freshet_build", "The build that runs", version);
    let (gate, live) = (Arc::clone(gate), live.clone());
    let n_connections = move || gate.n_connections();
    register_count(
        registry,
        ("http_connections", "Open HTTP connections"),
        n_connections,
    );
    let n_streams = move || live.n_streams();
    register_count(
        registry,
        ("ingest_active_streams_count", "Streams that are live"),
        n_streams,
    );
}

/// A gauge of this name and help, read when it is scraped.
pub(crate) fn register_count(
    registry: &mut Registry,
    (name, help): (&'static str, &'static str),
    count: impl Fn() -> usize + Send + Sync + 'static,
) {
    let count = Box::new(count);
    registry.register_collector(Box::new(Count { name, help, count }));
}

/// A number that somebody else keeps, read when it is scraped.
struct Count {
    name: &'static str,
    help: &'static str,
    count: Box<dyn Fn() -> usize + Send + Sync>,
}

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Count").field(&self.name).finish()
    }
}

impl Collector for Count {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let gauge = ConstGauge::new(i64::try_from((self.count)()).unwrap_or(i64::MAX));
        let no_unit: Option<&Unit> = None;
        let kind = gauge.metric_type();
        let family = encoder.encode_descriptor(self.name, self.help, no_unit, kind)?;
        gauge.encode(family)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use sfu_model::id::RoomId;
    use sfu_model::time::UnixTime;
    use tower::ServiceExt as _;

    use super::*;
    use crate::config::proxies::TrustedProxies;
    use crate::config::settings::Metrics;

    /// The answer of a default configuration to this client, while these streams are live.
    async fn scrape(client: &str, live: &LiveSince) -> (StatusCode, String) {
        let mut registry = Registry::default();
        register(
            &mut registry,
            &Gate::new(1, 1, TrustedProxies::default()),
            live,
        );
        let health = Health {
            drain: Drain::default(),
            media: Arc::new(|| Box::pin(async { true })),
            registry: Arc::new(registry),
            scrapers: Arc::new(Networks::parse(&Metrics::default().allow).unwrap()),
        };
        let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
        let client = ClientAddr(client.parse().unwrap());
        request.extensions_mut().insert(client);
        let response = router(health).oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 10_000).await.unwrap();
        let kind = head.headers[CONTENT_TYPE].to_str().unwrap();
        let is_problem = kind == "application/problem+json";
        assert_eq!(is_problem, !head.status.is_success(), "{kind}");
        (head.status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn metrics_are_for_this_machine() {
        for (client, expected) in [
            ("127.0.0.1", StatusCode::OK),
            ("127.9.9.9", StatusCode::OK),
            ("::1", StatusCode::OK),
            ("128.0.0.0", StatusCode::FORBIDDEN),
            ("10.0.0.1", StatusCode::FORBIDDEN),
            ("2001:db8::1", StatusCode::FORBIDDEN),
        ] {
            let (status, text) = scrape(client, &LiveSince::default()).await;
            assert_eq!(status, expected, "{client}");
            assert_eq!(text.contains("freshet_build"), status == StatusCode::OK);
        }
    }

    #[tokio::test]
    async fn streams_are_counted_while_they_are_live() {
        let live = LiveSince::default();
        let counted = |n: usize| format!("\ningest_active_streams_count {n}\n");
        for (n, name) in ["one", "two"].into_iter().enumerate() {
            let (_, text) = scrape("::1", &live).await;
            assert!(text.contains(&counted(n)), "{text}");
            live.begin(RoomId::parse(name).unwrap(), UnixTime(1));
        }
        live.end(&RoomId::parse("one").unwrap());
        let (_, text) = scrape("::1", &live).await;
        assert!(text.contains(&counted(1)), "{text}");
    }
}
