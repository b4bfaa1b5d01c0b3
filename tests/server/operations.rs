//! What balancers, scrapers and orchestrators see.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use serde_json::{Value, json};

use crate::running::{Running, client};
use crate::scratch::Scratch;

const PROBLEM: &str = "application/problem+json";

async fn json_of(running: &Running, path: &str) -> (StatusCode, Value) {
    let response = client().get(running.url(path)).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn health_ready_and_metrics_answer() {
    let running = Running::start();
    let alive = client().get(running.url("/health")).send().await.unwrap();
    assert_eq!(
        (alive.status(), alive.text().await.unwrap().as_str()),
        (StatusCode::OK, "ok\n")
    );
    let (status, ready) = json_of(&running, "/ready").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        ready,
        json!({ "ready": true, "checks": { "media": "ok", "drain": "ok" } })
    );
    let metrics = client().get(running.url("/metrics")).send().await.unwrap();
    let kind = metrics.headers()[CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = metrics.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "OpenMetrics ends so");
    for name in [
        "freshet_build_info",
        "http_connections",
        "sfu_sessions",
        "sfu_packets_total",
        "whip_whep_",
        "http_limit_hits_total{limit=\"connections\"} 0\n",
        "ingest_active_streams_count 0\n",
    ] {
        assert!(text.contains(name), "{name}");
    }
    running.stop();
}

#[tokio::test]
async fn while_it_drains_it_is_not_ready_and_takes_nothing_new() {
    let running = Running::with_config(
        "[node]\ndrain_secs = 3600\n[[streams]]\nname = \"a\"\nkey = \"a-key-0001\"\n",
    );
    running.signal("TERM");
    // The signal is on its way: the first answer that says so ends the wait, and nothing else does.
    let mut answers = 0;
    while json_of(&running, "/ready").await.0 == StatusCode::OK {
        answers += 1;
        assert!(answers < 10_000, "it never said so");
    }
    let (status, ready) = json_of(&running, "/ready").await;
    assert_eq!(
        (status, &ready["checks"]["drain"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("draining"))
    );
    let post = client()
        .post(running.url("/whip/a"))
        .bearer_auth("a-key-0001");
    let refused = post
        .header(CONTENT_TYPE, "application/sdp")
        .body("v=0")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key(RETRY_AFTER));
    let alive = client().get(running.url("/health")).send().await.unwrap();
    assert_eq!(alive.status(), StatusCode::OK, "it lives");
    running.signal("INT");
    let (status, log) = running.wait();
    assert_eq!(
        status.code(),
        Some(130),
        "a second signal stops at once: {log}"
    );
}

#[tokio::test]
async fn a_signal_ends_it_in_order_and_leaves_no_address_behind() {
    for signal in ["TERM", "INT"] {
        let scratch = Scratch::new();
        let data = scratch.path().join("kept");
        let running = Running::start_in(Scratch::new(), &["--data", data.to_str().unwrap()]);
        assert!(data.join("addresses.json").exists() && data.join("admin.sock").exists());
        running.signal(signal);
        let (status, log) = running.wait();
        assert!(
            status.success() && log.contains("stopped"),
            "{status}: {log}"
        );
        assert!(!data.join("addresses.json").exists() && !data.join("admin.sock").exists());
    }
}

#[tokio::test]
async fn the_api_lists_public_streams_only() {
    let running = Running::with_config(
        "[[streams]]\nname = \"open\"\npublic = true\n[[streams]]\nname = \"closed\"\npublic = false\n",
    );
    let (status, list) = json_of(&running, "/api/v1/streams").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        list,
        json!({ "streams": [{ "name": "open", "live": false, "latency": "low", "viewers": 0 }] })
    );
    assert_eq!(
        client()
            .get(running.url("/api/v1/nothing"))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    running.stop();
}

#[tokio::test]
async fn metrics_are_for_those_whom_the_operator_allows() {
    let proxied = "[http]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let allowed = format!("{proxied}[metrics]\nallow = [\"203.0.113.0/24\"]\n");
    for (config, client_address, expected) in [
        (proxied, "203.0.113.7", StatusCode::FORBIDDEN),
        (proxied, "127.0.0.1", StatusCode::OK),
        (&allowed, "203.0.113.7", StatusCode::OK),
        (&allowed, "127.0.0.1", StatusCode::FORBIDDEN),
    ] {
        let running = Running::with_config(config);
        for proto in ["http", "https"] {
            let request = client().get(running.url("/metrics"));
            let request = request.header("x-forwarded-for", client_address);
            let answer = request.header("x-forwarded-proto", proto).send().await;
            let answer = answer.unwrap();
            assert_eq!(answer.status(), expected, "{client_address} over {proto}");
            let is_problem = answer.headers()[CONTENT_TYPE] == PROBLEM;
            assert_eq!(is_problem, expected == StatusCode::FORBIDDEN);
        }
        running.stop();
    }
}

#[tokio::test]
async fn where_nothing_is_people_read_a_page_and_programs_a_problem() {
    let running = Running::start();
    for (path, reason) in [
        ("/nope", "no page at this address"),
        ("/studio", "no page at this address"),
        ("/studio/", "no page at this address"),
        ("/metricsfoo", "no page at this address"),
        ("/a/b/c", "no page at this address"),
        ("/watch/a%20b", "1 to 64 letters, digits or hyphens"),
    ] {
        let page = client().get(running.url(path)).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(page.headers().contains_key("content-security-policy"));
        let text = page.text().await.unwrap();
        assert!(text.contains(reason), "{path}: {text}");
        assert!(text.contains("<a href=\"/\">"), "a way home: {text}");
    }
    for (path, code) in [
        ("/api/nothing", "no-such-path"),
        ("/whip/", "bad-stream-name"),
        ("/whip/a/b/c", "no-such-path"),
        ("/whep", "bad-stream-name"),
    ] {
        let answer = client().post(running.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], PROBLEM, "{path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], 404, "{path}");
        assert_eq!(problem["type"], "about:blank", "{path}");
        assert_eq!(problem["code"], code, "{path}");
        assert!(problem["detail"].is_string(), "{path}");
    }
    running.stop();
}

#[tokio::test]
async fn a_role_that_is_not_this_process_s_is_not_served() {
    let control = Running::with_config("[node]\nroles = [\"signaling\"]\n");
    assert_eq!(json_of(&control, "/api/v1/streams").await.0, StatusCode::OK);
    let whip = client()
        .post(control.url("/whip/demo"))
        .send()
        .await
        .unwrap();
    assert_eq!(whip.status(), StatusCode::NOT_FOUND);
    assert_eq!(control.addresses["ice"], json!([]));
    control.stop();
    let media = Running::with_config("[node]\nroles = [\"sfu\"]\n");
    let page = client().get(media.url("/")).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    let whip = client().post(media.url("/whip/demo")).send().await.unwrap();
    assert_ne!(whip.status(), StatusCode::NOT_FOUND);
    media.stop();
}

#[tokio::test]
async fn behind_a_proxy_plain_http_is_sent_to_https() {
    let running = Running::with_config("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let forwarded = |proto: &'static str| {
        let request = client()
            .get(running.url("/watch/demo?x=1"))
            .header("x-forwarded-for", "203.0.113.7");
        request
            .header("x-forwarded-proto", proto)
            .header("host", "live.example")
    };
    let plain = forwarded("http").send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(
        plain.headers()[LOCATION],
        "https://live.example/watch/demo?x=1"
    );
    assert_ne!(
        forwarded("https").send().await.unwrap().status(),
        StatusCode::PERMANENT_REDIRECT
    );
    running.stop();
}
