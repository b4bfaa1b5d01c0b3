//! Viewers that negotiate less than browsers do: no repairs, no transport-wide feedback, or that for pictures only. They too get
//! the best that their path carries, and less when it carries less.

use std::time::Duration;

use freshet_sim::network::{Bottleneck, Conditions, Direction};
use freshet_sim::offer::{TRANSPORT_WIDE, with_own_estimate, without};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trial::smoothness_since;
use freshet_sim::viewer::Received;
use freshet_sim::world::{BrowserId, World};
use sfu_core::rtcp::write_remb;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Ssrc;
use sfu_model::time::Instant;

/// Encodings of about 0.26, 0.77 and 2.6 Mbit/s.
fn camera() -> Camera {
    Camera {
        packets_per_frame: 10,
        payload_bytes: 1_000,
        ..Camera::live(H264).simulcast()
    }
}

type Plain = (&'static str, fn(String) -> String);

const PLAIN: [Plain; 4] = [
    ("transport-wide feedback for pictures only", |offer| {
        without(&offer, &["audio"], &TRANSPORT_WIDE[..1])
    }),
    ("transport-wide feedback for sound only", |offer| {
        without(&offer, &["video"], &TRANSPORT_WIDE[..1])
    }),
    // A format that nobody knows.
    ("no repairs", |offer| {
        offer.replace(" rtx/90000", " xtr/90000")
    }),
    ("receiver reports only", |offer| {
        let offer = with_own_estimate(&offer);
        without(&offer, &["video"], &["abs-send-time", "goog-remb"])
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

/// Estimates of a viewer of its own path: much, little, and much again, each for so many seconds.
const ESTIMATES: [(u64, usize); 3] = [(6_000, 40), (400, 20), (6_000, 40)];
/// Its reports are of a sender that its engine does not have: each sender's are counted for themselves.
const REPORTER: Ssrc = Ssrc(0x7777);

/// What came of a viewer's estimates.
struct Estimated {
    /// Its rank at the end of each second.
    ranks: Vec<u8>,
    /// When it says much again.
    rises_at: Instant,
    world: World,
    other: BrowserId,
}

impl Estimated {
    /// Once a second it says what it estimates, or is silent.
    fn run(seed: u64, is_silent: bool) -> Self {
        let tamper = |offer: String| {
            let offer = with_own_estimate(&offer);
            assert!(offer.contains("goog-remb") && !offer.contains(TRANSPORT_WIDE[0]));
            offer
        };
        let mut scene = Scene::new(seed, tamper, 6_000);
        let other = scene.world.watch("demo").unwrap();
        scene.world.run_for(Duration::from_secs(2));
        let viewer = scene.viewer;
        let address = scene.world.browser(viewer).address;
        let mut forger = scene.world.browser_mut(viewer).engine().forger().unwrap();
        let media = Ssrc(scene.world.viewer(viewer).video.last().unwrap().ssrc);
        let (mut ranks, mut rises_at) = (Vec::new(), scene.world.now());
        for (kbps, seconds) in ESTIMATES {
            rises_at = scene.world.now();
            for _ in 0..seconds {
                let mut clear = Vec::new();
                write_remb(&mut clear, REPORTER, Bitrate::from_kbps(kbps), &[media]);
                let sealed = forger.seal_rtcp(&clear).unwrap();
                if !is_silent {
                    scene.world.inject(address, sealed);
                }
                scene.world.run_for(Duration::from_secs(1));
                ranks.push(scene.rank());
            }
        }
        let world = scene.world;
        Self {
            ranks,
            rises_at,
            world,
            other,
        }
    }

    /// What reached somebody else: all sound, and pictures until a keyframe of the best encoding is for both.
    fn others(&self) -> (&[Received], &[Received]) {
        let seen = self.world.viewer(self.other);
        let n_alone = seen.video.partition_point(|p| p.at < self.rises_at);
        (&seen.audio, &seen.video[..n_alone])
    }

    /// The pictures that reached somebody else.
    fn others_pictures(&self) -> Vec<(u8, u64)> {
        let video = self.world.viewer(self.other).video.iter();
        let mut pictures: Vec<_> = video
            .map(|p| (p.stamp.rank, p.stamp.frame.into()))
            .collect();
        pictures.dedup();
        pictures
    }
}

#[test]
fn a_viewer_that_estimates_its_path_itself_gets_what_it_says_and_others_what_they_did() {
    for seed in 320..322 {
        let silent = Estimated::run(seed, true);
        let told = Estimated::run(seed, false);
        println!("seed {seed}: {:?}", told.ranks);
        let [much, little, _] = ESTIMATES.map(|(_, seconds)| seconds);
        assert_eq!(told.ranks[much - 1], 2, "it said much");
        // A better one is tried after that.
        assert_eq!(told.ranks[much..][..5], [0; 5], "it says little");
        assert!(!told.ranks[much..][..little].contains(&2));
        assert_eq!(told.ranks.last(), Some(&2), "it says much again");
        assert!(
            silent.ranks[much..].iter().all(|rank| *rank == 2),
            "it said nothing"
        );
        assert!(told.others() == silent.others(), "others noticed");
        assert!(
            told.others_pictures() == silent.others_pictures(),
            "others noticed"
        );
    }
}
