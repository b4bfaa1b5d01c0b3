//! A stream of `standard` latency: parts of a second, for an audience that asks half as often.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use freshet_check::catalog::{Level, Rule};
use freshet_check::probe::{self, Plan};
use freshet_load::hls::connection::Server;
use freshet_load::hls::crowd::{self, Scenario};
use freshet_load::hls::figures::Figures;
use freshet_load::hls::multivariant::Choice;
use freshet_load::hls::stream::Stream;
use sfu_net::clock::Clock;
use url::Url;

use crate::conformance::{LENGTH, SEEN, broken, was_starved};
use crate::stage::{KEY, ONE, Stage};

/// The only rendition of pictures, and what sound is passed on as.
const RENDITIONS: [&str; 2] = ["720p", "opus"];

/// How long an audience is counted: five segments.
const COUNTED: Duration = Duration::from_secs(10);

/// Of what the audience of a stream of `low` latency asks, at most so much: half, and what chance adds at both ends.
const SHARE_MAX: f64 = 0.6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_standard_latency_keeps_every_must_with_parts_of_a_second() {
    let stage = Stage::with("[hls]\nlatency = \"standard\"", ONE).await;
    let url = Url::parse(&stage.running.url("/hls/demo/multivariant.m3u8")).unwrap();
    let length = LENGTH;
    let report = probe::run(Plan { url, length }).await.unwrap();
    let was_starved = was_starved(&stage).await;
    let broken: BTreeSet<&str> = broken(&report, was_starved)
        .filter(|rule| rule.level() == Level::Must)
        .map(Rule::id)
        .collect();
    assert!(broken.is_empty(), "{broken:?}\n{}", report.table());
    // Of the two parts of a segment one begins with a keyframe and the other is the last: either may be short.
    for rule in SEEN.into_iter().filter(|rule| *rule != Rule::Lh07) {
        let n_checked = report.row(rule).map_or(0, |row| row.n_checked);
        assert!(n_checked > 0, "{} was not seen", rule.id());
    }
    for rendition in RENDITIONS {
        let target = format!("/hls/demo/{rendition}/live.m3u8");
        let playlist = stage.playlist(&target).await;
        assert_eq!(playlist.part_target, Duration::from_secs(1), "{target}");
        assert_eq!(playlist.hold_back, Duration::from_secs(3), "{target}");
        let mut n_parts: BTreeMap<u64, usize> = BTreeMap::new();
        for part in &playlist.parts {
            *n_parts.entry(part.place.0).or_default() += 1;
        }
        // The last one is still being made. A segment is longer than its two parts when its keyframe is late.
        n_parts.remove(&playlist.next.0);
        assert!(!n_parts.is_empty(), "{target}");
        assert!(n_parts.values().all(|n| (2..=3).contains(n)), "{n_parts:?}");
    }
    stage.end();
}

/// What twelve viewers of a stream ask.
async fn counted(stage: &Stage, stream: &str) -> Figures {
    let url = format!("/hls/{stream}/multivariant.m3u8");
    let url = Url::parse(&stage.running.url(&url)).unwrap();
    let clock = Clock::start();
    let server = Server::of(&url, None, None).unwrap();
    let scenario = Scenario {
        stream: Stream::open(server, url, clock).await.unwrap(),
        n_viewers: 12,
        joins_per_second: 100,
        choice: Choice::Spread,
        with_sound: true,
        skips: true,
        n_slow: 0,
        measured: COUNTED,
        server: None,
    };
    crowd::run(&scenario, clock, |_| ()).await.unwrap().figures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audience_of_standard_latency_asks_half_as_often() {
    let calm = format!(
        "[[streams]]\nname = \"calm\"\nkey = \"{KEY}\"\npublic = true\nlatency = \"standard\"\n"
    );
    let mut stage = Stage::with(&calm, ONE).await;
    stage.publish("calm", ONE).await;
    let (low, standard) = tokio::join!(counted(&stage, "demo"), counted(&stage, "calm"));
    for figures in [&low, &standard] {
        assert_eq!(figures.n_errors(), 0, "{:?}", figures.statuses);
        assert!(figures.parts.percentile(50).is_some(), "nobody got a part");
    }
    let share = standard.n_requests() as f64 / low.n_requests() as f64;
    println!("{share:.2} of the requests");
    assert!(share <= SHARE_MAX, "{share}: {:?}", standard.statuses);
    stage.end();
}
