//! Who is let in (RFC 9725 section 4.7).

use std::time::Duration;

use signaling_auth::limits::TOKEN_BYTES_MAX;
use str0m::media::Direction;
use tokio::time::{interval, timeout};

use crate::http::Reply;
use crate::node::{KEY, Node, good_offer, trickle};
use crate::offers;
use crate::running::PATIENCE;
use crate::webrtc::Offered;

async fn post_as(node: &Node, path: &str, bearer: Option<&str>) -> Reply {
    let request = node
        .request("POST", path)
        .header("content-type", "application/sdp");
    let request = match bearer {
        Some(bearer) => request.bearer(bearer),
        None => request,
    };
    request.body(&good_offer(path)).send().await
}

fn issue(node: &Node, verb: &str, stream: &str) -> String {
    issue_for("5m", node, verb, stream)
}

fn issue_for(ttl: &str, node: &Node, verb: &str, stream: &str) -> String {
    let token = node
        .running
        .command(&["token", "issue", "--stream", stream, verb, "--ttl", ttl]);
    token.trim().to_owned()
}

#[tokio::test]
async fn wi_46_without_a_bearer_it_is_401_with_a_challenge_and_with_one_it_works() {
    let node = Node::start();
    let missing = post_as(&node, "/whip/demo", None).await;
    missing.assert_refused(401, "credential-missing");
    assert_eq!(
        missing.header("www-authenticate"),
        "Bearer realm=\"freshet\""
    );
    let wrong = post_as(&node, "/whip/demo", Some("demo-key-0002")).await;
    wrong.assert_refused(401, "credential-invalid");
    assert!(
        wrong
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );

    let opened = post_as(&node, "/whip/demo", Some(KEY)).await;
    assert_eq!(opened.status, 201);
    let session = opened.header("location");
    for method in ["PATCH", "DELETE"] {
        let request = node.request(method, session).header("if-match", "*");
        let request = request.header("content-type", "application/trickle-ice-sdpfrag");
        request
            .body(&trickle())
            .send()
            .await
            .assert_refused(401, "credential-missing");
    }
    assert_eq!(node.patch(session, "*", &trickle()).await.status, 204);
    assert_eq!(node.delete(session).await.status, 200);
}

#[tokio::test]
async fn wi_46_a_player_of_a_private_stream_needs_its_bearer_for_patch_and_delete_too() {
    let node = Node::start();
    let offered = Offered::new(Direction::SendOnly).await;
    let opened = node.open_with("/whip/private", &offered.sdp.clone()).await;
    let _publisher = offered.accept(&opened.answer);
    let token = issue(&node, "--play", "private");
    let play = async {
        let mut asks = interval(Duration::from_millis(60));
        loop {
            asks.tick().await;
            let reply = post_as(&node, "/whep/private", Some(&token)).await;
            if reply.status != 409 {
                return reply;
            }
        }
    };
    let opened = timeout(PATIENCE, play).await.expect("it is never live");
    assert_eq!(opened.status, 201, "{}", opened.body);
    let session = opened.header("location");
    let send = async |method: &str, bearer: Option<&str>| {
        let request = node.request(method, session).header("if-match", "*");
        let request = request.header("content-type", "application/trickle-ice-sdpfrag");
        let request = match bearer {
            Some(bearer) => request.bearer(bearer),
            None => request,
        };
        request.body(&trickle()).send().await
    };
    for method in ["PATCH", "DELETE"] {
        let refused = send(method, None).await;
        refused.assert_refused(401, "credential-missing");
        assert_eq!(
            refused.header("www-authenticate"),
            "Bearer realm=\"freshet\""
        );
    }
    assert_eq!(send("PATCH", Some(&token)).await.status, 204);
    assert_eq!(send("DELETE", Some(&token)).await.status, 200);
}

#[tokio::test]
async fn a_token_that_has_ended_opens_nothing_and_is_still_good_for_what_it_opened() {
    let node = Node::start();
    let token = issue_for("2s", &node, "--publish", "private");
    let opened = post_as(&node, "/whip/private", Some(&token)).await;
    assert_eq!(opened.status, 201, "{}", opened.body);
    let end = async {
        let mut asks = interval(Duration::from_millis(60));
        loop {
            asks.tick().await;
            let reply = post_as(&node, "/whip/private", Some(&token)).await;
            if reply.status == 401 {
                return reply;
            }
        }
    };
    let refused = timeout(PATIENCE, end).await.expect("it never ends");
    refused.assert_refused(401, "token-expired");
    let act = async |method: &str, bearer: &str| {
        let request = node.request(method, opened.header("location"));
        let request = request.header("if-match", "*").bearer(bearer);
        let request = request.header("content-type", "application/trickle-ice-sdpfrag");
        request.body(&trickle()).send().await
    };
    let others = issue(&node, "--play", "private");
    assert_eq!(act("PATCH", &others).await.status, 403);
    assert_eq!(act("PATCH", &token).await.status, 204);
    assert_eq!(act("DELETE", &token).await.status, 200);
}

