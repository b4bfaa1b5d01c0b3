//! RED (RFC 2198): a publisher may send it, a viewer may take it, and neither needs the other to.

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_sim::network::{Conditions, PerMille};
use freshet_sim::oracle::continuity;
use freshet_sim::publisher::Camera;
use freshet_sim::viewer::Viewer;
use freshet_sim::world::{BrowserId, World};
use sfu_model::codec::Codec;

/// Who is on which side of the node, and what the way to it loses.
#[derive(Clone, Copy)]
struct Scene {
    sends_red: bool,
    takes_red: bool,
    loss_up: PerMille,
    loss_down: PerMille,
}

/// Twenty seconds of it: a thousand packets of sound, on a worker that is not the publisher's.
fn watched(scene: Scene, seed: u64) -> (World, BrowserId) {
    let mut world = World::new(seed, 2);
    let camera = Camera {
        sends_red: scene.sends_red,
        ..Camera::new(Codec::Vp8)
    };
    let publisher = world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(1));
    let offer = |offer: String| {
        if scene.takes_red {
            offer
        } else {
            without_red(&offer)
        }
    };
    world.join("demo", None, offer).unwrap();
    let viewer = world.join("demo", None, offer).unwrap();
    world.run_for(Duration::from_secs(1));
    let line = Conditions::default();
    world.set_path(publisher, line.losing(scene.loss_up));
    world.set_path(viewer, line.losing(scene.loss_down));
    world.run_for(Duration::from_secs(20));
    (world, viewer)
}

/// The offer of a browser that does not know RED.
pub(crate) fn without_red(offer: &str) -> String {
    let red = offer
        .lines()
        .find_map(|line| line.strip_suffix(" red/48000/2"));
    let red = red
        .and_then(|line| line.strip_prefix("a=rtpmap:"))
        .expect("it is offered");
    let is_about = |line: &&str| {
        let value = line.split_once(':').map_or("", |(_, value)| value);
        line.starts_with("a=") && value.split(' ').next() == Some(red)
    };
    let kept = offer.lines().filter(|line| !is_about(line)).map(|line| {
        if line.starts_with("m=audio") {
            let mut words = line.split(' ').collect::<Vec<_>>();
            words.retain(|word| *word != red);
            words.join(" ") + "\r\n"
        } else {
            line.to_owned() + "\r\n"
        }
    });
    kept.collect()
}

fn payload_types(seen: &Viewer) -> usize {
    seen.audio
        .iter()
        .map(|p| p.payload_type)
        .collect::<BTreeSet<_>>()
        .len()
}

/// The sound is one continuous sender's, of which so much is missing.
fn check(seen: &Viewer, missing_max: u64) {
    let bounds = continuity::Bounds {
        missing_max,
        ..continuity::Bounds::STRICT
    };
    assert_eq!(continuity::check(&seen.audio, bounds), Ok(()));
    assert_eq!(seen.n_damaged, 0);
    assert!(seen.audio.len() > 900, "{} packets", seen.audio.len());
}

fn recovered(world: &mut World) -> u64 {
    let workers = world.node().workers();
    workers
        .map(|(_, worker)| worker.stats().audio_recovered)
        .sum()
}

#[test]
fn a_publishers_redundancy_reaches_a_viewer_that_knows_none() {
    let scene = Scene {
        sends_red: true,
        takes_red: false,
        loss_up: PerMille(100),
        loss_down: PerMille(0),
    };
    let (mut world, viewer) = watched(scene, 81);
    let recovered = recovered(&mut world);
    assert!(recovered > 50, "{recovered} of some 90 came back");
    let seen = world.viewer(viewer);
    // One of a hundred is lost twice in a row.
    check(seen, 25);
    assert_eq!(
        (payload_types(seen), seen.n_audio_recovered),
        (1, 0),
        "plain Opus"
    );
}

#[test]
fn a_viewer_gets_redundancy_of_a_publisher_that_sends_none() {
    let scene = Scene {
        sends_red: false,
        takes_red: true,
        loss_up: PerMille(0),
        loss_down: PerMille(100),
    };
    let (mut world, viewer) = watched(scene, 82);
    assert_eq!(recovered(&mut world), 0);
    let seen = world.viewer(viewer);
    assert!(seen.n_audio_recovered > 50, "{}", seen.n_audio_recovered);
    check(seen, 10);
}

#[test]
fn with_redundancy_on_both_sides_each_leg_is_repaired_by_itself() {
    let scene = Scene {
        sends_red: true,
        takes_red: true,
        loss_up: PerMille(50),
        loss_down: PerMille(100),
    };
    let (mut world, viewer) = watched(scene, 83);
    let recovered = recovered(&mut world);
    assert!(recovered > 20, "{recovered}");
    let seen = world.viewer(viewer);
    assert!(seen.n_audio_recovered > 50, "{}", seen.n_audio_recovered);
    check(seen, 15);
}

#[test]
fn where_nothing_is_lost_redundancy_changes_nothing() {
    for (sends_red, takes_red) in [(true, true), (true, false), (false, true), (false, false)] {
        let scene = Scene {
            sends_red,
            takes_red,
            loss_up: PerMille(0),
            loss_down: PerMille(0),
        };
        let (mut world, viewer) = watched(scene, 84);
        assert_eq!(recovered(&mut world), 0);
        let seen = world.viewer(viewer);
        check(seen, 0);
        assert_eq!(seen.n_audio_recovered, 0);
        // The first packet has none before it, and goes plain.
        assert_eq!(payload_types(seen), 1 + usize::from(takes_red));
    }
}
