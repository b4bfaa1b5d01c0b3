//! Signed URLs, from the command that makes them to the listener that takes them.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;
use signaling_auth::signed_url::key::{UrlKey, UrlRequest};
use tokio::time::{Instant, interval};

use crate::running::{PATIENCE, Running, client};
use crate::scratch::Scratch;

/// A private stream, and this machine as a proxy that knows countries.
const CONFIG: &str = r#"
[http]
trusted_proxies = ["127.0.0.1"]
[hls]
country_header = "x-country"
[log]
level = "trace"
[[streams]]
name = "private"
[[streams]]
name = "other"
"#;

/// How often something is asked that is about to change.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a proxy says of a client.
const FORWARDED: [(&str, &str); 2] = [
    ("x-forwarded-proto", "https"),
    ("x-forwarded-for", "203.0.113.7"),
];

/// The token of a URL for `private`.
fn sign(running: &Running, more: &[&str]) -> String {
    let arguments = ["token", "sign", "--stream", "private", "--expires", "1h"];
    let url = running.command(&[&arguments, more].concat());
    let (origin, path) = url.trim().split_once("/signed/").unwrap();
    assert_eq!(origin, running.url(""));
    let (token, file) = path.split_once('/').unwrap();
    assert_eq!(file, "hls/private/multivariant.m3u8");
    token.to_owned()
}

