//! Five hundred viewers of a private stream behind an edge and a shield.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_packager::utc::Utc;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use sfu_model::id::RoomId;
use signaling_auth::signed_url::key::{UrlKey, UrlRequest};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::nginx::Nginx;
use crate::playlist::renditions;
use crate::publisher::{BARS, Publisher, TONE};
use crate::running::{PATIENCE, Running, client};
use crate::viewer::Way;

/// A private stream that is packaged on a server that packages nothing of itself.
const CONFIG: &str = r#"
[http]
trusted_proxies = ["127.0.0.1"]
[hls]
latency = "ultra-low"
[[streams]]
name = "demo"
key = "demo-key-0001"
latency = "low"
"#;

const N_VIEWERS: usize = 500;

/// Viewers of one connection: no more requests at once than the edge allows one.
const VIEWERS_PER_CONNECTION: usize = 50;

/// How many parts each viewer follows: two seconds.
const N_PARTS: usize = 4;

/// The bar: requests to the origin for each part of each rendition, of playlist and part together.
const ORIGIN_REQUESTS_MAX: usize = 3;

/// Ways in which each number is written.
const N_SPELLINGS: usize = 8;

/// How many ask for the time at once.
const N_CLOCKS: usize = 100;

/// How many ask one after the other, when those have been answered: all of them within a second.
const N_CLOCKS_AFTER: usize = 3;

/// More than a hundred answers take. nginx looks twice a second whether an answer that others wait for is there, and gives one of
/// them the next turn.
const CLOCK_PATIENCE: Duration = Duration::from_millis(1_500);

/// How often something is asked that is about to change.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Everything between a publisher and its viewers.
struct Stage {
    running: Running,
    shield: Nginx,
    edge: Nginx,
    _publisher: Publisher,
}

impl Stage {
    async fn set() -> Self {
        let running = Running::with_config(CONFIG);
        let publisher = Publisher::start(BARS, TONE, &running.url("/whip/demo"), "demo-key-0001");
        let shield = Nginx::shield(running.http).await;
        let [certificate, key] =
            ["self-signed.pem", "self-signed.key"].map(|file| running.data(file));
        let edge = Nginx::edge(shield.address, &certificate, &key).await;
        Self {
            running,
            shield,
            edge,
            _publisher: publisher,
        }
    }

    /// Tokens of as many viewers.
    fn tokens(&self, n: usize, network: Option<&str>) -> Vec<String> {
        let key = UrlKey::new(&std::fs::read(self.running.data("url.key")).unwrap()).unwrap();
        let unix_now = sfu_net::clock::unix_now();
        let token = |n: usize| {
            let request = UrlRequest {
                stream: RoomId::parse("demo").unwrap(),
                // Each another's: no two tokens are the same.
                lifetime: Duration::from_secs(600 + u64::try_from(n).unwrap()),
                network: network.map(|text| text.parse().unwrap()),
                country: None,
            };
            key.sign(&request, unix_now).unwrap().expose().to_owned()
        };
        (0..n).map(token).collect()
    }

    fn way(&self, client: &Client, token: &str) -> Way {
        Way {
            client: client.clone(),
            base: format!("https://{}/signed/{token}", self.edge.address),
        }
    }

    /// Waits until the stream can be played, and gives its renditions.
    async fn renditions(&self, token: &str) -> Vec<String> {
        let url = self
            .running
            .url(&format!("/signed/{token}/hls/demo/multivariant.m3u8"));
        let (began_at, mut looks) = (Instant::now(), interval(LOOK_EVERY));
        loop {
            looks.tick().await;
            let response = client().get(&url).send().await.unwrap();
            if response.status() == StatusCode::OK {
                let found = renditions(&response.text().await.unwrap());
                // Sound may be there before pictures.
                if found.len() >= 2 {
                    return found.iter().map(|uri| format!("/hls/demo/{uri}")).collect();
                }
            }
            assert!(began_at.elapsed() < PATIENCE, "{}", self.running.log());
        }
    }

    /// How often the origin answered something with a body, by what.
    async fn origin_requests(&self) -> BTreeMap<String, usize> {
        let page = client()
            .get(self.running.url("/metrics"))
            .send()
            .await
            .unwrap();
        let page = page.text().await.unwrap();
        let rows = page.lines().filter_map(|line| {
            let (labels, n) = line.strip_prefix("hls_requests_total{")?.split_once("} ")?;
            Some((labels.to_owned(), n.parse().unwrap()))
        });
        rows.collect()
    }
}

