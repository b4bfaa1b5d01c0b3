//! What whoever mounts the router must do, and what happens if not.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use http::{Request, Response};
use sfu_model::id::{RoomId, SessionId};
use sfu_server::Sfu;
use signaling_auth::authorizer::Authorizer;
use signaling_auth::secret::ServerSecret;
use signaling_auth::stream::{Stream, StreamTable};
use signaling_auth::stream_key::StreamKey;
use signaling_auth::token::verify::Verifier;
use tower::ServiceExt as _;
use whip_whep_core::endpoint::Config;
use whip_whep_server::access::Access;
use whip_whep_server::client_addr::ClientAddr;
use whip_whep_server::service::WhipWhep;

const OFFER: &str = include_str!("../../core/tests/protocol/offers/obs_publish.sdp");
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const KEY: &str = "demo-key-0001";

/// Who has the key may publish `demo`.
fn access() -> Access {
    let secret = ServerSecret::new(&[7; 32]);
    let name = RoomId::parse("demo").unwrap();
    let key = StreamKey::parse(KEY).unwrap().hash(&name, &secret);
    let demo = Stream {
        key: Some(key),
        is_public: true,
        is_ended: false,
        players_max: None,
    };
    let verifier = Verifier::new(Vec::new()).unwrap();
    Access::new(Authorizer::new(
        secret,
        verifier,
        StreamTable::from_iter([(name, demo)]),
    ))
}

fn whip_whep() -> WhipWhep {
    let config = sfu_server::Config {
        listen: vec![SocketAddr::new(LOOPBACK, 0)],
        advertise: Vec::new(),
        n_workers: 1,
    };
    let (sfu, _events) = Sfu::start(&config).unwrap();
    WhipWhep::new(Config::default(), sfu, Arc::new(access()))
}

fn post() -> Request<Body> {
    let request = Request::post("/whip/demo").header("content-type", "application/sdp");
    let request = request.header("authorization", format!("Bearer {KEY}"));
    request.body(Body::from(OFFER)).unwrap()
}

async fn send(whip_whep: &WhipWhep, mut request: Request<Body>) -> Response<Body> {
    request.extensions_mut().insert(ClientAddr(LOOPBACK));
    whip_whep.router().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_request_without_a_client_address_is_the_listeners_fault() {
    let response = whip_whep().router().oneshot(post()).await.unwrap();
    assert_eq!(response.status(), 500);
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("\"code\":\"internal\""));
}

#[tokio::test]
async fn a_session_that_the_sfu_closed_is_404_once_it_is_passed_on() {
    let whip_whep = whip_whep();
    let opened = send(&whip_whep, post()).await;
    assert_eq!(opened.status(), 201);
    let location = opened.headers()["location"].to_str().unwrap().to_owned();
    let get = || Request::get(&location).body(Body::empty()).unwrap();
    assert_eq!(send(&whip_whep, get()).await.status(), 204);
    let (_, id) = location.rsplit_once('/').unwrap();
    whip_whep.session_closed(SessionId::parse(id).unwrap());
    assert_eq!(send(&whip_whep, get()).await.status(), 404);
}

#[tokio::test]
async fn a_draining_service_refuses_posts() {
    let whip_whep = whip_whep();
    whip_whep.set_draining();
    let refused = send(&whip_whep, post()).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn metrics_count_requests_sessions_and_limits() {
    let whip_whep = whip_whep();
    let mut registry = prometheus_client::registry::Registry::default();
    whip_whep.register_metrics(&mut registry);
    assert_eq!(send(&whip_whep, post()).await.status(), 201);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for line in [
        "whip_whep_requests_total{endpoint=\"whip\",verb=\"post\",status=\"201\"} 1\n",
        "whip_whep_sessions{endpoint=\"whip\"} 1\n",
        "whip_whep_sessions{endpoint=\"whep\"} 0\n",
        "whip_whep_limit_hits_total{limit=\"posts_per_client\"} 0\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}