#[tokio::test]
async fn wi_46_tokens_open_what_they_say_and_nothing_else() {
    let node = Node::start();
    let publish = issue(&node, "--publish", "private");
    let play = issue(&node, "--play", "private");
    let other = issue(&node, "--play", "demo");
    let opened = post_as(&node, "/whip/private", Some(&publish)).await;
    assert_eq!(opened.status, 201);
    // 409 is for those who may play: nobody is live yet.
    post_as(&node, "/whep/private", Some(&play))
        .await
        .assert_refused(409, "stream-offline");
    let no_scope = post_as(&node, "/whep/private", Some(&publish)).await;
    no_scope.assert_refused(403, "wrong-verb");
    assert!(
        no_scope
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    post_as(&node, "/whip/private", Some(&play))
        .await
        .assert_refused(403, "wrong-verb");
    post_as(&node, "/whep/private", Some(&other))
        .await
        .assert_refused(401, "credential-invalid");
    post_as(&node, "/whep/private", None)
        .await
        .assert_refused(401, "credential-missing");
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_answered_like_a_private_one() {
    let node = Node::start();
    for bearer in [None, Some("wrong-key-0001")] {
        let strip = |mut reply: Reply| {
            reply.headers.retain(|(name, _)| name != "date");
            (reply.status, reply.headers, reply.body)
        };
        let private = strip(post_as(&node, "/whep/private", bearer).await);
        let unknown = strip(post_as(&node, "/whep/no-such-stream", bearer).await);
        assert_eq!(private, unknown);
    }
}

#[tokio::test]
async fn a_session_of_somebody_else_is_answered_like_none() {
    let node = Node::start();
    let publish = issue(&node, "--publish", "demo");
    let session = node.open("/whip/demo").await.session;
    let guess = format!("/whip/demo/{}", "0".repeat(32));
    for method in ["PATCH", "DELETE"] {
        let ask = async |path: &str| {
            let request = node
                .request(method, path)
                .bearer(&publish)
                .header("if-match", "*");
            let request = request.header("content-type", "application/trickle-ice-sdpfrag");
            let mut reply = request.body(&trickle()).send().await;
            reply.headers.retain(|(name, _)| name != "date");
            (reply.status, reply.headers, reply.body)
        };
        let theirs = ask(&session).await;
        assert_eq!(theirs.0, 404);
        assert_eq!(theirs, ask(&guess).await);
    }
    assert_eq!(node.get(&session).await.status, 204, "it lives");
}

#[tokio::test]
async fn without_a_credential_only_who_knows_a_session_url_learns_that_it_lives() {
    let node = Node::start();
    let session = node.open("/whip/demo").await.session;
    let guess = format!("/whip/demo/{}", "0".repeat(32));
    for method in ["PATCH", "DELETE"] {
        let mut replies = Vec::new();
        for path in [&session, &guess] {
            let reply = node.request(method, path).send().await;
            reply.assert_refused(401, "credential-missing");
            replies.push(reply.body);
        }
        assert_eq!(replies[0], replies[1]);
    }
    let alive = node.get(&session).await;
    assert_eq!((alive.status, alive.body.as_str()), (204, ""));
    assert!(alive.find("etag").is_none());
    node.get(&guess)
        .await
        .assert_refused(404, "no-such-session");
}

#[tokio::test]
async fn wi_52_plain_http_is_redirected_to_https_where_others_can_reach_it() {
    let node = Node::with("[http]\ntrusted_proxies = [\"127.0.0.0/8\"]\n");
    let request = node
        .request("POST", "/whip/demo")
        .header("content-type", "application/sdp");
    let request = request.bearer(KEY).header("x-forwarded-for", "203.0.113.9");
    let request = request
        .header("x-forwarded-proto", "http")
        .header("x-forwarded-host", "live.test");
    let reply = request.body(&offers::publish()).send().await;
    assert!(matches!(reply.status, 307 | 308), "{}", reply.status);
    assert!(
        reply.header("location").starts_with("https://"),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_credential_of_4_kb_is_looked_at_and_one_byte_more_is_not() {
    let node = Node::start();
    let counted = |n: u32| format!("whip_whep_limit_hits_total{{limit=\"token_bytes\"}} {n}");
    for (n_bytes, code, n_hits) in [
        (TOKEN_BYTES_MAX, "credential-invalid", 0),
        (TOKEN_BYTES_MAX + 1, "credential-too-long", 1),
    ] {
        let bearer = "x".repeat(n_bytes);
        let reply = post_as(&node, "/whip/demo", Some(&bearer)).await;
        reply.assert_refused(401, code);
        assert!(reply.header("www-authenticate").contains("invalid_token"));
        let metrics = node.get("/metrics").await.body;
        let line = counted(n_hits);
        assert!(metrics.lines().any(|l| l == line), "{line}: {metrics}");
    }
}
