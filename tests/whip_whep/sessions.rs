//! The life of a session URL, and of the stream behind it.

use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::node::{ENDPOINTS, Node, good_offer, trickle};
use crate::offers;
use crate::running::PATIENCE;

#[tokio::test]
async fn wi_10_a_deleted_session_is_gone() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        let deleted = node.delete(&opened.session).await;
        assert_eq!((deleted.status, deleted.body.as_str()), (200, ""));
        assert_eq!(node.delete(&opened.session).await.status, 404);
        assert_eq!(node.get(&opened.session).await.status, 404);
        let patch = node.patch(&opened.session, &opened.etag, &trickle()).await;
        patch.assert_refused(404, "no-such-session");
    }
}

#[tokio::test]
async fn wi_22_a_delete_ignores_if_match() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let session = node.open(path).await.session;
        let request = node
            .trusted("DELETE", &session)
            .header("if-match", "\"wrong\"");
        assert_eq!(request.send().await.status, 200);
        assert_eq!(node.get(&session).await.status, 404);
    }
}

#[tokio::test]
async fn we_12_a_stream_that_nobody_publishes_is_409_with_retry_after() {
    let node = Node::start();
    let reply = node.post("/whep/demo", &offers::play()).await;
    reply.assert_refused(409, "stream-offline");
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn a_second_publisher_is_409_unless_it_takes_over() {
    let node = Node::start();
    let first = node.open("/whip/demo").await.session;
    node.post("/whip/demo", &offers::publish())
        .await
        .assert_refused(409, "stream-busy");
    assert_eq!(node.get(&first).await.status, 204);
    let token = node.running.command(&[
        "token",
        "issue",
        "--stream",
        "demo",
        "--publish",
        "--ttl",
        "5m",
        "--subject",
        "ann",
    ]);
    let request = node
        .request("POST", "/whip/demo?takeover=1")
        .header("content-type", "application/sdp");
    let stranger = request
        .bearer(token.trim())
        .body(&offers::publish())
        .send()
        .await;
    stranger.assert_refused(409, "stream-busy");
    let second = node.post("/whip/demo?takeover=1", &offers::publish()).await;
    assert_eq!(second.status, 201);
    assert!(
        second.header("location").starts_with("/whip/demo/"),
        "without the query"
    );
}

#[tokio::test]
async fn two_guests_with_tokens_of_their_own_cannot_throw_each_other_off_the_air() {
    let node = Node::start();
    let command = [
        "token",
        "issue",
        "--stream",
        "demo",
        "--publish",
        "--ttl",
        "5m",
    ];
    let [ann, ben] = [(); 2].map(|()| node.running.command(&command).trim().to_owned());
    let post = async |path: &str, token: &str| {
        let request = node.request("POST", path);
        let request = request.header("content-type", "application/sdp");
        request.bearer(token).body(&offers::publish()).send().await
    };
    let first = post("/whip/demo", &ann).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let taken = post("/whip/demo?takeover=1", &ben).await;
    taken.assert_refused(409, "stream-busy");
    let session = first.header("location").to_owned();
    let ended = node.request("DELETE", &session).bearer(&ben).send().await;
    ended.assert_refused(404, "no-such-session");
    let again = post("/whip/demo?takeover=1", &ann).await;
    assert_eq!(again.status, 201, "{}", again.body);
}

#[tokio::test]
async fn takeovers_that_never_connect_replace_each_other_and_not_the_publisher() {
    let node = Node::live().await;
    let take_over = async || node.open("/whip/demo?takeover=1").await.session;
    let mut last = take_over().await;
    for _ in 0..2 {
        let next = take_over().await;
        let closed = async {
            let mut looks = interval(Duration::from_millis(20));
            while node.get(&last).await.status != 404 {
                looks.tick().await;
            }
        };
        timeout(PATIENCE, closed)
            .await
            .expect("the attempt before is never closed");
        assert_eq!(node.get(&next).await.status, 204, "it waits");
        let played = node.post("/whep/demo", &offers::play()).await;
        assert_eq!(played.status, 201, "the stream goes on: {}", played.body);
        last = next;
    }
}

#[tokio::test]
async fn the_sessions_of_a_stream_that_its_owner_ends_are_404_and_a_new_one_is_403() {
    let node = Node::start();
    let opened = node.open("/whip/demo").await;
    node.running.command(&["stream", "end", "demo"]);
    let closed = async {
        let mut looks = interval(Duration::from_millis(20));
        while node.get(&opened.session).await.status != 404 {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, closed)
        .await
        .expect("the session of an ended stream is never closed");
    let patch = node.patch(&opened.session, &opened.etag, &trickle()).await;
    patch.assert_refused(404, "no-such-session");
    let delete = node.delete(&opened.session).await;
    delete.assert_refused(404, "no-such-session");
    let post = node.post("/whip/demo", &offers::publish()).await;
    post.assert_refused(403, "stream-ended");
}

#[tokio::test]
async fn wi_54_session_urls_are_128_random_bits_and_a_guess_is_404() {
    let node = Node::live().await;
    let mut seen = std::collections::HashSet::new();
    // Of each no more than a page may reload.
    let paths = ["/whep/demo", "/whip/idle", "/whep/demo", "/whip/private"];
    for path in paths.into_iter().cycle().take(32) {
        let session = node.open(path).await.session;
        assert_eq!(node.delete(&session).await.status, 200);
        let id = session.strip_prefix(path).unwrap()[1..].to_owned();
        assert!(
            id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{id}"
        );
        // A counter or a clock would repeat its upper half.
        assert!(seen.insert(id[..16].to_owned()) && seen.insert(id[16..].to_owned()));
    }
    for path in ENDPOINTS {
        for guess in ["0".repeat(32), "f".repeat(32), "1".into(), "..".into()] {
            let url = format!("{path}/{guess}");
            assert_eq!(node.delete(&url).await.status, 404, "{url}");
        }
    }
}

#[tokio::test]
async fn a_session_lies_under_its_own_stream_only() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    let id = session.rsplit('/').next().unwrap();
    for path in [format!("/whep/idle/{id}"), format!("/whip/demo/{id}")] {
        assert_eq!(node.get(&path).await.status, 404);
        assert_eq!(node.delete(&path).await.status, 404);
    }
    assert_eq!(node.get(&session).await.status, 204);
}

#[tokio::test]
async fn wi_42_and_we_20_a_node_that_goes_away_is_503_with_retry_after() {
    is_503_once_told_to_stop(Node::with("[node]\ndrain_secs = 30\n")).await;
}

#[tokio::test]
async fn wi_42_a_node_that_does_not_drain_is_503_for_a_second() {
    is_503_once_told_to_stop(Node::start()).await;
}

async fn is_503_once_told_to_stop(node: Node) {
    node.running.signal("TERM");
    let is_draining = async {
        // The signal is handled when the first POST after it is refused.
        loop {
            let reply = node.post("/whip/demo", "").await;
            if reply.status == 503 {
                return reply;
            }
            assert_eq!(reply.status, 400);
        }
    };
    let reply = tokio::time::timeout(crate::running::PATIENCE, is_draining)
        .await
        .unwrap();
    reply.assert_refused(503, "draining");
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    let play = node.post("/whep/demo", &good_offer("/whep/demo")).await;
    play.assert_refused(503, "draining");
}
