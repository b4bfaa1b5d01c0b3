//! `/metrics` of a server with media through it.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::drop_reason::DropReason;
use tokio::net::UdpSocket;
use tokio::time::{interval, timeout};

use crate::gathering::Gathering;
use crate::node::Node;
use crate::running::PATIENCE;

/// How often the page is read until it says what it must. Its counters are at most a second old.
const READ_EVERY: Duration = Duration::from_millis(200);

/// A page, by name and labels.
struct Page(BTreeMap<String, f64>);

impl Page {
    fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let values = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        Self(values.collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Zero for what is not there: then what waits for it says which it is.
    fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    fn family<'a>(&'a self, name: &'a str) -> impl Iterator<Item = f64> + 'a {
        let named = self.0.iter().filter(move |(key, _)| {
            let (family, _) = key.split_once('{').unwrap_or((key, ""));
            family == name
        });
        named.map(|(_, value)| *value)
    }
}

/// What is more than nothing once media flowed, somebody asked for a keyframe and strangers sent noise.
const POSITIVE: [&str; 14] = [
    "sfu_rooms",
    "sfu_packets_total{direction=\"in\"}",
    "sfu_packets_total{direction=\"out\"}",
    "sfu_bytes_total{direction=\"in\"}",
    "sfu_bytes_total{direction=\"out\"}",
    "sfu_socket_calls_total{direction=\"in\"}",
    "sfu_socket_calls_total{direction=\"out\"}",
    "sfu_packets_dropped_total{reason=\"not_our_protocol\"}",
    "sfu_packets_dropped_total{reason=\"unvalidated_source\"}",
    "sfu_keyframe_requests_total{side=\"subscriber\"}",
    "sfu_keyframe_requests_total{side=\"publisher\"}",
    "sfu_join_duration_seconds_sum",
    "sfu_connect_duration_seconds_sum",
    "http_connections",
];

/// What is exactly so with one publisher and two players.
const EXACT: [(&str, f64); 4] = [
    ("sfu_sessions{role=\"publisher\"}", 1.0),
    ("sfu_sessions{role=\"subscriber\"}", 2.0),
    ("sfu_join_duration_seconds_count", 2.0),
    ("sfu_connect_duration_seconds_count", 3.0),
];

/// What the page does not say yet.
fn missing(page: &Page) -> Vec<String> {
    let positive = POSITIVE.iter().filter(|name| page.value(name) <= 0.0);
    let mut missing: Vec<String> = positive.map(|name| (*name).to_owned()).collect();
    for (name, expected) in EXACT {
        let value = page.value(name);
        if value.to_bits() != expected.to_bits() {
            missing.push(format!("{name} is {value}, not {expected}"));
        }
    }
    if !page.family("sfu_worker_busy_ratio").any(|busy| busy > 0.0) {
        missing.push("no worker was ever busy".to_owned());
    }
    missing
}

async fn read(node: &Node) -> Page {
    Page::parse(&node.get("/metrics").await.body)
}

#[tokio::test]
async fn the_metrics_page_counts_the_media_that_flowed() {
    let node = Node::with("[sfu]\nworkers = 2\n");
    let idle = missing(&read(&node).await);
    assert!(
        idle.len() >= POSITIVE.len(),
        "all of it is media's: {idle:?}"
    );
    let gathering = Gathering::of(&node).await;
    gathering.players[0].client.request_keyframe().await;
    let ice = node.running.addresses["ice"][0].as_str().unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    // Of no protocol that RFC 7983 knows here, and a DTLS handshake from where no ICE has been.
    for noise in [[0xff; 40], [22; 40]] {
        stranger.send_to(&noise, ice).await.unwrap();
    }
    let mut last = Vec::new();
    let complete = async {
        let mut reads = interval(READ_EVERY);
        loop {
            reads.tick().await;
            let page = read(&node).await;
            last = missing(&page);
            if last.is_empty() {
                return page;
            }
        }
    };
    let complete = timeout(PATIENCE, complete).await;
    let page = complete.unwrap_or_else(|_| panic!("never there: {last:?}"));
    for reason in DropReason::ALL {
        let name = format!("sfu_packets_dropped_total{{reason=\"{}\"}}", reason.label());
        assert!(page.has(&name), "{name}");
    }
    assert_eq!(page.family("sfu_worker_busy_ratio").count(), 2);
    assert!(page.family("sfu_worker_busy_ratio").all(|busy| busy <= 1.0));
    let posts: f64 = page.family("whip_whep_requests_total").sum();
    assert!(posts >= 3.0, "three sessions were opened: {posts}");
    let received = page.value("sfu_packets_total{direction=\"in\"}");
    let sent = page.value("sfu_packets_total{direction=\"out\"}");
    assert!(sent > received, "two players get what one publisher sends");
    drop(gathering);
    node.running.stop();
}
