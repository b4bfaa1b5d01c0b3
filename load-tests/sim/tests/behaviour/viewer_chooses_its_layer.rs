//! A viewer asks for a layer and gets it with that layer's next keyframe; it lets go, and gets the best again. Nobody else
//! notices.

use std::time::Duration;

use freshet_sim::oracle::{continuity, freeze, player};
use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::world::{BrowserId, World};
use sfu_core::budget::choice::{LayerChoice, Why};
use sfu_core::command::{Command, CommandResult, Reply};
use sfu_core::error::CommandError;
use sfu_core::rtcp::write_pli;
use sfu_core::stats::SubscriberStatus;
use sfu_model::rtp::{Rid, Ssrc};

/// Its requests are of a sender that its engine does not have: each sender's are counted for themselves.
const REPORTER: Ssrc = Ssrc(0x8888);

/// A picture that is late by no more than this is no freeze: two frames and the way of a keyframe request.
const SMOOTH: Duration = Duration::from_millis(85);

fn choose(world: &mut World, viewer: BrowserId, choice: LayerChoice) -> CommandResult {
    let session = world.browser(viewer).session;
    world.command(session, Command::ChooseLayer { session, choice })
}

fn rid(rid: &str) -> LayerChoice {
    LayerChoice {
        rid: Rid::new(rid),
        ..LayerChoice::default()
    }
}

fn rank_now(world: &World, viewer: BrowserId) -> u8 {
    world.viewer(viewer).video.last().unwrap().stamp.rank
}

fn status(world: &mut World, viewer: BrowserId) -> SubscriberStatus {
    let session = world.browser(viewer).session;
    let mut statuses = world.node().workers().map(|(_, w)| w.subscriber(session));
    statuses.find_map(|status| status).unwrap()
}

#[test]
fn a_chosen_layer_comes_with_its_next_keyframe_and_automatic_returns() {
    for (codec, seed) in VIDEO_CODECS.into_iter().zip(160..) {
        let mut world = World::new(seed, 2);
        world
            .publish("demo", Camera::new(codec).simulcast())
            .unwrap();
        world.run_for(Duration::from_secs(2));
        let viewer = world.watch("demo").unwrap();
        let other = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(2));
        let began_at = world.now();
        let small = LayerChoice {
            height_max: Some(200),
            ..LayerChoice::default()
        };
        let steps = [
            (rid("q"), 0, Why::Chosen),
            (rid("h"), 1, Why::Chosen),
            (small, 0, Why::Chosen),
            (LayerChoice::default(), 2, Why::Best),
        ];
        for (choice, rank, why) in steps {
            assert_eq!(choose(&mut world, viewer, choice), Ok(Reply::Done));
            // A better one may wait for company for two seconds.
            world.run_for(Duration::from_secs(3));
            assert_eq!(rank_now(&world, viewer), rank, "{codec:?} {choice:?}");
            assert_eq!(rank_now(&world, other), 2, "{codec:?}");
            let told = status(&mut world, viewer);
            assert_eq!((told.choice, told.why), (choice, why), "{codec:?}");
            let current = told
                .layers
                .iter()
                .find(|l| Some(l.encoding) == told.current);
            assert_eq!(current.unwrap().place.spatial, rank);
        }
        for id in [viewer, other] {
            let seen = world.viewer(id);
            let verdict = player::check(seen, &[0], continuity::Bounds::STRICT);
            assert_eq!(verdict, Ok(()), "{codec:?}");
            let shown = &seen.decoder.shown;
            let smooth = freeze::check(shown, began_at, world.now(), SMOOTH);
            assert_eq!(smooth, Ok(()), "{codec:?}");
        }
    }
}

#[test]
fn who_changes_its_mind_all_the_time_asks_for_no_more_keyframes_than_by_requests() {
    let mut world = World::new(172, 2);
    let camera = Camera::new(VIDEO_CODECS[0]).simulcast();
    let publisher = world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(3));
    let asked = |world: &mut World| {
        let publisher = world.browser_mut(publisher).publisher();
        publisher.expect("it sends").keyframe_requests.len()
    };
    let before = asked(&mut world);
    for n in 0..240 {
        let layer = ["q", "h", "f"][n % 3];
        assert_eq!(choose(&mut world, viewer, rid(layer)), Ok(Reply::Done));
        assert_eq!(status(&mut world, viewer).choice, rid(layer));
        world.run_for(Duration::from_millis(25));
    }
    let within_six_seconds = asked(&mut world) - before;
    assert!(within_six_seconds <= 2 * 7, "{within_six_seconds} requests");
    let workers = world.node().workers();
    let hits: u64 = workers
        .map(|(_, w)| w.stats().keyframe_requests_max_hits)
        .sum();
    assert!(hits > 200, "{hits} choices had to wait");
    // The last word counts, once it is heard.
    assert_eq!(choose(&mut world, viewer, rid("q")), Ok(Reply::Done));
    world.run_for(Duration::from_secs(3));
    assert_eq!(rank_now(&world, viewer), 0);
}

