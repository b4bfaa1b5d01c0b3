//! What happens to clients that vanish. These tests wait for real: 15 s for an orphan, 30 s for consent (RFC 7675).

use std::time::Duration;

use str0m::media::Direction;
use tokio::time::{Instant, interval, timeout};

use crate::node::{Node, fragment};
use crate::running::PATIENCE;
use crate::webrtc::Offered;

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

#[tokio::test]
async fn wi_11_and_33_a_client_that_vanishes_is_freed_when_its_consent_expires() {
    let node = Node::start();
    let mut sessions = Vec::new();
    for path in ["/whip/demo", "/whip/idle"] {
        let offered = Offered::new(Direction::SendOnly).await;
        let opened = node.open_with(path, &offered.sdp.clone()).await;
        let mut client = offered.accept(&opened.answer);
        client.connected().await;
        let session = opened.session;
        if path == "/whip/demo" {
            // A restart that the client never completes (row 33).
            let (ufrag, password) = client.restart().await;
            assert_eq!(
                node.patch(&session, "*", &fragment(&ufrag, &password))
                    .await
                    .status,
                200
            );
        }
        sessions.push(session);
        // Dropped here: its socket is gone, without DTLS close.
        drop(client);
    }
    let (restarted, plain) = tokio::join!(
        gone_after(&node, &sessions[0]),
        gone_after(&node, &sessions[1])
    );
    for lived in [restarted, plain] {
        assert!(
            lived >= Duration::from_secs(20),
            "freed after {lived:?}, while consent was fresh"
        );
        assert!(
            lived <= Duration::from_secs(45),
            "freed after {lived:?} only"
        );
    }
}

#[tokio::test]
async fn an_orphan_that_never_connects_is_freed_within_its_15_seconds() {
    let node = Node::start();
    let session = node.open("/whip/demo").await.session;
    let lived = gone_after(&node, &session).await;
    assert!(
        lived >= Duration::from_secs(10) && lived <= Duration::from_secs(25),
        "{lived:?}"
    );
    assert_eq!(
        node.post("/whip/demo", &crate::offers::publish())
            .await
            .status,
        201,
        "its room is free"
    );
}
