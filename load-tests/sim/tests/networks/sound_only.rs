//! A path that carries less than the smallest encoding: its viewer hears, and sees again once there is room.

use std::collections::BTreeSet;
use std::time::Duration;

use freshet_sim::network::{Bottleneck, Conditions, Direction};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trial::smoothness_since;
use freshet_sim::world::{BrowserId, World};
use sfu_core::budget::choice::Why;
use sfu_model::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// What IPv4 and UDP add to a datagram.
const HEADER_BYTES: u64 = 28;

/// What came of a time on a path.
#[derive(Debug)]
struct Heard {
    sent_bps: u64,
    queue_most: Duration,
    sound_lost: f64,
    n_pictures: usize,
}

struct Link {
    world: World,
    viewer: BrowserId,
}

impl Link {
    fn of(seed: u64, camera: Camera, bps: u64) -> Self {
        let mut world = World::new(seed, 1);
        world.publish("demo", camera).unwrap();
        world.run_for(SECOND * 2);
        let viewer = world.watch("demo").unwrap();
        let mut link = Self { world, viewer };
        link.become_of(bps);
        link
    }

    fn become_of(&mut self, bps: u64) {
        let address = self.world.browser(self.viewer).address;
        let line = Conditions::default().with_round_trip(Duration::from_millis(50));
        let network = self.world.network();
        network.set(address, Direction::Up, line);
        network.set(address, Direction::Down, line.through(Bottleneck::of(bps)));
    }

    fn sent_bits(&mut self) -> u64 {
        let address = self.world.browser(self.viewer).address;
        let carried = self.world.network().carried(address, Direction::Down);
        (carried.bytes + carried.datagrams * HEADER_BYTES) * 8
    }

    fn listen(&mut self, seconds: u32) -> Heard {
        const LOOKS: u32 = 100;
        let from = self.world.now();
        let address = self.world.browser(self.viewer).address;
        let before = self.sent_bits();
        let mut queue_most = Duration::ZERO;
        for _ in 0..seconds * LOOKS {
            self.world.run_for(SECOND / LOOKS);
            let now = self.world.now();
            let network = self.world.network();
            let queue = network.queue_delay(address, Direction::Down, now);
            queue_most = queue_most.max(queue);
        }
        let sent = self.sent_bits() - before;
        let seen = self.world.viewer(self.viewer);
        let heard = seen.audio.iter().filter(|packet| packet.at > from);
        let numbers: BTreeSet<u64> = heard.map(|packet| packet.sequence).collect();
        let (first, last) = (numbers.first().unwrap(), numbers.last().unwrap());
        let n_sent = last - first + 1;
        Heard {
            sent_bps: sent / u64::from(seconds),
            queue_most,
            sound_lost: (n_sent - numbers.len() as u64) as f64 / n_sent as f64,
            n_pictures: seen.screen.shown.iter().filter(|p| p.at > from).count(),
        }
    }

    /// When the first picture came, of one of these encodings, that was captured after a moment.
    fn first_of(&self, since: Instant, wanted: impl Fn(u8) -> bool) -> Option<Duration> {
        let shown = &self.world.viewer(self.viewer).decoder.shown;
        let mut shown = shown.iter();
        let first = shown.find(|s| s.stamp.captured_at > since && wanted(s.stamp.rank))?;
        Some(first.at - since)
    }
}

/// What is heard over a narrow link, and after how long there are pictures, and those of the best encoding, once it is wide.
fn narrow_then_wide(link: &mut Link, wide_bps: u64) -> (Heard, Option<Duration>, Option<Duration>) {
    link.world.run_for(SECOND * 10);
    let heard = link.listen(30);
    let widened_at = link.world.now();
    link.become_of(wide_bps);
    link.world.run_for(SECOND * 20);
    let back = link.first_of(widened_at, |_| true);
    let top = link.first_of(widened_at, |rank| rank == 2);
    println!("{heard:?}, pictures {back:?} after, the best {top:?}");
    (heard, back, top)
}

#[test]
fn sound_comes_first_where_no_picture_fits_and_pictures_come_back() {
    for bps in [100_000, 150_000, 200_000] {
        for seed in 41..44 {
            let mut link = Link::of(seed, Camera::live(H264).simulcast(), bps);
            let (heard, back, top) = narrow_then_wide(&mut link, 3_000_000);
            assert!(heard.sound_lost <= 0.005, "{heard:?}");
            assert!(heard.queue_most < Duration::from_millis(100), "{heard:?}");
            assert!(heard.sent_bps <= bps, "{heard:?}");
            assert!(back.is_some_and(|back| back <= SECOND * 5), "{back:?}");
            assert!(top.is_some_and(|top| top <= SECOND * 12), "{top:?}");
        }
    }
}

/// There is nothing to choose but this: 2.6 Mbit/s.
#[test]
fn sound_comes_first_where_a_single_encoding_does_not_fit() {
    let camera = Camera {
        packets_per_frame: 10,
        payload_bytes: 1_000,
        ..Camera::live(H264)
    };
    for bps in [200_000, 1_000_000] {
        for seed in 41..44 {
            let mut link = Link::of(seed, camera, bps);
            let (heard, back, _) = narrow_then_wide(&mut link, 6_000_000);
            assert!(heard.sound_lost <= 0.005, "{heard:?}");
            assert!(heard.queue_most < Duration::from_millis(200), "{heard:?}");
            assert!(heard.sent_bps <= bps, "{heard:?}");
            assert!(back.is_some_and(|back| back <= SECOND * 10), "{back:?}");
        }
    }
}

#[test]
fn a_viewer_without_pictures_is_told_why() {
    let mut link = Link::of(41, Camera::live(H264).simulcast(), 100_000);
    link.world.run_for(SECOND * 10);
    let session = link.world.browser(link.viewer).session;
    let mut workers = link.world.node().workers();
    let status = workers
        .find_map(|(_, worker)| worker.subscriber(session))
        .unwrap();
    assert!(matches!(status.why, Why::SoundOnly(_)), "{:?}", status.why);
    assert_eq!((status.current, status.target), (None, None));
}

#[test]
fn where_the_smallest_encoding_fits_pictures_stay() {
    for seed in 41..44 {
        let mut link = Link::of(seed, Camera::live(H264).simulcast(), 600_000);
        link.world.run_for(SECOND * 10);
        let from = link.world.now();
        let heard = link.listen(30);
        let camera = Camera::live(H264);
        let seen = link.world.viewer(link.viewer);
        let smoothness = smoothness_since(seen, from, link.world.now(), camera.frame_interval);
        assert_eq!(smoothness.frozen, Duration::ZERO, "{heard:?}");
        assert!(heard.n_pictures > 890, "{heard:?}");
    }
}