/// The status, and the reason of a refusal.
async fn ask(running: &Running, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = client().get(running.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    let body = response.text().await.unwrap();
    let problem = serde_json::from_str::<Value>(&body).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or_default();
    (status, code.to_owned())
}

/// What is said of a token for `private`, of somebody far away.
async fn check(running: &Running, token: &str) -> (StatusCode, String) {
    ask(
        running,
        &format!("/signed/{token}/check/private"),
        &FORWARDED,
    )
    .await
}

fn good() -> (StatusCode, String) {
    (StatusCode::NO_CONTENT, String::new())
}

fn refused(reason: &str) -> (StatusCode, String) {
    (StatusCode::FORBIDDEN, format!("url-{reason}"))
}

#[tokio::test]
async fn a_signed_url_is_good_for_whom_it_names_and_no_log_has_it() {
    let running = Running::with_config(CONFIG);
    let anybody = sign(&running, &[]);
    assert_eq!(check(&running, &anybody).await, good());
    let here = sign(&running, &["--ip", "203.0.113.0/24"]);
    assert_eq!(check(&running, &here).await, good());
    let there = sign(&running, &["--ip", "198.51.100.1"]);
    assert_eq!(check(&running, &there).await, refused("address"));
    let dutch = sign(&running, &["--country", "NL"]);
    assert_eq!(check(&running, &dutch).await, refused("country"));
    for (country, expected) in [("nl", good()), ("DE", refused("country"))] {
        let headers = [FORWARDED[0], FORWARDED[1], ("x-country", country)];
        let path = format!("/signed/{dutch}/check/private");
        assert_eq!(ask(&running, &path, &headers).await, expected, "{country}");
    }
    let elsewhere = format!("/signed/{anybody}/check/other");
    assert_eq!(
        ask(&running, &elsewhere, &FORWARDED).await,
        refused("signature")
    );
    let page = client().get(running.url("/metrics")).send().await.unwrap();
    let page = page.text().await.unwrap();
    for (reason, n) in [
        ("address", 1),
        ("country", 2),
        ("signature", 1),
        ("expired", 0),
    ] {
        let line = format!("hls_url_refusals_total{{reason=\"{reason}\"}} {n}\n");
        assert!(page.contains(&line), "{line} in {page}");
    }
    let log = running.stop();
    for token in [anybody, here, there, dutch] {
        let mac = token.rsplit('.').next().unwrap();
        assert!(!log.contains(mac), "{log}");
    }
}

#[tokio::test]
async fn what_is_behind_a_good_token_is_looked_for_and_behind_a_bad_one_is_not() {
    let running = Running::with_config(CONFIG);
    let token = sign(&running, &[]);
    for (path, expected) in [
        (
            format!("/signed/{token}/hls/private/multivariant.m3u8"),
            404,
        ),
        (format!("/signed/{token}/dash/private/manifest.mpd"), 404),
        (format!("/signed/{token}/hls/other/multivariant.m3u8"), 403),
        (
            format!("/signed/{token}x/hls/private/multivariant.m3u8"),
            403,
        ),
        (format!("/signed/{token}/hls/%70rivate/live.m3u8"), 403),
        (format!("/signed/{token}/whip/private"), 404),
        ("/signed/hls/private/multivariant.m3u8".to_owned(), 404),
    ] {
        let request = client().get(running.url(&path)).headers(forwarded());
        let status = request.send().await;
        assert_eq!(status.unwrap().status().as_u16(), expected, "{path}");
    }
    running.stop();
}

fn forwarded() -> HeaderMap {
    let fields = FORWARDED.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    fields.into_iter().collect()
}

#[tokio::test]
async fn a_country_that_a_stranger_claims_is_none() {
    let scratch = Scratch::new();
    let strangers = CONFIG.replace("127.0.0.1", "192.0.2.1");
    scratch.write("freshet.toml", &strangers);
    let running = Running::start_in(scratch, &[]);
    let dutch = sign(&running, &["--country", "NL"]);
    let path = format!("/signed/{dutch}/check/private");
    let claimed = ask(&running, &path, &[("x-country", "NL")]).await;
    assert_eq!(claimed, refused("country"));
    running.stop();
}

#[tokio::test]
async fn a_key_that_is_replaced_is_believed_until_its_file_is_gone() {
    let scratch = Scratch::new();
    scratch.write("freshet.toml", CONFIG);
    let data = scratch.path().join("kept");
    let arguments = ["--data", data.to_str().unwrap()];
    let sign = || {
        let command = ["token", "sign", "--stream", "private", "--expires", "1h"];
        let url = crate::running::said(&scratch, &[&command, &arguments[..]].concat());
        url.split('/').nth(4).unwrap().to_owned()
    };
    let start = || {
        let place = Scratch::new();
        place.write("freshet.toml", CONFIG);
        Running::start_in(place, &arguments)
    };
    let before = sign();
    let key = data.join("url.key");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let old = data.join("url.key.old");
    std::fs::rename(&key, &old).unwrap();
    let running = start();
    let after = sign();
    assert_eq!(check(&running, &before).await, good());
    assert_eq!(check(&running, &after).await, good());
    running.stop();
    std::fs::remove_file(old).unwrap();
    let running = start();
    assert_eq!(check(&running, &before).await, refused("signature"));
    assert_eq!(check(&running, &after).await, good());
    running.stop();
}

#[tokio::test]
async fn a_signed_url_ends() {
    let running = Running::with_config(CONFIG);
    let key = UrlKey::new(&std::fs::read(running.data("url.key")).unwrap()).unwrap();
    let request = UrlRequest {
        stream: RoomId::parse("private").unwrap(),
        lifetime: Duration::from_secs(60),
        network: None,
        country: None,
    };
    let unix_now = sfu_net::clock::unix_now();
    let signed_at = |age| key.sign(&request, UnixTime(unix_now.0 - age)).unwrap();
    assert_eq!(
        check(&running, signed_at(60).expose()).await,
        refused("expired")
    );
    assert_eq!(check(&running, signed_at(0).expose()).await, good());
    running.stop();
}

#[tokio::test]
async fn the_api_says_how_far_behind_each_stream_is() {
    let running = Running::with_config(
        "[hls]\nlatency = \"ultra-low\"\n[[streams]]\nname = \"fixed\"\npublic = true\nlatency = \"low\"\n",
    );
    running.command(&["stream", "create", "made", "--latency", "standard"]);
    running.command(&["stream", "create", "plain"]);
    let list = client()
        .get(running.url("/api/v1/streams"))
        .send()
        .await
        .unwrap();
    let list: Value = list.json().await.unwrap();
    let streams = list["streams"].as_array().unwrap();
    let said: Vec<[&str; 2]> = streams
        .iter()
        .map(|stream| ["name", "latency"].map(|key| stream[key].as_str().unwrap()))
        .collect();
    let expected = [
        ["fixed", "low"],
        ["made", "standard"],
        ["plain", "ultra-low"],
    ];
    assert_eq!(said, expected);
    let complaint = crate::running::complaint(
        &running.scratch,
        &["stream", "create", "fixed", "--latency", "standard"],
    );
    assert!(complaint.contains("change it there"), "{complaint}");
    running.stop();
}

/// What is answered to who asks for a signed URL with this bearer.
async fn exchange(running: &Running, stream: &str, bearer: Option<&str>) -> (u16, Value) {
    let path = format!("/api/v1/streams/{stream}/signed-url");
    let mut request = client().post(running.url(&path));
    if let Some(bearer) = bearer {
        request = request.bearer_auth(bearer);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let status = response.status();
    let asks_for_one = response.headers().contains_key("www-authenticate");
    assert_eq!(asks_for_one, status == StatusCode::UNAUTHORIZED);
    (status.as_u16(), response.json().await.unwrap())
}

/// What docs/hls.md says: twelve hours.
const PLAYS_FOR_SECS: u64 = 43_200;

#[tokio::test]
async fn a_play_token_is_exchanged_for_a_signed_url_that_outlives_it() {
    let config =
        format!("{CONFIG}key = \"other-key-0001\"\n[[streams]]\nname = \"open\"\npublic = true\n");
    let running = Running::with_config(&config);
    let issue = |stream: &str, verb: &str, ttl: &str| {
        let said = running.command(&[
            "token",
            "issue",
            "--stream",
            stream,
            verb,
            "--ttl",
            ttl,
            "--subject",
            "ann",
        ]);
        said.trim().to_owned()
    };
    let token = issue("private", "--play", "90s");
    let before = sfu_net::clock::unix_now().0;
    let (status, answer) = exchange(&running, "private", Some(&token)).await;
    assert_eq!(status, 200, "{answer}");
    let expires_at = answer["expires_at"].as_u64().unwrap();
    let after = sfu_net::clock::unix_now().0;
    let ends = before + PLAYS_FOR_SECS..=after + PLAYS_FOR_SECS;
    assert!(ends.contains(&expires_at), "{answer}");
    let prefix = answer["prefix"].as_str().unwrap();
    let signed = prefix.strip_prefix("/signed/").unwrap();
    assert!(signed.starts_with(&format!("1.e{expires_at}.")), "{signed}");
    assert_eq!(check(&running, signed).await, good());
    let elsewhere = ask(&running, &format!("{prefix}/check/other"), &FORWARDED).await;
    assert_eq!(elsewhere, refused("signature"));

    // A stream's key plays nothing; and is not told from what is no key of it.
    let foreign = issue("other", "--play", "90s");
    let publishes = issue("private", "--publish", "90s");
    let refusals = [
        ("private", None, "credential-missing"),
        ("private", Some("wrong-key-0001"), "credential-invalid"),
        ("other", Some("other-key-0001"), "credential-invalid"),
        ("private", Some(&foreign[..]), "credential-invalid"),
        ("private", Some(&publishes[..]), "credential-invalid"),
        ("none", Some(&token[..]), "credential-invalid"),
        ("none", None, "credential-missing"),
    ];
    for (stream, bearer, code) in refusals {
        let (status, problem) = exchange(&running, stream, bearer).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (401, Some(code)),
            "{stream}"
        );
    }
    // Who needs none gets none.
    for bearer in [None, Some(&foreign[..])] {
        let (status, answer) = exchange(&running, "open", bearer).await;
        assert_eq!((status, answer), (200, serde_json::json!({ "prefix": "" })));
    }
    let log = running.stop();
    assert!(!log.contains(signed) && !log.contains(&token), "{log}");
}

#[tokio::test]
async fn what_a_token_was_exchanged_for_plays_when_the_token_has_ended() {
    let running = Running::with_config(CONFIG);
    let token = running.command(&[
        "token",
        "issue",
        "--stream",
        "private",
        "--play",
        "--ttl",
        "5s",
        "--subject",
        "ann",
    ]);
    let token = token.trim();
    let (status, answer) = exchange(&running, "private", Some(token)).await;
    assert_eq!(status, 200, "{answer}");
    let signed = answer["prefix"].as_str().unwrap().replace("/signed/", "");
    let (began_at, mut looks) = (Instant::now(), interval(LOOK_EVERY));
    let problem = loop {
        looks.tick().await;
        let (status, answer) = exchange(&running, "private", Some(token)).await;
        if status != 200 {
            assert_eq!(status, 401);
            break answer;
        }
        assert!(began_at.elapsed() < PATIENCE, "the token does not end");
    };
    assert_eq!(problem["code"], "token-expired");
    assert_eq!(check(&running, &signed).await, good());
    running.stop();
}

/// The fields that a page of an origin meets, when it asks first (OPTIONS) and when it asks (POST).
async fn met_by(running: &Running, method: Method, origin: &str) -> (StatusCode, HeaderMap) {
    let url = running.url("/api/v1/streams/private/signed-url");
    let request = client().request(method, url).header("origin", origin);
    let request = request
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    let response = request.send().await.unwrap();
    (response.status(), response.headers().clone())
}

#[tokio::test]
async fn a_page_of_another_origin_may_exchange_its_token_where_it_may_play() {
    let running = Running::with_config(CONFIG);
    let (status, fields) = met_by(&running, Method::OPTIONS, "https://a.test").await;
    assert_eq!(status, 204);
    assert_eq!(fields["access-control-allow-origin"], "*");
    let allows = |field: &str, word: &str| {
        let list = fields[field].to_str().unwrap();
        assert!(list.split(", ").any(|listed| listed == word), "{list}");
    };
    allows("access-control-allow-methods", "POST");
    allows("access-control-allow-headers", "Authorization");
    // It may read why it is refused.
    let (status, fields) = met_by(&running, Method::POST, "https://a.test").await;
    assert_eq!(status, 401);
    assert_eq!(fields["access-control-allow-origin"], "*");
    running.stop();

    let listed = CONFIG.replace("[http]", "[http]\nallowed_origins = [\"https://a.test\"]");
    let running = Running::with_config(&listed);
    for method in [Method::OPTIONS, Method::POST] {
        for (origin, expected) in [
            ("https://a.test", Some("https://a.test")),
            ("https://b.test", None),
        ] {
            let (_, fields) = met_by(&running, method.clone(), origin).await;
            let allowed = fields.get("access-control-allow-origin");
            assert_eq!(allowed.map(|value| value.to_str().unwrap()), expected);
            assert_eq!(fields["vary"], "Origin");
        }
    }
    running.stop();
}
