//! The load generator's viewers against the running server.

use std::time::Duration;

use freshet_load::encodings::Encodings;
use freshet_load::hls::connection::Server;
use freshet_load::hls::crowd::{self, Scenario};
use freshet_load::hls::multivariant::Choice;
use freshet_load::hls::stream::Stream;
use freshet_load::proc::Process;
use freshet_load::publisher::Media;
use sfu_net::clock::Clock;
use url::Url;

use crate::stage::{ONE, Stage};

#[tokio::test]
async fn viewers_follow_pictures_and_sound_with_delta_updates_and_get_every_part() {
    let media = Media {
        encodings: Encodings::Simulcast,
        ..ONE
    };
    let stage = Stage::with("", media).await;
    let url = Url::parse(&stage.running.url("/hls/demo/multivariant.m3u8")).unwrap();
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
        measured: Duration::from_secs(4),
        server: Some(Process::new(stage.running.pid())),
    };
    let outcome = crowd::run(&scenario, clock, |_| ()).await.unwrap();
    let figures = &outcome.figures;
    assert_eq!(outcome.n_tracks, 24, "each has a playlist of sound as well");
    assert_eq!(figures.n_errors(), 0, "{:?}", figures.statuses);
    // Two parts a second of each, and a reload for each part; fewer where the machine is busy.
    assert!(figures.n_requests() > 24 * 2 * 3, "{:?}", figures.statuses);
    assert!(figures.reloads.percentile(50).is_some(), "none was held");
    assert!(figures.parts.percentile(50).is_some());
    assert!(figures.ages.percentile(50).is_some());
    assert!(outcome.server.is_some_and(|server| !server.ran.is_zero()));
    stage.end();
}
