//! What happens to clients that vanish. These tests wait for real: 15 s for an orphan, 30 s for consent (RFC 7675).

use std::time::Duration;

use sfu_model::limits::CONNECT_TIMEOUT;
use str0m::media::Direction;
use tokio::time::{Instant, interval, timeout};

use crate::node::{Node, fragment};
use crate::running::PATIENCE;
use crate::webrtc::{Client, Offered};

/// How often the session is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The time until a session is 404.
async fn gone_after(node: &Node, session: &str) -> Duration {
    let since = Instant::now();
    let watch = async {
        let mut looks = interval(LOOK_EVERY);
        while node.get(session).await.status == 204 {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, watch)
        .await
        .expect("the session is never freed");
    since.elapsed()
}

/// A session whose client is connected.
async fn join(node: &Node, path: &str) -> (Client, String) {
    let direction = match path.starts_with("/whip") {
        true => Direction::SendOnly,
        false => Direction::RecvOnly,
    };
    let offered = Offered::new(direction).await;
    let opened = node.open_with(path, &offered.sdp.clone()).await;
    let mut client = offered.accept(&opened.answer);
    client.connected().await;
    (client, opened.session)
}

#[tokio::test]
async fn wi_11_and_33_who_vanishes_or_fails_to_restart_is_freed_when_its_consent_expires() {
    let node = Node::live().await;
    let mut sessions = Vec::new();
    let mut failing = Vec::new();
    for path in ["/whip/private", "/whep/demo"] {
        let (mut client, session) = join(&node, path).await;
        let (ufrag, password) = client.restart().await;
        let fragment = fragment(&ufrag, &password);
        let restarted = node.patch(&session, "*", &fragment).await;
        assert_eq!(restarted.status, 200);
        // It goes on with a password that is not the server's: it checks, and no check is one.
        let (before, after) = restarted.body.split_once("a=ice-pwd:").unwrap();
        client
            .restarted(&format!("{before}a=ice-pwd:Wrong{after}"))
            .await;
        failing.push(client);
        sessions.push(session);
    }
    for path in ["/whip/idle", "/whep/demo"] {
        let (client, session) = join(&node, path).await;
        sessions.push(session);
        // Its socket is gone, without DTLS close.
        drop(client);
    }
    let [a, b, c, d] = sessions.try_into().unwrap();
    let lives = tokio::join!(
        gone_after(&node, &a),
        gone_after(&node, &b),
        gone_after(&node, &c),
        gone_after(&node, &d)
    );
    for lived in <[Duration; 4]>::from(lives) {
        assert!(
            lived >= Duration::from_secs(20),
            "freed after {lived:?}, while consent was fresh"
        );
        assert!(
            lived <= Duration::from_secs(45),
            "freed after {lived:?} only"
        );
    }
    let metrics = node.get("/metrics").await.body;
    let counted = "sfu_sessions_closed_total{reason=\"consent_expired\"} 4\n";
    assert!(metrics.contains(counted), "{metrics}");
    drop(failing);
}

#[tokio::test]
async fn an_orphan_that_never_connects_is_freed_within_its_15_seconds() {
    let node = Node::start();
    let session = node.open("/whip/demo").await.session;
    let lived = gone_after(&node, &session).await;
    // From the answer, which came after it was opened, to the first look that no longer finds it.
    let expected =
        CONNECT_TIMEOUT - Duration::from_secs(1)..=CONNECT_TIMEOUT + Duration::from_secs(2);
    assert!(expected.contains(&lived), "{lived:?}");
    let metrics = node.get("/metrics").await.body;
    for (reason, n) in [
        ("never_connected", 1),
        ("consent_expired", 0),
        ("requested", 0),
    ] {
        let line = format!("sfu_sessions_closed_total{{reason=\"{reason}\"}} {n}\n");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    assert_eq!(
        node.post("/whip/demo", &crate::offers::publish())
            .await
            .status,
        201,
        "its room is free"
    );
}
