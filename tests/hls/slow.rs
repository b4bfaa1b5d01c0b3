//! Clients that take next to nothing of what they ask for (row S15): they are cut, and the others do not notice.

use std::time::Duration;

use freshet_load::hls::playlist::Playlist;
use freshet_load::publisher::Media;
use sfu_net::clock::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::kept::Kept;
use crate::running::PATIENCE;
use crate::stage::{LIVE, ONE, Stage};

/// Readers that take a byte a second: as many of a playlist as of segments, of which half are still being made.
const N_SLOW: usize = 500;

/// Answers that each asks for in a row: of segments more than any operating system buffers for it.
const N_ANSWERS: usize = 64;

/// Playlists, of 2 KB, that are more than that.
const N_PLAYLISTS: usize = 8_192;

/// Of a segment of two seconds, a megabyte.
const LARGE: Media = Media {
    bitrate_bps: 4_000_000,
    ..ONE
};

/// Least bytes of a segment that is worth asking for.
const SEGMENT_BYTES_MIN: usize = 300_000;

/// Readers that ask for so many.
const N_FLOODS: usize = 4;

/// When the last reader must be gone, from when the first began.
const GONE_WITHIN: Duration = Duration::from_secs(30);

/// How often the server is asked.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Requests of a client beside them whose times are looked at together: six of them are beyond p99.
const N_ASKED: usize = 600;

/// How often that client asks, where it is answered as soon: a window is over in two seconds.
const ASK_EVERY: Duration = Duration::from_millis(3);

/// Windows of which the best counts, in the calm and beside slow readers: what is as slow in each is not the machine's.
const N_WINDOWS: usize = 3;

/// What slow readers may add to that client's p99.
const DELAY_MAX: Duration = Duration::from_millis(10);

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

/// The segment that is being made, and those after it: each begins when the one before it has ended.
async fn coming(stage: &Stage) -> Vec<String> {
    let mut segments = Vec::new();
    let first = stage.segment_ahead(0).await;
    let (path, name) = first.rsplit_once('/').unwrap();
    let number: u64 = name.strip_suffix(".m4s").unwrap().parse().unwrap();
    for number in (number..).take(N_ANSWERS) {
        segments.push(format!("{path}/{number}.m4s"));
    }
    segments
}

/// What a reader asks for, all at once.
fn requests(targets: &[String]) -> String {
    let heads = targets
        .iter()
        .map(|target| format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n"));
    heads.collect()
}

async fn connect_slow(stage: &Stage) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(stage.http()).await.unwrap()
}

/// Asks, and takes a byte a second for as long as there is one.
async fn read_slowly(mut stream: TcpStream, requests: String) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // That it is cut, while it asks or later, is counted by the server.
    let asked = stream.write_all(requests.as_bytes()).await;
    while asked.is_ok() && stream.read_u8().await.is_ok() {
        seconds.tick().await;
    }
}

/// Of requests by a client that behaves well, a playlist and then the last part that it lists, how long all but 1 % took at most.
async fn p99(stage: &Stage, clock: Clock) -> Duration {
    let mut client = Kept::open(stage.http()).await;
    let mut took = Vec::new();
    let mut pace = interval(ASK_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut get = async |target: &str| {
        pace.tick().await;
        let asked_at = clock.now();
        client.ask(target).await;
        let (status, body) = client.answer().await;
        took.push(clock.now() - asked_at);
        assert!(status == 200 && !body.is_empty(), "{target}: {status}");
        body
    };
    for _ in 0..N_ASKED / 2 {
        let text = String::from_utf8(get(LIVE).await).unwrap();
        let part = Playlist::parse(&text).unwrap().parts.pop().unwrap();
        get(&format!("/hls/demo/720p/{}", part.uri)).await;
    }
    took.sort();
    took[N_ASKED * 99 / 100 - 1]
}

/// The best of some windows, for as long as there are so many connections.
async fn best_p99(stage: &Stage, clock: Clock, n_connections: u64) -> Duration {
    let mut best = None;
    for _ in 0..N_WINDOWS {
        let window = p99(stage, clock).await;
        if stage.metric("http_connections", "").await < n_connections {
            break;
        }
        best = Some(best.map_or(window, |best: Duration| best.min(window)));
    }
    best.expect("readers are gone before a window is over")
}

/// How many were cut.
async fn n_cut(stage: &Stage) -> u64 {
    stage
        .metric("http_limit_hits_total", "\"answer_time\"")
        .await
}

/// Asked for a body of several pieces, a reader is cut when it does not take them; what is asked for of playlists goes to the
/// operating system at once, and the connection, on which nothing is asked any more, with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_byte_a_second_are_cut_and_others_play_on() {
    let stage = Stage::with("[limits]\nconnections_per_address = 1024\n", LARGE).await;
    let clock = Clock::start();
    let whole = requests(&vec![segment(&stage).await; N_ANSWERS]);
    let playlists = requests(&vec![LIVE.to_owned(); N_ANSWERS]);
    let calm = best_p99(&stage, clock, 0).await;
    let n_before = stage.metric("http_connections", "").await;
    let growing = requests(&coming(&stage).await);
    let begun_at = clock.now();
    let mut readers = JoinSet::new();
    let kinds = [&whole, &playlists, &growing, &playlists];
    for asked in kinds.into_iter().cycle().take(N_SLOW) {
        readers.spawn(read_slowly(connect_slow(&stage).await, asked.clone()));
    }
    let beside = best_p99(&stage, clock, n_before + N_SLOW as u64).await;
    let gone = async {
        let mut looks = interval(LOOK_EVERY);
        // The one that asks is a connection, too.
        while stage.metric("http_connections", "").await > n_before + 1 {
            looks.tick().await;
        }
        clock.now() - begun_at
    };
    let gone_after = timeout(PATIENCE, gone).await.expect("they are not cut");
    println!("p99: {calm:?} in the calm, {beside:?} beside; the last is gone after {gone_after:?}");
    assert!(gone_after <= GONE_WITHIN, "{gone_after:?}");
    assert!(beside <= calm + DELAY_MAX, "{calm:?}, {beside:?}");
    assert_eq!(n_cut(&stage).await, N_SLOW as u64 / 2, "those of segments");
    stage.end();
}

#[tokio::test]
async fn a_reader_of_a_byte_a_second_that_asks_for_playlists_without_end_is_cut() {
    let stage = Stage::live().await;
    let clock = Clock::start();
    let n_before = stage.metric("http_connections", "").await;
    let playlists = requests(&vec![LIVE.to_owned(); N_PLAYLISTS]);
    let begun_at = clock.now();
    let mut readers = JoinSet::new();
    for _ in 0..N_FLOODS {
        readers.spawn(read_slowly(connect_slow(&stage).await, playlists.clone()));
    }
    let cut = async {
        let mut looks = interval(LOOK_EVERY);
        while n_cut(&stage).await < N_FLOODS as u64 {
            looks.tick().await;
        }
        clock.now() - begun_at
    };
    let cut_after = timeout(PATIENCE, cut).await.expect("they are not cut");
    assert!(cut_after <= GONE_WITHIN, "{cut_after:?}");
    assert!(stage.metric("http_connections", "").await <= n_before + 1);
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
        let mut looks = interval(LOOK_EVERY);
        while n_cut(&stage).await < answers.len() as u64 {
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
