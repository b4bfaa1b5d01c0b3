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

struct Audience {
    world: World,
    viewers: Vec<BrowserId>,
    frozen: Duration,
    n_freezes: usize,
    /// The worst of the others.
    p99: Duration,
}

/// Fifty viewers, the first of them over this line.
fn audience(seed: u64, first: Conditions) -> Audience {
    let camera = Camera::live(H264).simulcast();
    let mut world = World::new(seed, 2);
    world.publish("demo", camera).unwrap();
    world.run_for(Duration::from_secs(1));
    let viewers: Vec<BrowserId> = (0..N_VIEWERS)
        .map(|_| world.watch("demo").unwrap())
        .collect();
    world.run_for(Duration::from_secs(2));
    world.set_path(viewers[0], first);
    let from = world.now();
    world.run_for(WATCHED);
    let mut audience = Audience {
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
    let undisturbed = audience(41, Conditions::default());
    let disturbed = audience(41, slow_line());
    println!(
        "p99 {:?} without it, {:?} with it",
        undisturbed.p99, disturbed.p99
    );
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
    for seed in 41..44 {
        let sent_bps = sent_to_slow_viewer(seed);
        assert!(sent_bps <= 100_000, "{seed}: {sent_bps} bit/s");
    }
}

fn sent_to_slow_viewer(seed: u64) -> u64 {
    let mut audience = audience(seed, slow_line());
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
