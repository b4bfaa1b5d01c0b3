//! One viewer behind 100 kbit/s that loses a fifth of what comes through, among fifty: the others do not notice.

use std::time::Duration;

use freshet_sim::network::{Bottleneck, Conditions, Direction, PerMille};
use freshet_sim::oracle::latency;
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trial::smoothness_since;
use freshet_sim::world::{BrowserId, World};

const N_VIEWERS: usize = 50;

/// How long they watch together.
const WATCHED: Duration = Duration::from_secs(20);

fn slow_line() -> Conditions {
    Conditions::default()
        .losing(PerMille(200))
        .through(Bottleneck::of(100_000))
}

/// What a viewer may ask for before it gets sound alone, and to see whether there is room for pictures again.
const KEYFRAMES_MAX: usize = 6;

struct Audience {
    world: World,
    /// Keyframes that the publisher was asked for meanwhile.
    n_requests: usize,
    viewers: Vec<BrowserId>,
    frozen: Duration,
    n_freezes: usize,
    /// The worst of the others.
    p99: Duration,
}

/// Fifty viewers, the first of them over this line.
fn audience(seed: u64, camera: Camera, first: Conditions) -> Audience {
    let mut world = World::new(seed, 2);
    let publisher = world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewers: Vec<BrowserId> = (0..N_VIEWERS)
        .map(|_| world.watch("demo").unwrap())
        .collect();
    world.run_for(Duration::from_secs(2));
    world.set_path(viewers[0], first);
    let from = world.now();
    world.run_for(WATCHED);
    let asked = &world
        .browser_mut(publisher)
        .publisher()
        .unwrap()
        .keyframe_requests;
    let mut audience = Audience {
        n_requests: asked.iter().filter(|(at, _)| *at > from).count(),
        frozen: Duration::ZERO,
        n_freezes: 0,
        p99: Duration::ZERO,
        world,
        viewers,
    };
    for viewer in &audience.viewers[1..] {
        let seen = audience.world.viewer(*viewer);
        let until = audience.world.now();
        let smoothness = smoothness_since(seen, from, until, camera.frame_interval);
        audience.frozen += smoothness.frozen;
        audience.n_freezes += smoothness.n_freezes;
        let pictures: Vec<_> = seen
            .decoder
            .shown
            .iter()
            .filter(|s| s.at > from)
            .copied()
            .collect();
        assert!(pictures.len() > 500, "{}", pictures.len());
        audience.p99 = audience.p99.max(latency::measure(&pictures).p99);
    }
    audience
}

#[test]
fn one_slow_viewer_costs_the_others_nothing() {
    assert_unnoticed(Camera::live(H264).simulcast());
}

/// Of a single encoding, where each keyframe that it asks for is everybody's.
#[test]
fn one_slow_viewer_of_a_single_encoding_costs_the_others_nothing() {
    assert_unnoticed(Camera::live(H264));
}

fn assert_unnoticed(camera: Camera) {
    let undisturbed = audience(41, camera, Conditions::default());
    let disturbed = audience(41, camera, slow_line());
    println!(
        "p99 {:?} and {} keyframes asked for without it, {:?} and {} with it",
        undisturbed.p99, undisturbed.n_requests, disturbed.p99, disturbed.n_requests
    );
    assert!(disturbed.n_requests <= undisturbed.n_requests + KEYFRAMES_MAX);
    assert_eq!((disturbed.n_freezes, disturbed.frozen), (0, Duration::ZERO));
    assert!(
        disturbed.p99 <= undisturbed.p99 + Duration::from_millis(1),
        "{:?}, without it {:?}",
        disturbed.p99,
        undisturbed.p99
    );
    let slow = disturbed.world.browser(disturbed.viewers[0]);
    let lost = slow.viewer().unwrap().decoder.shown.len();
    assert!(lost < 500, "the slow viewer was not slow: {lost} pictures");
}

/// It is sent its sound, and no picture: the smallest of them is more than the path carries.
#[test]
fn a_slow_viewer_is_sent_what_it_can_get() {
    for camera in [Camera::live(H264).simulcast(), Camera::live(H264)] {
        for seed in 41..44 {
            let sent_bps = sent_to_slow_viewer(seed, camera);
            assert!(sent_bps <= 100_000, "{seed}: {sent_bps} bit/s");
        }
    }
}

fn sent_to_slow_viewer(seed: u64, camera: Camera) -> u64 {
    let mut audience = audience(seed, camera, slow_line());
    let address = audience.world.browser(audience.viewers[0]).address;
    let before = audience
        .world
        .network()
        .carried(address, Direction::Down)
        .bytes;
    audience.world.run_for(Duration::from_secs(10));
    let after = audience
        .world
        .network()
        .carried(address, Direction::Down)
        .bytes;
    (after - before) * 8 / 10
}

/// From its first packet on. Where the last flight of the handshake is lost, the answers to its repetitions must not be lost in a queue
/// of pictures that nobody can open.
#[test]
fn whoever_joins_over_such_a_line_hears() {
    for (camera, from) in [
        (Camera::live(H264).simulcast(), 4_100),
        (Camera::live(H264), 4_200),
    ] {
        for seed in from..from + 40 {
            let mut world = World::new(seed, 1);
            world.publish("demo", camera).unwrap();
            world.run_for(Duration::from_secs(1));
            let viewer = world.watch("demo").unwrap();
            world.set_path(viewer, slow_line());
            world.run_for(Duration::from_secs(30));
            let from = world.now();
            world.run_for(Duration::from_secs(10));
            let audio = world.viewer(viewer).audio.iter();
            let n_heard = audio.filter(|packet| packet.at > from).count();
            assert!(
                n_heard > 350,
                "{seed}: {n_heard} of 500, of which a fifth is lost"
            );
        }
    }
}
