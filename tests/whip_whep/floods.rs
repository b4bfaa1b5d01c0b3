//! Too much of everything.

use std::time::Duration;

use str0m::media::Direction;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

use crate::node::{KEY, Node, fragment};
use crate::offers;
use crate::running::PATIENCE;
use crate::webrtc::Offered;

/// Sends the same until it is refused with 429; gives how many were answered otherwise.
async fn until_limited(
    node: &Node,
    (method, path): (&str, &str),
    bearer: &str,
    n_max: usize,
) -> usize {
    for n in 0..n_max {
        let request = node.request(method, path).bearer(bearer);
        let request = request.header("content-type", "application/sdp");
        let reply = request.body("no offer").send().await;
        if reply.status == 429 {
            let wait = reply.header("retry-after");
            assert!(wait.parse::<u64>().unwrap() >= 1);
            assert!(
                reply.body.contains(&format!("Wait {wait} s")),
                "{}",
                reply.body
            );
            return n;
        }
    }
    panic!("{method} {path} is never limited");
}

#[tokio::test]
async fn wi_53_floods_of_post_patch_and_delete_are_429_and_others_go_on() {
    let node = Node::with("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let node = node.go_live().await;
    let session = node.open("/whip/idle").await;
    let guess = format!("/whip/demo/{}", "0".repeat(32));
    let n_posts = until_limited(&node, ("POST", "/whip/demo"), KEY, 5_000).await;
    assert!(n_posts >= 5, "{n_posts}");
    until_limited(&node, ("PATCH", &guess), KEY, 20_000).await;
    until_limited(&node, ("DELETE", &guess), KEY, 20_000).await;
    let other = node
        .request("POST", "/whep/demo")
        .header("content-type", "application/sdp");
    let other = other
        .header("x-forwarded-for", "198.51.100.7")
        .header("x-forwarded-proto", "https");
    assert_eq!(other.body(&offers::play()).send().await.status, 201);
    assert_eq!(
        node.get(&session.session).await.status,
        204,
        "the session that was there lives"
    );
    let metrics = node.get("/metrics").await.body;
    for limit in [
        "posts_per_client",
        "patches_per_client",
        "deletes_per_client",
    ] {
        assert!(
            metrics.contains(&format!(
                "whip_whep_limit_hits_total{{limit=\"{limit}\"}} 1\n"
            )),
            "{limit}"
        );
    }
}

#[tokio::test]
async fn guesses_at_a_key_are_limited_and_others_publish_on() {
    let node = Node::with("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let own = node.post("/whip/demo", &offers::publish()).await;
    assert_eq!(own.status, 201, "{}", own.body);
    let own = own.header("location").to_owned();
    let n_guesses = until_limited(&node, ("POST", "/whip/demo"), "wrong-key-0001", 20).await;
    assert!((10..=11).contains(&n_guesses), "{n_guesses}");
    let right = node.post("/whip/demo", &offers::publish()).await;
    right.assert_refused(429, "too-many-failed-credentials");
    for why in [
        "Wrong credentials for this stream came from this address too often",
        "correct the stream key or the token",
        "failed_auths_per_client",
    ] {
        assert!(right.body.contains(why), "{}", right.body);
    }
    // Behind the same address: another stream, and the session that was there before.
    let idle = node.post("/whip/idle", &offers::publish()).await;
    assert_eq!(idle.status, 201, "{}", idle.body);
    let ended = node.request("DELETE", &own).bearer(KEY).send().await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    let wrong = node.request("DELETE", &own).bearer("wrong-key-0001");
    assert_eq!(wrong.send().await.status, 429);
    let other = node
        .request("POST", "/whip/demo")
        .header("content-type", "application/sdp");
    let other = other.bearer(KEY).header("x-forwarded-for", "198.51.100.7");
    let other = other.header("x-forwarded-proto", "https");
    assert_eq!(other.body(&offers::publish()).send().await.status, 201);
}

#[tokio::test]
async fn a_key_has_as_many_open_sessions_as_its_limit_says_and_one_more_is_429() {
    // One that is live and one that takes it over are all that the SFU keeps, so the edge is looked at there.
    let node = Node::with("[limits]\npublish_sessions_per_holder = 2\n");
    let node = node.go_live().await;
    let counted = "whip_whep_limit_hits_total{limit=\"publish_sessions_per_holder\"}";
    let expect = async |what: String| {
        let metrics = node.get("/metrics").await.body;
        assert!(
            metrics.lines().any(|line| line == what),
            "{what}: {metrics}"
        );
    };
    let takeover = || async { node.post("/whip/demo?takeover=1", &offers::publish()).await };
    let second = takeover().await;
    assert_eq!(second.status, 201, "{}", second.body);
    expect(format!("{counted} 0")).await;
    expect("whip_whep_sessions{endpoint=\"whip\"} 2".into()).await;

    let third = takeover().await;
    third.assert_refused(429, "too-many-sessions");
    assert!(third.header("retry-after").parse::<u64>().unwrap() >= 1);
    expect(format!("{counted} 1")).await;
    expect("whip_whep_sessions{endpoint=\"whip\"} 2".into()).await;
    // Of that stream only; and one that is given up makes room.
    assert_eq!(
        node.post("/whip/idle", &offers::publish()).await.status,
        201
    );
    assert_eq!(node.delete(second.header("location")).await.status, 200);
    assert_eq!(takeover().await.status, 201);
}

/// What a node lets play, and two streams that say otherwise: one of the file, one of a command.
const AUDIENCES: &str = "[limits]\nplayers_per_stream = 2\n\
    [[streams]]\nname = \"small\"\nkey = \"demo-key-0001\"\npublic = true\nplayers = 1\n";

#[tokio::test]
async fn a_stream_has_as_many_players_as_its_limit_says_and_one_more_is_503() {
    let node = Node::with(AUDIENCES).go_live().await;
    let made = ["made", "--players", "3", "--key", KEY];
    node.running
        .command(&[&["stream", "create"], &made[..]].concat());
    let mut n_refused = 0;
    for (stream, n_players) in [("demo", 2), ("small", 1), ("made", 3)] {
        let (publish, play) = (format!("/whip/{stream}"), format!("/whep/{stream}"));
        let offered = Offered::new(Direction::SendOnly).await;
        let takeover = format!("{publish}?takeover=1");
        let opened = node.open_with(&takeover, &offered.sdp.clone()).await;
        let _publisher = offered.accept(&opened.answer);
        let mut sessions = Vec::new();
        for _ in 0..n_players {
            sessions.push(node.open(&play).await.session);
        }
        let refused = node.post(&play, &offers::play()).await;
        refused.assert_refused(503, "audience-full");
        assert_eq!(refused.header("retry-after"), "2");
        n_refused += 1;
        let metrics = node.get("/metrics").await.body;
        for (limit, n_met) in [("players_per_stream", n_refused), ("sessions", 0)] {
            let line = format!("whip_whep_limit_hits_total{{limit=\"{limit}\"}} {n_met}");
            assert!(metrics.contains(&format!("{line}\n")), "{line}: {metrics}");
        }
        // One that leaves makes room for one.
        assert_eq!(node.delete(&sessions[0]).await.status, 200);
        assert_eq!(node.post(&play, &offers::play()).await.status, 201);
        let again = node.post(&play, &offers::play()).await;
        again.assert_refused(503, "audience-full");
        n_refused += 1;
    }
}

#[tokio::test]
async fn a_page_may_reload_ten_times_and_a_loop_is_refused() {
    let node = Node::start();
    let mut n_published = 0;
    let refused = loop {
        let reply = node.post("/whip/demo", &offers::publish()).await;
        if reply.status != 201 {
            break reply;
        }
        n_published += 1;
        let session = reply.header("location");
        assert_eq!(node.delete(session).await.status, 200);
    };
    refused.assert_refused(429, "too-many-starts");
    // A start, ten reloads, and two that count as starts. One more is earned every three seconds.
    assert!((13..=20).contains(&n_published), "{n_published}");
    assert_eq!(
        node.post("/whip/idle", &offers::publish()).await.status,
        201
    );
    let metrics = node.get("/metrics").await.body;
    let met = |limit: &str, n: u32| {
        let line = format!("whip_whep_limit_hits_total{{limit=\"{limit}\"}} {n}\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    };
    met("stream_starts", 1);
    met("stream_reloads", 3);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_408() {
    let node = Node::start();
    let mut stream = TcpStream::connect(node.running.http).await.unwrap();
    let head = format!(
        "POST /whip/demo HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/sdp\r\ncontent-length: 100\r\nconnection: close\r\n\r\nv=0\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    read.expect("the server waits for ever").unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("body-stalled"), "{answer}");
}

#[tokio::test]
async fn a_restart_whose_client_hangs_up_is_carried_through() {
    let node = Node::start();
    let opened = node.open("/whip/demo").await;
    for n in 0..20 {
        let next = fragment(&format!("ufrag{n}"), &format!("newPasswordOf22Letters{n}"));
        let patch = node.patch(&opened.session, "*", &next);
        // Gone before the answer, wherever the server is by then.
        let _ = timeout(Duration::from_micros(500 * n), patch).await;
    }
    let last = fragment("lastone", "lastPasswordOf22Letters");
    let restarted = async {
        let mut tries = interval(Duration::from_millis(50));
        loop {
            tries.tick().await;
            let reply = node.patch(&opened.session, "*", &last).await;
            if reply.status == 200 {
                return;
            }
            reply.assert_refused(409, "restart-in-progress");
        }
    };
    timeout(PATIENCE, restarted)
        .await
        .expect("a restart is in progress for ever");
}
