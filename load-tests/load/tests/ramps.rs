//! Ramps against the WHIP and WHEP endpoints, over HTTP and real sockets.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use freshet_load::encodings::Encodings;
use freshet_load::endpoint::Endpoint;
use freshet_load::pacer::Pacing;
use freshet_load::proc::Process;
use freshet_load::publisher::Media;
use freshet_load::ramp::{self, Bars, Report, Scenario};
use freshet_load::stage::Setting;
use serde_json::Value;
use sfu_model::id::RoomId;
use sfu_server::Sfu;
use signaling_auth::authorizer::Authorizer;
use signaling_auth::secret::ServerSecret;
use signaling_auth::stream::{Stream, StreamTable};
use signaling_auth::stream_key::StreamKey;
use signaling_auth::token::verify::Verifier;
use tokio::net::TcpListener;
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;
use whip_whep_core::endpoint::Config;
use whip_whep_server::access::Access;
use whip_whep_server::client_addr::ClientAddr;
use whip_whep_server::service::WhipWhep;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const KEY: &str = "demo-key-0001";

/// Whoever has the key may publish `demo`, and everybody may play it.
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
    let streams = StreamTable::from_iter([(name, demo)]);
    Access::new(Authorizer::new(secret, verifier, streams))
}

/// The product's media plane and endpoints, listening.
async fn start_server() -> SocketAddr {
    let config = sfu_server::Config {
        listen: vec![SocketAddr::new(LOCAL, 0)],
        advertise: Vec::new(),
        n_workers: 1,
    };
    let (sfu, mut events) = Sfu::start(&config).unwrap();
    let endpoints = WhipWhep::new(Config::default(), sfu, Arc::new(access()));
    // A worker whose events nobody takes lets nobody in.
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    let listener = TcpListener::bind((LOCAL, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = endpoints.router().layer(Extension(ClientAddr(LOCAL)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn ramp(steps: &[usize], bars: Bars, networks: &str, hold: bool) -> Report {
    let http = start_server().await;
    let endpoint = |path: &str, key| {
        let client = Client::new(&Trust::System, key).unwrap();
        Endpoint::new(client, format!("http://{http}/{path}/demo"))
    };
    let second = Duration::from_secs(1);
    let scenario = Scenario {
        setting: Setting {
            whip: endpoint("whip", Some(KEY)),
            whep: endpoint("whep", None),
            local: LOCAL,
            media: Media {
                bitrate_bps: 1_000_000,
                encodings: Encodings::One,
                pacing: Pacing::Bursty,
            },
            joins_per_second: 16,
            networks: networks.parse().unwrap(),
            server: Some(Process::new(std::process::id())),
        },
        steps: steps.to_vec(),
        measured: second,
        held: hold.then_some(second),
        bars,
    };
    ramp::run(&scenario, |_| ()).await.unwrap()
}

const NO_LOSS: Bars = Bars {
    lost_max: 0,
    latency_p99_max: None,
    server_cores_max: None,
};

fn figures(report: &Report) -> Vec<Value> {
    let json = serde_json::to_value(report).unwrap();
    let steps = json.get("steps").and_then(Value::as_array);
    steps.unwrap().clone()
}

#[tokio::test]
async fn each_step_is_a_row_and_the_last_line_says_how_many_were_carried() {
    let report = ramp(&[2, 4], NO_LOSS, "clean", true).await;
    assert!(report.passed(), "{report}");
    let text = report.to_string();
    let rows: Vec<_> = text.lines().collect();
    assert_eq!(rows.len(), 5, "{text}");
    let viewers = |row: &str| row.split_whitespace().next().map(str::to_owned);
    let of_rows: Vec<_> = rows[1..4].iter().filter_map(|row| viewers(row)).collect();
    assert_eq!(of_rows, ["2", "4", "4"], "{text}");
    assert_eq!(rows[4], "carried: 4 viewers");

    let steps = figures(&report);
    let number = |step: usize, name: &str| steps[step][name].as_f64().unwrap();
    // Fifty of sound, and at least as many of pictures.
    assert!(number(0, "packets_per_second") > 2.0 * 100.0 * 0.8);
    let grown = number(1, "packets_per_second") / number(0, "packets_per_second");
    assert!((1.5..2.7).contains(&grown), "{grown} times as many");
    for name in ["join_p50_ms", "latency_p99_us", "server_cores"] {
        assert!(number(1, name) > 0.0, "{name}");
    }
    assert!(steps[2]["join_p50_ms"].is_null(), "nobody joins in a hold");
}

#[tokio::test]
async fn the_first_step_that_breaks_a_bar_is_the_last() {
    let bars = Bars {
        latency_p99_max: Some(Duration::from_nanos(1)),
        ..NO_LOSS
    };
    let report = ramp(&[1, 2], bars, "clean", false).await;
    assert!(!report.passed());
    assert_eq!((report.steps().len(), report.viewers_carried()), (1, 0));
    let text = report.to_string();
    assert!(
        text.contains("STOPPED at 1 viewers: latency p99 "),
        "{text}"
    );
    assert!(text.ends_with("carried: 0 viewers\n"));
}

#[tokio::test]
async fn players_of_each_network_have_a_row() {
    let bars = Bars {
        lost_max: u64::MAX,
        ..NO_LOSS
    };
    let report = ramp(&[4], bars, "clean:50,mobile:50", false).await;
    assert!(report.passed(), "{report}");
    let steps = figures(&report);
    let networks = steps[0]["networks"].as_array().unwrap();
    let latency = |n: usize| networks[n]["latency_p50_us"].as_u64().unwrap();
    assert_eq!(networks.len(), 2);
    assert_eq!(networks[0]["network"], "clean");
    assert_eq!(networks[1]["network"], "mobile");
    assert_eq!(networks[1]["viewers"], 2);
    assert!(latency(0) < 60_000 && latency(1) >= 60_000, "{report}");
}
