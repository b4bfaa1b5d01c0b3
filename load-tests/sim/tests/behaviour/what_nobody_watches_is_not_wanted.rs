//! A publisher that asks is told which of its encodings somebody may take, wherever they watch.

use std::time::Duration;

use freshet_sim::publisher::{Camera, VIDEO_CODECS};
use freshet_sim::world::{BrowserId, World};
use sfu_core::budget::choice::LayerChoice;
use sfu_core::command::{Command, Reply};
use sfu_model::rtp::Rid;

const SECOND: Duration = Duration::from_secs(1);
/// What is wanted elsewhere is held for thirty seconds there, and here again.
const HOLD_SECONDS: u32 = 64;
/// Another worker is asked in one second and heard in the next.
const HEAR_SECONDS: u32 = 2;

fn ask(world: &mut World, publisher: BrowserId) -> Vec<String> {
    let session = world.browser(publisher).session;
    match world.command(session, Command::ListWanted { session }) {
        Ok(Reply::Wanted { rids }) => rids.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

/// What the publisher is told last, asking every second.
fn after(world: &mut World, publisher: BrowserId, seconds: u32) -> Vec<String> {
    let mut wanted = Vec::new();
    for _ in 0..seconds {
        world.run_for(SECOND);
        wanted = ask(world, publisher);
    }
    wanted
}

fn choose(world: &mut World, viewer: BrowserId, choice: LayerChoice) {
    let session = world.browser(viewer).session;
    let chosen = world.command(session, Command::ChooseLayer { session, choice });
    assert_eq!(chosen, Ok(Reply::Done));
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

fn requests_sent(world: &mut World) -> u64 {
    let workers = world.node().workers();
    workers.map(|(_, w)| w.stats().keyframe_requests_sent).sum()
}

#[test]
fn without_viewers_only_the_lowest_is_wanted_and_with_them_what_they_may_take() {
    let mut world = World::new(190, 2);
    let camera = Camera::new(VIDEO_CODECS[0]).simulcast();
    let publisher = world.publish("demo", camera).unwrap();
    assert_eq!(
        after(&mut world, publisher, 29),
        ["q", "h", "f"],
        "at first"
    );
    assert_eq!(after(&mut world, publisher, 3), ["q"]);
    // One on the worker of the publisher, one elsewhere.
    let viewers = [(); 2].map(|()| world.watch("demo").unwrap());
    assert_eq!(after(&mut world, publisher, HEAR_SECONDS), ["q", "h", "f"]);
    for viewer in viewers {
        choose(&mut world, viewer, rid("q"));
    }
    assert_eq!(after(&mut world, publisher, HOLD_SECONDS), ["q"]);
    for (viewer, other) in [(viewers[0], viewers[1]), (viewers[1], viewers[0])] {
        choose(&mut world, viewer, rid("h"));
        choose(&mut world, other, rid("q"));
        assert_eq!(after(&mut world, publisher, HEAR_SECONDS), ["q", "h"]);
        assert_eq!(after(&mut world, publisher, HOLD_SECONDS), ["q", "h"]);
    }
    for viewer in viewers {
        world.leave(viewer).unwrap();
    }
    assert_eq!(after(&mut world, publisher, HOLD_SECONDS), ["q"]);
}

#[test]
fn what_sleeps_is_not_asked_for_keyframes_and_wakes_when_it_is_wanted() {
    let mut world = World::new(191, 1);
    let camera = Camera::new(VIDEO_CODECS[0]).simulcast();
    let publisher = world.publish("demo", camera).unwrap();
    let pause = |world: &mut World, is_paused| {
        let publisher = world.browser_mut(publisher).publisher().unwrap();
        for rank in [1, 2] {
            publisher.pause(rank, is_paused);
        }
    };
    assert_eq!(after(&mut world, publisher, 32), ["q"]);
    pause(&mut world, true);
    world.run_for(2 * SECOND);
    let viewer = world.watch("demo").unwrap();
    choose(&mut world, viewer, rid("q"));
    world.run_for(2 * SECOND);
    assert_eq!(rank_now(&world, viewer), 0, "there is a picture at once");
    let asked = requests_sent(&mut world);
    assert_eq!(after(&mut world, publisher, 32), ["q"]);
    assert_eq!(requests_sent(&mut world), asked);
    choose(&mut world, viewer, LayerChoice::default());
    assert_eq!(after(&mut world, publisher, 1), ["q", "h", "f"]);
    pause(&mut world, false);
    // What it costs is known from before. One step is probed for after the other.
    world.run_for(2 * SECOND);
    assert_eq!(rank_now(&world, viewer), 2);
}
