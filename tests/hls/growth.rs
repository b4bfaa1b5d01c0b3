//! Segments that are asked for before they are whole, as players of DASH do: chunked over HTTP/1.1, and in frames of HTTP/2.

use std::time::{Duration, Instant};

use reqwest::{Client, Version};
use tokio::time::timeout;

use crate::running::PATIENCE;
use crate::stage::{LIVE, Stage};

/// A segment is two seconds of parts: the last comes so long after the first, on a machine that is late too.
const GROWS_FOR: Duration = Duration::from_millis(800);

/// The segment after the one that is being made.
async fn next_segment(stage: &Stage) -> String {
    let playlist = stage.playlist(LIVE).await;
    let (epoch, _) = playlist.parts[0].uri.split_once('/').unwrap();
    format!("/hls/demo/720p/{epoch}/{}.m4s", playlist.next.0 + 1)
}

#[tokio::test]
async fn a_body_grows_with_its_segment_over_both_versions_and_is_what_it_is_in_the_end() {
    let stage = Stage::live().await;
    let https = stage.running.https.unwrap();
    let bases = [
        (Version::HTTP_11, format!("http://{}", stage.http())),
        (Version::HTTP_2, format!("https://{https}")),
    ];
    for (version, base) in bases {
        let client = Client::builder().tls_danger_accept_invalid_certs(true);
        let client = client.build().unwrap();
        let target = next_segment(&stage).await;
        let answer = client.get(format!("{base}{target}")).send();
        let mut answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
        let began = Instant::now();
        assert_eq!((answer.version(), answer.status().as_u16()), (version, 200));
        assert_eq!(
            answer.headers()["cache-control"],
            "max-age=31536000, immutable"
        );
        assert_eq!(answer.headers()["content-type"], "video/mp4");
        assert!(!answer.headers().contains_key("content-length"));
        let (mut body, mut last) = (Vec::new(), Duration::ZERO);
        while let Some(piece) = timeout(PATIENCE, answer.chunk()).await.unwrap().unwrap() {
            body.extend(piece);
            last = began.elapsed();
        }
        assert!(last >= GROWS_FOR, "{version:?}: all of it within {last:?}");
        assert_eq!(body, stage.media(&target).await, "{version:?}");
    }
    stage.end();
}

#[tokio::test]
async fn what_is_further_ahead_is_404_and_who_gives_up_waits_no_more() {
    let stage = Stage::live().await;
    let target = next_segment(&stage).await;
    let (path, number) = target
        .strip_suffix(".m4s")
        .unwrap()
        .rsplit_once('/')
        .unwrap();
    let far = format!("{path}/{}.m4s", number.parse::<u64>().unwrap() + 1_000);
    assert_eq!(stage.get(&far).await.status, 404);
    let gives_up = Client::builder()
        .timeout(Duration::from_millis(100))
        .build();
    let url = stage.running.url(&target);
    assert!(gives_up.unwrap().get(url).send().await.is_err());
    let gone = async {
        while stage.metric("hls_blocked_requests", "").await > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("it waits on");
    stage.end();
}
