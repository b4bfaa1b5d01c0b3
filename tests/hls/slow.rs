//! Clients that take next to nothing of what they ask for (row S15): they are cut, and the others do not notice.

use std::time::Duration;

use freshet_load::publisher::Media;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{interval, timeout};

use crate::running::PATIENCE;
use crate::stage::{LIVE, ONE, Stage};

/// Readers that take a byte a second, half of them of segments that are still being made.
const N_SLOW: usize = 50;

/// Segments that each asks for in a row: more than any operating system buffers for it.
const N_SEGMENTS: usize = 64;

/// Of a segment of two seconds, a megabyte.
const LARGE: Media = Media {
    bitrate_bps: 4_000_000,
    ..ONE
};

/// Least bytes of a segment that is worth asking for.
const SEGMENT_BYTES_MIN: usize = 300_000;

/// A finished segment: not the first, which is a part long, and none that a starved publisher left out.
async fn segment(stage: &Stage) -> String {
    loop {
        let open = stage.playlist(LIVE).await.next.0;
        let reply = stage.get(&format!("{LIVE}?_HLS_msn={open}")).await;
        let text = reply.text();
        let mut lines = text.lines().filter(|line| line.ends_with(".m4s"));
        let segment = format!("/hls/demo/720p/{}", lines.next_back().unwrap());
        let reply = stage.get(&segment).await;
        if reply.status == 200 && reply.body.len() >= SEGMENT_BYTES_MIN {
            return segment;
        }
    }
}

/// Segments that are yet to be made: each begins when the one before it has ended.
async fn coming(stage: &Stage) -> Vec<String> {
    let mut segments = Vec::new();
    let first = stage.segment_ahead(1).await;
    let (path, name) = first.rsplit_once('/').unwrap();
    let number: u64 = name.strip_suffix(".m4s").unwrap().parse().unwrap();
    for number in (number..).take(N_SEGMENTS) {
        segments.push(format!("{path}/{number}.m4s"));
    }
    segments
}

async fn slow(stage: &Stage, segments: &[String]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(stage.http()).await.unwrap();
    let heads = segments
        .iter()
        .map(|segment| format!("GET {segment} HTTP/1.1\r\nhost: x\r\n\r\n"));
    let heads: String = heads.collect();
    stream.write_all(heads.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_byte_a_second_are_cut_and_others_play_on() {
    let stage = Stage::with("[limits]\nconnections_per_address = 1024\n", LARGE).await;
    let whole = vec![segment(&stage).await; N_SEGMENTS];
    let coming = coming(&stage).await;
    let n_connections = stage.metric("http_connections", "").await;
    let mut readers = Vec::new();
    for segments in [&whole, &coming].into_iter().cycle().take(N_SLOW) {
        readers.push(slow(&stage, segments).await);
    }
    let cut = async {
        let mut seconds = interval(Duration::from_secs(1));
        let mut next = stage.playlist(LIVE).await.next;
        loop {
            seconds.tick().await;
            for reader in &mut readers {
                // What it gets, or that it is cut, is not its business.
                let _ = timeout(Duration::from_millis(1), reader.read_u8()).await;
            }
            // A player beside them, which reloads as ever.
            let reload = format!("{LIVE}?_HLS_msn={}&_HLS_part={}", next.0, next.1);
            assert_eq!(stage.get(&reload).await.status, 200);
            next = stage.playlist(LIVE).await.next;
            let n_cut = stage
                .metric("http_limit_hits_total", "\"answer_time\"")
                .await;
            if n_cut >= N_SLOW as u64 {
                return;
            }
        }
    };
    timeout(PATIENCE, cut).await.expect("they are not cut");
    // The one that asks is a connection, too.
    assert!(stage.metric("http_connections", "").await <= n_connections + 1);
    stage.end();
}

#[tokio::test]
async fn a_body_over_http_2_that_is_not_taken_ends_its_connection() {
    let stage = Stage::with("", LARGE).await;
    let https = stage.running.https.unwrap();
    let targets = [segment(&stage).await, stage.segment_ahead(1).await];
    let mut answers = Vec::new();
    for (target, has_length) in targets.iter().zip([true, false]) {
        let client = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .http2_initial_stream_window_size(65_535)
            .build()
            .unwrap();
        let answer = client.get(format!("https://{https}{target}"));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers().contains_key("content-length"), has_length);
        answers.push(answer);
    }
    let counted = async {
        let mut looks = interval(Duration::from_millis(500));
        while stage
            .metric("http_limit_hits_total", "\"answer_time\"")
            .await
            < answers.len() as u64
        {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, counted).await.expect("it is not cut");
    for answer in answers {
        let rest = timeout(PATIENCE, answer.bytes()).await.unwrap();
        assert!(rest.is_err(), "the rest never came");
    }
    stage.end();
}
