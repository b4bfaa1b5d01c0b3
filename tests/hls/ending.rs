//! A stream that its owner ends, as those see it who wait for more of it (rows LB-05, LB-12, LP-04).

use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::ask::ask;
use crate::running::PATIENCE;
use crate::stage::{LIVE, Stage};

/// How often the server is asked whether somebody waits.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Streams that are ended: on a machine that is busy with other tests what is waited for may come before the end does.
const TRIES: usize = 4;

#[tokio::test]
async fn lb_12_who_waits_when_a_stream_is_ended_gets_its_last_playlist_which_ignores_directives() {
    for _ in 0..TRIES {
        let stage = Stage::live().await;
        let (segment, _) = stage.playlist(LIVE).await.next;
        // Whole when the segment after the open one is: seconds from now.
        let (address, later) = (stage.http(), format!("{LIVE}?_HLS_msn={}", segment + 1));
        let waiting = tokio::spawn(async move { ask(address, "GET", &later, &[]).await });
        let held = async {
            let mut looks = interval(LOOK_INTERVAL);
            while stage.metric("hls_blocked_requests", "").await == 0 && !waiting.is_finished() {
                looks.tick().await;
            }
        };
        timeout(PATIENCE, held).await.expect("nobody waits");
        stage.running.command(&["stream", "end", "demo"]);
        let reply = waiting.await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        let waited_for_the_end = reply.text().contains("#EXT-X-ENDLIST\n");
        assert_ended(&stage).await;
        stage.running.stop();
        if waited_for_the_end {
            return;
        }
    }
    panic!("what was waited for came {TRIES} times before the end");
}

/// The last playlist is whole, hints nothing, and is the answer to everything.
async fn assert_ended(stage: &Stage) {
    let mut looks = interval(LOOK_INTERVAL);
    let ended = async {
        loop {
            let text = stage.get(LIVE).await.text();
            if text.contains("#EXT-X-ENDLIST\n") {
                return text;
            }
            looks.tick().await;
        }
    };
    let last = timeout(PATIENCE, ended).await.expect("it never ends");
    assert!(!last.contains("#EXT-X-PRELOAD-HINT"), "{last}");
    for query in [
        "_HLS_msn=99999",
        "_HLS_part=1",
        "_HLS_msn=x",
        "_HLS_skip=YES",
    ] {
        let reply = stage.get(&format!("{LIVE}?{query}")).await;
        assert_eq!((reply.status, reply.text()), (200, last.clone()), "{query}");
    }
}
