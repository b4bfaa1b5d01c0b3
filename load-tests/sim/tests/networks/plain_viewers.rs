//! Viewers that negotiate less than browsers do: no repairs, no transport-wide feedback, or that for pictures only. They too get
//! the best that their path carries, and less when it carries less.

use std::time::Duration;

use freshet_sim::network::{Bottleneck, Conditions, Direction};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trial::smoothness_since;
use freshet_sim::world::{BrowserId, World};
use sfu_model::rate::Bitrate;

/// Encodings of about 0.26, 0.77 and 2.6 Mbit/s.
fn camera() -> Camera {
    Camera {
        packets_per_frame: 10,
        payload_bytes: 1_000,
        ..Camera::live(H264).simulcast()
    }
}

const TRANSPORT_WIDE: &str = "transport-wide-cc-extensions-01";

/// The offer without the lines of these sections that have one of these words.
fn without(offer: &str, sections: &[&str], words: &[&str]) -> String {
    let mut section = "";
    let kept = offer.split_inclusive("\r\n").filter(|line| {
        if line.starts_with("m=") {
            section = &line[2..7];
        }
        let is_meant = sections.contains(&section);
        !(is_meant && words.iter().any(|word| line.contains(word)))
    });
    kept.collect()
}

type Plain = (&'static str, fn(String) -> String);

const PLAIN: [Plain; 4] = [
    ("transport-wide feedback for pictures only", |offer| {
        without(&offer, &["audio"], &[TRANSPORT_WIDE])
    }),
    ("transport-wide feedback for sound only", |offer| {
        without(&offer, &["video"], &[TRANSPORT_WIDE])
    }),
    // A format that nobody knows.
    ("no repairs", |offer| {
        offer.replace(" rtx/90000", " xtr/90000")
    }),
    ("receiver reports only", |offer| {
        let words = [TRANSPORT_WIDE, "abs-send-time", "transport-cc", "goog-remb"];
        without(&offer, &["audio", "video"], &words)
    }),
];

struct Scene {
    world: World,
    viewer: BrowserId,
}

impl Scene {
    fn new(seed: u64, tamper: fn(String) -> String, kbps: u64) -> Self {
        let mut world = World::new(seed, 1);
        world.publish("demo", camera()).unwrap();
        world.run_for(Duration::from_secs(2));
        let viewer = world.join("demo", None, tamper).unwrap();
        let mut scene = Self { world, viewer };
        scene.carry(kbps);
        scene
    }

    /// The way down carries this much from here on, and queues up to 200 ms.
    fn carry(&mut self, kbps: u64) {
        let address = self.world.browser(self.viewer).address;
        let line = Conditions::default().with_round_trip(Duration::from_millis(50));
        let rate = Bitrate::from_kbps(kbps);
        let queue = rate.bytes_in(Duration::from_millis(200));
        let down = line.through(Bottleneck::of(rate.as_bps()).queueing(queue));
        let network = self.world.network();
        network.set(address, Direction::Up, line);
        network.set(address, Direction::Down, down);
    }

    /// The encoding whose pictures come; none has this rank while none come.
    fn rank(&self) -> u8 {
        let video = &self.world.viewer(self.viewer).video;
        video.last().map_or(u8::MAX, |last| last.stamp.rank)
    }

    /// How long it took until pictures of this rank came.
    fn until_rank(&mut self, rank: u8, patience_s: u64) -> Option<Duration> {
        let began = self.world.now();
        while self.rank() != rank {
            if self.world.now() - began > Duration::from_secs(patience_s) {
                return None;
            }
            self.world.run_for(Duration::from_millis(100));
        }
        Some(self.world.now() - began)
    }
}

#[test]
fn plain_viewers_get_the_best_that_their_path_carries() {
    for (name, tamper) in PLAIN {
        for seed in 300..302 {
            let mut scene = Scene::new(seed, tamper, 6_000);
            let took = scene.until_rank(2, 60);
            println!("{name}, seed {seed}: the best after {took:?}");
            assert!(took.is_some(), "{name}: rank {}", scene.rank());
            // And keep it.
            let since = scene.world.now();
            scene.world.run_for(Duration::from_secs(60));
            assert_eq!(scene.rank(), 2, "{name}");
            let seen = scene.world.viewer(scene.viewer);
            let frozen =
                smoothness_since(seen, since, scene.world.now(), camera().frame_interval).frozen;
            assert_eq!(frozen, Duration::ZERO, "{name}");
        }
    }
}

#[test]
fn plain_viewers_get_less_where_their_path_carries_less() {
    for (name, tamper) in PLAIN {
        for seed in 310..312 {
            let mut scene = Scene::new(seed, tamper, 6_000);
            assert!(scene.until_rank(2, 60).is_some(), "{name}");
            scene.carry(600);
            let fell = scene.until_rank(0, 20);
            assert!(fell.is_some(), "{name}: rank {}", scene.rank());
            // Tries that fail cost pictures: few of them, and ever fewer.
            scene.world.run_for(Duration::from_secs(30));
            let since = scene.world.now();
            scene.world.run_for(Duration::from_secs(60));
            let seen = scene.world.viewer(scene.viewer);
            let frozen =
                smoothness_since(seen, since, scene.world.now(), camera().frame_interval).frozen;
            println!("{name}, seed {seed}: down after {fell:?}, frozen {frozen:?} of a minute");
            assert!(frozen <= Duration::from_secs(4), "{name}: {frozen:?}");
            scene.carry(6_000);
            let rose = scene.until_rank(2, 90);
            assert!(rose.is_some(), "{name}: rank {}", scene.rank());
        }
    }
}
