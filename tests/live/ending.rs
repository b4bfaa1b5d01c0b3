//! How sessions end when the server ends them: by a DTLS close, soon, and with a session URL that is gone.

use std::time::Duration;

use tokio::time::{Instant, interval, timeout};

use crate::gathering::Gathering;
use crate::node::Node;
use crate::offers;
use crate::running::PATIENCE;

/// What a client waits for its DTLS close at most.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// How long the draining server goes on in these tests: long enough to look at it.
const DRAIN: Duration = Duration::from_secs(2);

/// How often something is asked that is about to change.
const LOOK_EVERY: Duration = Duration::from_millis(20);

async fn all_closed(gathering: &mut Gathering, within: Duration) {
    let closed = async {
        for member in gathering.members() {
            member
                .client
                .until("the server's close_notify", |seen| seen.is_closed)
                .await;
        }
    };
    timeout(within, closed)
        .await
        .expect("somebody was not told in time");
}

#[tokio::test]
async fn the_end_of_a_live_stream_closes_everybody_and_frees_their_urls() {
    let node = Node::start();
    let mut gathering = Gathering::of(&node).await;
    let ended_at = Instant::now();
    node.running.command(&["stream", "end", "demo"]);
    all_closed(&mut gathering, CLOSE_WITHIN - ended_at.elapsed()).await;
    for member in gathering.members() {
        let session = &member.opened.session;
        assert_eq!(node.get(session).await.status, 404);
    }
    let gone = &gathering.players[0].opened.session;
    assert_eq!(node.delete(gone).await.status, 404);
    let again = node.post("/whip/demo", &offers::publish()).await;
    assert_eq!(again.status, 403, "{}", again.body);
    let alive = node.get("/ready").await;
    assert_eq!(alive.status, 200, "the server itself goes on");
    node.running.stop();
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_drains_says_goodbye_and_ends_in_time() {
    let drain = DRAIN.as_secs();
    let node = Node::with(&format!("[node]\ndrain_secs = {drain}\n"));
    let mut gathering = Gathering::of(&node).await;
    let told_at = Instant::now();
    node.running.signal("TERM");
    let mut looks = interval(LOOK_EVERY);
    while node.get("/ready").await.status == 200 {
        looks.tick().await;
        assert!(told_at.elapsed() < PATIENCE, "it is ready for ever");
    }
    assert_eq!(node.get("/ready").await.status, 503);
    for (path, offer) in [
        ("/whip/idle", offers::publish()),
        ("/whep/demo", offers::play()),
    ] {
        let refused = node.post(path, &offer).await;
        assert_eq!(refused.status, 503, "{}", refused.body);
        assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    for player in &mut gathering.players {
        let seen = player.client.receives(10).await;
        assert!(!seen.is_closed, "while it drains, who watches goes on");
    }
    let left = (DRAIN + CLOSE_WITHIN).saturating_sub(told_at.elapsed());
    all_closed(&mut gathering, left).await;
    let ended = tokio::task::spawn_blocking(|| node.running.wait());
    let (status, log) = ended.await.unwrap();
    assert_eq!(status.code(), Some(0), "{log}");
    let took = told_at.elapsed();
    // A second for a machine that has other things to do.
    let bound = DRAIN + CLOSE_WITHIN + Duration::from_secs(1);
    assert!(took < bound, "it took {took:?}: {log}");
    assert!(took >= DRAIN, "it drained for {took:?} only");
    assert!(log.contains("stopped"), "{log}");
}