/// Whether a viewer asks for a keyframe, and whether it chooses another layer, so many milliseconds after it began.
type Rhythm = fn(u64) -> (bool, bool);

/// In turn, twice a second each, and both all the time.
const RHYTHMS: [Rhythm; 2] = [
    |ms| {
        (
            matches!(ms % 1_000, 0 | 400),
            matches!(ms % 1_000, 200 | 600),
        )
    },
    |ms| (true, ms % 130 == 0),
];

#[test]
fn who_chooses_and_asks_at_once_asks_for_no_more_keyframes_than_by_either() {
    for (rhythm, seed) in RHYTHMS.into_iter().zip(173..) {
        let mut world = World::new(seed, 1);
        let camera = Camera::new(VIDEO_CODECS[0]).simulcast();
        let publisher = world.publish("demo", camera).unwrap();
        world.run_for(Duration::from_secs(2));
        let viewer = world.watch("demo").unwrap();
        world.run_for(Duration::from_secs(3));
        let address = world.browser(viewer).address;
        let mut forger = world.browser_mut(viewer).engine().forger().unwrap();
        let media = Ssrc(world.viewer(viewer).video.last().unwrap().ssrc);
        let (from, mut ranks) = (world.now(), Vec::new());
        let mut layers = ["q", "h"].into_iter().cycle();
        for ms in (0..6_000).step_by(10) {
            let (asks, chooses) = rhythm(ms);
            if asks {
                let mut clear = Vec::new();
                write_pli(&mut clear, REPORTER, media);
                let sealed = forger.seal_rtcp(&clear).unwrap();
                world.inject(address, sealed);
            }
            if chooses {
                let layer = rid(layers.next().unwrap());
                assert_eq!(choose(&mut world, viewer, layer), Ok(Reply::Done));
            }
            world.run_for(Duration::from_millis(10));
            ranks.push(rank_now(&world, viewer));
        }
        ranks.dedup();
        let publisher = world.browser_mut(publisher).publisher().unwrap();
        let requests = publisher.keyframe_requests.iter();
        let n_requests = requests.filter(|(at, _)| *at >= from).count();
        println!("{n_requests} requests, {ranks:?}");
        assert!(n_requests <= 2 * 7, "{n_requests} requests");
        assert!(ranks.len() > 3, "its choices are heard: {ranks:?}");
    }
}

#[test]
fn what_the_video_does_not_have_is_refused_and_changes_nothing() {
    let mut world = World::new(170, 1);
    let publisher = world
        .publish("demo", Camera::new(VIDEO_CODECS[0]).simulcast())
        .unwrap();
    world.run_for(Duration::from_secs(2));
    let viewer = world.watch("demo").unwrap();
    world.run_for(Duration::from_secs(2));
    assert_eq!(choose(&mut world, viewer, rid("h")), Ok(Reply::Done));
    let no_such = LayerChoice {
        spatial: Some(3),
        ..LayerChoice::default()
    };
    for unknown in [rid("x"), no_such] {
        let refused = choose(&mut world, viewer, unknown);
        assert_eq!(refused, Err(CommandError::UnknownLayer));
    }
    // A publisher has no layers to choose from.
    let refused = choose(&mut world, publisher, rid("h"));
    assert_eq!(refused, Err(CommandError::UnknownLayer));
    world.run_for(Duration::from_secs(2));
    assert_eq!(rank_now(&world, viewer), 1);
    world.leave(viewer).unwrap();
    let refused = choose(&mut world, viewer, rid("h"));
    assert_eq!(refused, Err(CommandError::UnknownSession));
}

#[test]
fn what_a_viewer_is_told_of_the_layers_is_what_they_are() {
    let mut world = World::new(171, 2);
    let camera = Camera {
        packets_per_frame: 10,
        ..Camera::new(VIDEO_CODECS[0]).simulcast()
    };
    let publisher = world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(2));
    // One on the worker of the publisher, one elsewhere.
    let viewers = [(); 2].map(|()| world.watch("demo").unwrap());
    world.run_for(Duration::from_secs(3));
    world
        .browser_mut(publisher)
        .publisher()
        .unwrap()
        .pause(2, true);
    world.run_for(Duration::from_secs(4));
    for viewer in viewers {
        let layers = status(&mut world, viewer).layers;
        let rids = layers.iter().map(|l| l.rid.unwrap().to_string());
        assert_eq!(rids.collect::<Vec<_>>(), ["q", "h", "f"]);
        let flows: Vec<bool> = layers.iter().map(|l| l.is_flowing).collect();
        assert_eq!(flows, [true, true, false]);
        let rates: Vec<u64> = layers.iter().map(|l| l.rate.unwrap().as_bps()).collect();
        assert!(
            0 < rates[0] && rates[0] < rates[1] && rates[2] == 0,
            "{rates:?}"
        );
        let heights = layers.iter().map(|l| l.dimensions.unwrap().height);
        assert!(heights.is_sorted(), "{layers:?}");
    }
}
