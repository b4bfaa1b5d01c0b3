//! Keys and tokens, from the command that makes them to the endpoint that takes them.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;
use signaling_auth::grant::Verb;
use signaling_auth::token::issue::{SigningKey, TokenRequest, issue};

use crate::running::{Running, client};
use crate::scratch::Scratch;

/// A body that is no SDP: 400 says that the credential was good and the offer was looked at.
const NO_OFFER: &str = "no offer";
const LOOKED_AT: StatusCode = StatusCode::BAD_REQUEST;

struct Answer {
    status: StatusCode,
    body: String,
    challenge: Option<String>,
}

async fn post(running: &Running, path: &str, bearer: Option<&str>) -> Answer {
    let mut request = client()
        .post(running.url(path))
        .header(CONTENT_TYPE, "application/sdp")
        .body(NO_OFFER);
    if let Some(bearer) = bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
    }
    let response = request.send().await.unwrap();
    let challenge = response.headers().get(WWW_AUTHENTICATE);
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    Answer {
        status: response.status(),
        challenge,
        body: response.text().await.unwrap(),
    }
}

/// A token that the server's own key signed, as if at another time.
fn token_from(running: &Running, stream: &str, verb: Verb, age_secs: u64) -> String {
    let secret = std::fs::read(running.data("token.secret")).unwrap();
    let key = SigningKey::hs256(&secret).unwrap();
    let request = TokenRequest {
        subject: "ann".to_owned(),
        stream: RoomId::parse(stream).unwrap(),
        verbs: vec![verb],
        lifetime: Duration::from_secs(60),
    };
    let unix_now = sfu_net::clock::unix_now();
    issue(&key, &request, UnixTime(unix_now.0 - age_secs))
        .unwrap()
        .expose()
        .to_owned()
}

#[tokio::test]
async fn the_demo_streams_key_publishes_and_no_other_does() {
    let running = Running::start();
    let key = running.demo_key();
    assert_eq!(
        post(&running, "/whip/demo", Some(&key)).await.status,
        LOOKED_AT
    );
    let wrong = post(&running, "/whip/demo", Some("wrong-key-0001")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.challenge.unwrap().contains("invalid_token"));
    let none = post(&running, "/whip/demo", None).await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
    assert!(none.challenge.unwrap().starts_with("Bearer"));
    running.stop();
}

#[tokio::test]
async fn a_stream_that_is_not_there_looks_like_a_private_one() {
    let running = Running::start();
    running.command(&["stream", "create", "private", "--private"]);
    for path in ["/whip/", "/whep/"] {
        for bearer in [None, Some("wrong-key-0001")] {
            let there = post(&running, &format!("{path}private"), bearer).await;
            let nowhere = post(&running, &format!("{path}nowhere"), bearer).await;
            assert_eq!(there.status, StatusCode::UNAUTHORIZED);
            assert_eq!(there.status, nowhere.status);
            assert_eq!(there.body, nowhere.body);
            assert_eq!(there.challenge, nowhere.challenge);
        }
    }
    running.stop();
}

#[tokio::test]
async fn a_stream_that_is_made_while_the_server_runs_is_there_at_once() {
    let running = Running::start();
    running.command(&[
        "stream",
        "create",
        "two",
        "--private",
        "--key",
        "chosen-key-0002",
    ]);
    assert_eq!(
        post(&running, "/whip/two", Some("chosen-key-0002"))
            .await
            .status,
        LOOKED_AT
    );
    let play = running.command(&[
        "token", "issue", "--stream", "two", "--play", "--ttl", "15m",
    ]);
    assert_eq!(
        post(&running, "/whep/two", Some(play.trim())).await.status,
        LOOKED_AT
    );
    let wrong_verb = post(&running, "/whip/two", Some(play.trim())).await;
    assert_eq!(wrong_verb.status, StatusCode::FORBIDDEN);
    running.command(&["stream", "end", "two"]);
    let ended = post(&running, "/whip/two", Some("chosen-key-0002")).await;
    assert_eq!(ended.status, StatusCode::FORBIDDEN);
    running.command(&["stream", "create", "two", "--key", "another-key-0002"]);
    assert_eq!(
        post(&running, "/whip/two", Some("another-key-0002"))
            .await
            .status,
        LOOKED_AT
    );
    running.stop();
}

#[tokio::test]
async fn a_token_is_refused_when_its_time_is_over() {
    let running = Running::start();
    let fresh = token_from(&running, "demo", Verb::Publish, 0);
    assert_eq!(
        post(&running, "/whip/demo", Some(&fresh)).await.status,
        LOOKED_AT
    );
    let stale = token_from(&running, "demo", Verb::Publish, 61);
    let refused = post(&running, "/whip/demo", Some(&stale)).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.body.contains("expired"), "{}", refused.body);
    running.stop();
}

#[tokio::test]
async fn a_token_of_a_configured_ed25519_key_is_accepted() {
    let scratch = Scratch::new();
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    scratch.write("public.pem", &pair.public_key_pem());
    scratch.write("private.pem", &pair.serialize_pem());
    scratch.write(
        "freshet.toml",
        "[auth]\ntoken_public_keys = [\"public.pem\"]\ntoken_private_key = \"private.pem\"\n\
         [[streams]]\nname = \"stage\"\n",
    );
    let running = Running::start_in(scratch, &[]);
    let token = running.command(&[
        "token",
        "issue",
        "--stream",
        "stage",
        "--publish",
        "--ttl",
        "1m",
    ]);
    assert_eq!(
        post(&running, "/whip/stage", Some(token.trim()))
            .await
            .status,
        LOOKED_AT
    );
    running.stop();
}

#[tokio::test]
async fn no_secret_is_in_any_log_line_at_any_level() {
    let running = Running::start_in(Scratch::new(), &["--log-level", "trace", "--log-json"]);
    let demo = running.demo_key();
    let canary = "canary-stream-key-0001";
    running.command(&["stream", "create", "bird", "--key", canary]);
    let token = token_from(&running, "bird", Verb::Publish, 0);
    for bearer in [
        canary,
        demo.as_str(),
        token.as_str(),
        "canary-wrong-key-0001",
    ] {
        post(&running, "/whip/bird", Some(bearer)).await;
        post(&running, "/whep/bird", Some(bearer)).await;
    }
    let metrics = client()
        .get(running.url("/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let log = running.stop();
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "the log is at its loudest: {log}"
    );
    for secret in ["canary", &demo, &token, token.rsplit('.').next().unwrap()] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
        assert!(!metrics.contains(secret), "{secret} is in the metrics");
    }
}