/// A viewer's own program: it believes the test's certificate.
fn browser() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .danger_accept_invalid_certs(true)
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// The bodies of every path that anybody loaded, which are the same for all.
async fn watch(stage: &Stage, renditions: &[String]) -> BTreeMap<String, Vec<u8>> {
    let mut viewers = JoinSet::new();
    let tokens = stage.tokens(N_VIEWERS, Some("127.0.0.0/8"));
    for group in tokens.chunks(VIEWERS_PER_CONNECTION) {
        let browser = browser();
        for token in group {
            for rendition in renditions {
                let way = stage.way(&browser, token);
                let rendition = rendition.clone();
                viewers.spawn(async move {
                    let first = String::from_utf8(way.load(&rendition).await).unwrap();
                    way.follow(rendition, first, N_PARTS).await
                });
            }
        }
    }
    let mut bodies = BTreeMap::new();
    while let Some(seen) = viewers.join_next().await {
        for (path, body) in seen.unwrap() {
            let known = bodies.entry(path.clone()).or_insert_with(|| body.clone());
            assert_eq!(*known, body, "{path} is another for somebody");
        }
    }
    bodies
}

/// The parts that somebody waited for, gaps included.
fn n_parts(bodies: &BTreeMap<String, Vec<u8>>) -> usize {
    bodies.keys().filter(|path| path.contains('?')).count()
}

#[tokio::test]
async fn five_hundred_viewers_ask_the_origin_as_often_as_three() {
    let stage = Stage::set().await;
    let [token] = <[String; 1]>::try_from(stage.tokens(1, None)).unwrap();
    let renditions = stage.renditions(&token).await;
    let before = stage.origin_requests().await;
    let bodies = watch(&stage, &renditions).await;
    let after = stage.origin_requests().await;
    let count = |page: &BTreeMap<String, usize>| -> usize { page.values().sum() };
    let asked = count(&after) - count(&before);
    let n_parts = n_parts(&bodies);
    println!("the origin is asked {asked} times for {n_parts} parts");
    assert!(n_parts >= renditions.len() * N_PARTS, "{n_parts}");
    assert!(
        asked <= n_parts * ORIGIN_REQUESTS_MAX,
        "{asked} for {n_parts} parts: {after:?}"
    );
    assert_bodies(&stage, &token, &bodies).await;
    assert_ranges(&stage, &token, &bodies).await;
    assert_spellings(&stage, &token, &bodies).await;
    assert_clock(&stage, &token).await;
    assert_thumbnail(&stage, &token).await;
    assert_tokens(&stage, &token, &bodies, &renditions[0]).await;
    let logs = [stage.edge.stop(), stage.shield.stop()].concat();
    assert!(
        logs.contains("/signed/*/hls/demo/") && !logs.contains(&token),
        "{logs}"
    );
    stage.running.stop();
}

/// What came by way of the caches is what the origin has: the part, or what became of it in its segment.
async fn assert_bodies(stage: &Stage, token: &str, bodies: &BTreeMap<String, Vec<u8>>) {
    let ask = async |path: &str| {
        let url = stage.running.url(&format!("/signed/{token}{path}"));
        let response = client().get(url).send().await.unwrap();
        let is_there = response.status() == StatusCode::OK;
        is_there.then_some(response.bytes().await.unwrap())
    };
    for (path, body) in bodies.iter().filter(|(path, _)| !path.contains('?')) {
        if let Some(part) = ask(path).await {
            assert_eq!(part, *body, "{path}");
            continue;
        }
        let mut words: Vec<&str> = path.split('.').collect();
        words.remove(1);
        let segment = ask(&words.join("."))
            .await
            .expect("neither part nor segment");
        let is_in_it = segment.windows(body.len()).any(|bytes| bytes == body);
        assert!(is_in_it, "{path} is not in its segment");
    }
}

