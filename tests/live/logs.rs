//! What is not in the logs: secrets at any level, addresses above debug.

use std::net::{IpAddr, SocketAddr};

use crate::gathering::Gathering;
use crate::node::{KEY, Node, fragment};
use crate::offers;
use crate::running::client;

/// Whoever asks through the proxy.
const CLIENT: &str = "198.51.100.7";

/// Wrong, and all the same nobody's business: it may be right elsewhere.
const WRONG_KEY: &str = "canary-wrong-key-0001";

/// The values of an attribute of a session description.
fn values(sdp: &str, name: &str) -> Vec<String> {
    let values = sdp.lines().filter_map(|line| line.strip_prefix(name));
    values.map(|value| value.trim().to_owned()).collect()
}

/// Whether a word of this text is an IP address, with or without a port.
fn find_address(text: &str) -> Option<&str> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_');
    let words = text.split(|c: char| !is_inside(c));
    words
        .map(|word| word.trim_end_matches('.'))
        .find(|word| word.parse::<IpAddr>().is_ok() || word.parse::<SocketAddr>().is_ok())
}

/// Whether a log line is of a level that operators keep.
fn is_kept(line: &str, is_json: bool) -> bool {
    let level = if is_json {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["level"].as_str().unwrap().to_owned()
    } else {
        line.split_whitespace()
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    };
    !matches!(level.as_str(), "DEBUG" | "TRACE")
}

/// Everything that can be refused, and what it said that nobody else may read.
async fn refusals(node: &Node, gathering: &Gathering) -> Vec<String> {
    let published = &gathering.publisher.opened.session;
    let token = ["token", "issue", "--stream", "private", "--play", "--ttl"];
    let token = node.running.command(&[&token[..], &["1m"]].concat());
    let token = token.trim();
    let guess = format!("/whep/demo/{}", "5ca1ab1e".repeat(4));
    for (method, path, bearer) in [
        ("POST", "/whip/demo", WRONG_KEY),
        ("POST", "/whip/nowhere", WRONG_KEY),
        // Good, and nobody publishes; good, and for the other verb.
        ("POST", "/whep/private", token),
        ("POST", "/whip/private", token),
        ("POST", "/whip/demo", KEY),
        ("DELETE", &guess, KEY),
        ("PUT", published, KEY),
        ("DELETE", published, WRONG_KEY),
    ] {
        let request = node
            .request(method, path)
            .header("x-forwarded-for", CLIENT)
            .header("x-forwarded-proto", "https")
            .header("content-type", "application/sdp")
            .bearer(bearer);
        let reply = request.body(&offers::publish()).send().await;
        assert!(reply.status >= 400, "{method} {path}: {}", reply.status);
    }
    let bad = node.post(
        "/whip/idle",
        "v=0\r\na=ice-pwd:canaryPasswordOf22Letters\r\n",
    );
    assert_eq!(bad.await.status, 400);
    let signature = token.rsplit('.').next().unwrap();
    [
        WRONG_KEY,
        token,
        signature,
        offers::PASSWORD,
        "canaryPasswordOf22Letters",
        guess.rsplit('/').next().unwrap(),
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The secrets of those who were served.
fn secrets(gathering: &mut Gathering) -> Vec<String> {
    let mut secrets = vec![KEY.to_owned()];
    for member in gathering.members() {
        let id = member.opened.session.rsplit('/').next().unwrap();
        secrets.push(id.to_owned());
        for sdp in [&member.offer, &member.opened.answer] {
            let passwords = values(sdp, "a=ice-pwd:");
            assert!(!passwords.is_empty(), "{sdp}");
            secrets.extend(passwords);
        }
    }
    secrets
}

/// A server's life, at a level and in a format.
async fn no_secret_is_told(arguments: &[&str]) {
    let node = Node::with_arguments("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n", arguments);
    let mut gathering = Gathering::of(&node).await;
    let mut secrets = secrets(&mut gathering);
    let session = gathering.players[0].opened.session.clone();
    secrets.extend(refusals(&node, &gathering).await);
    let (ufrag, password) = gathering.players[0].client.restart().await;
    let restarted = node
        .patch(&session, "*", &fragment(&ufrag, &password))
        .await;
    assert_eq!(restarted.status, 200, "{}", restarted.body);
    secrets.extend(values(&restarted.body, "a=ice-pwd:"));
    secrets.push(password);
    gathering.players[0].client.restarted(&restarted.body).await;
    gathering.players[0].client.receives(50).await;
    node.running.command(&["stream", "end", "demo"]);
    let metrics = client().get(node.running.url("/metrics")).send();
    let metrics = metrics.await.unwrap().text().await.unwrap();
    let log = tokio::task::spawn_blocking(|| node.running.stop());
    let log = log.await.unwrap();

    for secret in &secrets {
        assert!(secret.len() >= 20 || secret == KEY, "{secret} is no secret");
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
        assert!(!metrics.contains(secret), "{secret} is in the metrics");
    }
    let id = session.rsplit('/').next().unwrap();
    assert!(log.contains(&id[..8]), "sessions are in the log: {log}");
    let is_loud = arguments.contains(&"trace");
    assert_eq!(log.contains("DEBUG"), is_loud, "{log}");
    let is_json = arguments.contains(&"--log-json");
    for line in log.lines().filter(|line| is_kept(line, is_json)) {
        assert_eq!(find_address(line), None, "{line}");
    }
    assert_eq!(find_address(&metrics), None);
}

#[tokio::test]
async fn no_secret_and_no_address_is_in_the_log_that_people_read() {
    no_secret_is_told(&["--log-level", "trace"]).await;
}

#[tokio::test]
async fn no_secret_and_no_address_is_in_the_log_that_programs_read() {
    no_secret_is_told(&["--log-level", "trace", "--log-json"]).await;
}

#[tokio::test]
async fn no_secret_and_no_address_is_in_the_log_as_it_is_by_default() {
    no_secret_is_told(&[]).await;
}

#[test]
fn an_address_is_found_where_there_is_one() {
    for (text, found) in [
        ("from 192.0.2.1.", Some("192.0.2.1")),
        ("peer=192.0.2.1:80 gone", Some("192.0.2.1:80")),
        ("peer=[2001:db8::1]:80", Some("2001:db8::1")),
        ("{\"a\":\"::1\"}", Some("::1")),
        (
            "2026-11-21T13:15:29.123456Z  INFO sfu_server::threads: at 13:15:29 v0.1.0",
            None,
        ),
        ("SessionId(5ca1ab1e..) after_ms=12", None),
    ] {
        assert_eq!(find_address(text), found, "{text}");
    }
}
