//! Segments that are asked for before they are whole, as players of DASH do: chunked over HTTP/1.1, and in frames of HTTP/2.

use std::time::Duration;

use reqwest::{Client, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::running::PATIENCE;
use crate::stage::Stage;

/// A segment is two seconds of parts: the last comes so long after the first, on a machine that is late too.
const GROWS_FOR: Duration = Duration::from_millis(800);

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
        let target = stage.segment_ahead(1).await;
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
async fn nobody_is_told_how_long_it_will_be() {
    let stage = Stage::live().await;
    let target = stage.segment_ahead(1).await;
    let reply = stage.ask("HEAD", &target, &[]).await;
    assert_eq!((reply.status, reply.field("content-length")), (200, None));
    assert!(reply.body.is_empty());
    stage.end();
}

#[tokio::test]
async fn over_http_1_0_it_is_kept_by_no_cache_which_could_not_tell_that_it_broke_off() {
    let stage = Stage::live().await;
    let target = stage.segment_ahead(1).await;
    let mut stream = TcpStream::connect(stage.http()).await.unwrap();
    let head = format!("GET {target} HTTP/1.0\r\nhost: x\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("it ends").unwrap();
    let is_end = |four: &[u8]| four == b"\r\n\r\n";
    let end = answer.windows(4).position(is_end).unwrap();
    let (head, body) = answer.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_lowercase();
    assert!(head.starts_with("http/1.0 200"), "{head}");
    assert!(head.contains("\r\ncache-control: no-store\r\n"), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, stage.media(&target).await);
    stage.end();
}

#[tokio::test]
async fn what_is_further_ahead_is_404_and_who_gives_up_waits_no_more() {
    let stage = Stage::live().await;
    let far = stage.segment_ahead(1_000).await;
    assert_eq!(stage.get(&far).await.status, 404);
    let target = stage.segment_ahead(1).await;
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