/// A range of a part is cut from the whole.
async fn assert_ranges(stage: &Stage, token: &str, bodies: &BTreeMap<String, Vec<u8>>) {
    let (path, body) = bodies.iter().find(|(path, _)| !path.contains('?')).unwrap();
    let way = stage.way(&browser(), token);
    let url = format!("{}{path}", way.base);
    let ranged = way
        .client
        .get(url)
        .header("range", "bytes=4-7")
        .send()
        .await
        .unwrap();
    assert_eq!(ranged.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(ranged.bytes().await.unwrap(), body[4..8]);
}

/// However a query is spelt, a playlist has one copy for each place in it, and a part has one.
async fn assert_spellings(stage: &Stage, token: &str, bodies: &BTreeMap<String, Vec<u8>>) {
    let way = stage.way(&browser(), token);
    let status = async |path: &str| {
        let response = way.client.get(format!("{}{path}", way.base)).send().await;
        response.unwrap().status()
    };
    let awaited = bodies.keys().rfind(|path| path.contains('?')).unwrap();
    let (playlist, _) = awaited.split_once('?').unwrap();
    let (_, number) = awaited.split_once("_HLS_msn=").unwrap();
    let (segment, part) = number.split_once("&_HLS_part=").unwrap();
    let (media, _) = bodies.iter().find(|(path, _)| !path.contains('?')).unwrap();
    // In the caches, should they have let go of it.
    for path in [awaited, media] {
        assert_eq!(status(path).await, StatusCode::OK, "{path}");
    }
    // Every part past the last of a segment that is whole is the first of the next.
    let past = |part: usize| format!("{playlist}?_HLS_msn=0&_HLS_part={part}");
    assert_eq!(status(&past(99)).await, StatusCode::OK);
    let before = stage.origin_requests().await;
    for n in 1..=N_SPELLINGS {
        let zeros = "0".repeat(n);
        for path in [
            format!("{playlist}?_HLS_msn={zeros}{segment}&_HLS_part={part}"),
            format!("{playlist}?_HLS_msn={segment}&_HLS_part={zeros}{part}&_HLS_skip=x{n}"),
            format!("{media}?_HLS_msn={n}&_HLS_part={n}&_HLS_skip=YES"),
            past(99 + n),
        ] {
            assert_eq!(status(&path).await, StatusCode::OK, "{path}");
        }
    }
    assert_eq!(stage.origin_requests().await, before);
    for nonsense in [
        "_HLS_msn=1x",
        "_HLS_msn=-1",
        "_HLS_part=1",
        "_HLS_msn=12345678901",
    ] {
        let path = format!("{playlist}?{nonsense}");
        assert_eq!(status(&path).await, StatusCode::BAD_REQUEST, "{path}");
    }
}

/// Who asks for the time does not wait for others who do, nor gets an old one: not who asks at the same time, and not who asks
/// just after somebody else.
async fn assert_clock(stage: &Stage, token: &str) {
    let way = stage.way(&browser(), token);
    let url = format!("{}/dash/demo/time", way.base);
    let mut asked = JoinSet::new();
    for _ in 0..N_CLOCKS {
        asked.spawn(time_of(way.client.get(&url)));
    }
    let mut waited = asked.join_all().await;
    for _ in 0..N_CLOCKS_AFTER {
        waited.push(time_of(way.client.get(&url)).await);
    }
    let longest = waited.into_iter().max().unwrap();
    assert!(longest < CLOCK_PATIENCE, "{longest:?}");
}

/// How long the time was waited for, which was made meanwhile.
async fn time_of(request: RequestBuilder) -> Duration {
    let before = now();
    let began_at = Instant::now();
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let time = response.text().await.unwrap();
    // Of one length, and so in the order of time.
    let after = now();
    assert!(before <= time && time <= after, "{before} {time} {after}");
    began_at.elapsed()
}

/// The wall time as the server writes it.
fn now() -> String {
    let now_ms = sfu_net::clock::since_epoch().as_millis();
    Utc(u64::try_from(now_ms).unwrap()).to_string()
}

/// The first keyframe became a picture, in a process of its own.
async fn assert_thumbnail(stage: &Stage, token: &str) {
    let way = stage.way(&browser(), token);
    let url = format!("{}/hls/demo/thumbnail.jpg", way.base);
    let (began_at, mut looks) = (Instant::now(), interval(LOOK_EVERY));
    loop {
        looks.tick().await;
        let response = way.client.get(&url).send().await.unwrap();
        if response.status() == StatusCode::OK {
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("content-type"), "image/jpeg");
            assert_eq!(header("cache-control"), "max-age=10");
            assert!(!header("etag").is_empty());
            assert!(
                response
                    .bytes()
                    .await
                    .unwrap()
                    .starts_with(&[0xff, 0xd8, 0xff])
            );
            return;
        }
        let reason = response.text().await.unwrap();
        assert!(reason.contains("first keyframe"), "{reason}");
        assert!(began_at.elapsed() < PATIENCE, "{}", stage.running.log());
    }
}

/// What is in the cache by now is not for who has no token, or another's.
async fn assert_tokens(
    stage: &Stage,
    token: &str,
    bodies: &BTreeMap<String, Vec<u8>>,
    rendition: &str,
) {
    let browser = browser();
    let ask = async |base: String, path: &str| {
        let response = browser.get(format!("{base}{path}")).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap_or_default();
        let problem: Value = serde_json::from_str(&text).unwrap_or_default();
        (
            status,
            problem["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let edge = format!("https://{}", stage.edge.address);
    let [elsewhere] = <[String; 1]>::try_from(stage.tokens(1, Some("203.0.113.0/24"))).unwrap();
    let mut forged = token.to_owned();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'E' } else { 'A' });
    let none = String::new();
    for path in bodies.keys().take(2).map(String::as_str).chain([rendition]) {
        for (base, expected) in [
            (stage.way(&browser, token).base, (200, none.clone())),
            (edge.clone(), (403, none.clone())),
            (
                stage.way(&browser, &forged).base,
                (403, "url-signature".to_owned()),
            ),
            (
                stage.way(&browser, &elsewhere).base,
                (403, "url-address".to_owned()),
            ),
        ] {
            assert_eq!(ask(base.clone(), path).await, expected, "{base}{path}");
        }
    }
    let (status, _) = ask(edge, "/hls/demo/x%0d%0aHost:%20y/live.m3u8").await;
    assert_eq!(status, 404, "what needs escaping goes no further");
}
