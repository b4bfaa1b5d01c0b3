//! Requests that wait, by the thousand (row S14), and over one connection of HTTP/2.

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_load::proc::Process;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::kept::Kept;
use crate::running::PATIENCE;
use crate::stage::{LIVE, ONE, Stage};

/// Connections that wait at once.
const N_HELD: usize = 5_000;

/// What each may cost the server, its connection included: 16 KB are the HTTP library's two buffers, and this build's futures
/// are larger than those that people run.
const HELD_BYTES_MAX: u64 = 64_000;

/// From when the first has its answer to when all but 1 % have theirs, in the best round. It is 0.15 s where 5,000 readers and the
/// server have two cores for themselves, and 0.6 s beside compilers; `./dev bench hls`, with a core for each, holds it to 0.15 s.
const RELEASED_WITHIN: Duration = Duration::from_secs(1);

/// How often the server is asked how many wait.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Segments on which it is tried: on a machine that is busy with other tests, the first may be over before all have asked.
const TRIES: usize = 8;

/// Rounds of all of them of which the fastest counts: what is as slow in each is not the machine's.
const N_ROUNDS: usize = 3;

/// The number of the segment that begins now.
async fn beginning(stage: &Stage) -> u64 {
    let open = stage.playlist(LIVE).await.next.0;
    let reply = stage.get(&format!("{LIVE}?_HLS_msn={open}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    open + 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_requests_wait_for_one_segment_and_get_one_text() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, soft.max(hard), hard).unwrap();
    let stage = Stage::with("[limits]\nconnections_per_address = 8192\n", ONE).await;
    let server = Process::new(stage.running.pid());
    let before = server.resident_bytes().unwrap();
    let mut rounds = Vec::new();
    for _ in 0..TRIES {
        // Connections take longer than requests, all of which are to wait for the same.
        let mut all = Vec::new();
        for _ in 0..N_HELD {
            all.push(Kept::open(stage.http()).await);
        }
        // Held until the segment after this one is whole: about four seconds.
        let target = format!("{LIVE}?_HLS_msn={}", beginning(&stage).await + 1);
        let renders = stage.metric("hls_renders_total", "").await;
        for held in &mut all {
            held.ask(&target).await;
        }
        let answers = answers(all);
        let n_held = most_held(&stage, N_HELD as u64).await;
        let each = server.resident_bytes().unwrap().saturating_sub(before) / N_HELD as u64;
        let answers = timeout(PATIENCE, answers.join_all()).await;
        let answers = answers.expect("some are never answered");
        let renders = stage.metric("hls_renders_total", "").await - renders;
        assert!(renders < 100, "{renders} texts were written");
        if n_held < N_HELD as u64 {
            continue;
        }
        let bodies: BTreeSet<&[u8]> = answers.iter().map(|(_, body)| &body[..]).collect();
        assert_eq!(bodies.len(), 1, "all get the same");
        assert!(each <= HELD_BYTES_MAX, "{each} bytes each");
        rounds.push(released_within(answers.iter().map(|(at, _)| *at)));
        if rounds.len() == N_ROUNDS {
            break;
        }
    }
    println!("released, p99 of each round: {rounds:?}");
    let best = rounds.into_iter().min();
    let best = best.unwrap_or_else(|| panic!("{N_HELD} were never held at once"));
    assert!(best <= RELEASED_WITHIN, "{best:?}");
    stage.end();
}

/// Begins to take what each is answered with, which must be 200, and when it has it.
fn answers(all: Vec<Kept>) -> JoinSet<(Instant, Vec<u8>)> {
    let clock = Clock::start();
    let mut answers = JoinSet::new();
    for mut held in all {
        answers.spawn(async move {
            let (status, body) = held.answer().await;
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            (clock.now(), body)
        });
    }
    answers
}

/// How long after the first of them all but 1 % had their answers.
fn released_within(times: impl Iterator<Item = Instant>) -> Duration {
    let mut times: Vec<Instant> = times.collect();
    times.sort();
    times[times.len() * 99 / 100 - 1] - times[0]
}

/// How many wait, once so many do or all of them have been answered.
async fn most_held(stage: &Stage, wanted: u64) -> u64 {
    let mut looks = interval(LOOK_INTERVAL);
    let mut most = 0;
    loop {
        looks.tick().await;
        let now = stage.metric("hls_blocked_requests", "").await;
        if now >= wanted || now < most {
            return most.max(now);
        }
        most = now;
    }
}

#[tokio::test]
async fn who_hangs_up_while_waiting_is_forgotten_at_once() {
    let stage = Stage::live().await;
    let mut all = Vec::new();
    for _ in 0..50 {
        let mut held = Kept::open(stage.http()).await;
        let open = stage.playlist(LIVE).await.next.0;
        held.ask(&format!("{LIVE}?_HLS_msn={}", open + 1)).await;
        all.push(held);
    }
    assert!(most_held(&stage, 50).await > 0);
    drop(all);
    let forgotten = async {
        let mut looks = interval(LOOK_INTERVAL);
        while stage.metric("hls_abandoned_total", "").await == 0 {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, forgotten)
        .await
        .expect("nobody was forgotten");
    stage.end();
}

#[tokio::test]
async fn a_hundred_requests_wait_over_one_connection_of_http_2() {
    let stage = Stage::live().await;
    let https = stage.running.https.unwrap();
    // One connection: a pool of HTTP/2 has no more to a server.
    let client = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    let warm = format!("https://{https}/hls/demo/multivariant.m3u8");
    let first = client.get(&warm).send().await.unwrap();
    assert_eq!(first.version(), reqwest::Version::HTTP_2);
    let before = stage.metric("http_connections", "").await;
    let open = beginning(&stage).await;
    let mut asking = JoinSet::new();
    for n in 0..100 {
        // All are other requests, for the same moment.
        let url = format!("https://{https}{LIVE}?_HLS_msn={open}&n={n}");
        asking.spawn(client.get(url).send());
    }
    let mut bodies = BTreeSet::new();
    while let Some(answer) = asking.join_next().await {
        let answer = answer.unwrap().unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.version()),
            (200, reqwest::Version::HTTP_2)
        );
        bodies.insert(answer.text().await.unwrap());
    }
    assert_eq!(bodies.len(), 1);
    assert!(stage.metric("http_connections", "").await <= before + 1);
    stage.end();
}
