//! A viewer whose path changes its rate, and one who shares it: what is sent follows what fits.

use std::collections::BTreeMap;
use std::time::Duration;

use freshet_sim::network::{Bottleneck, Conditions, CrossTraffic, Direction};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::trial::smoothness_since;
use freshet_sim::world::{BrowserId, World};
use sfu_model::time::Instant;

/// Encodings of about 0.26, 0.77 and 2.6 Mbit/s.
fn camera() -> Camera {
    Camera {
        packets_per_frame: 10,
        payload_bytes: 1_000,
        ..Camera::live(H264).simulcast()
    }
}

/// 200 ms of 3 Mbit/s; at a sixth of it, more than a second.
const QUEUE_BYTES: u64 = 75_000;

/// What IPv4 and UDP add to a datagram.
const HEADER_BYTES: u64 = 28;

struct Link {
    world: World,
    viewer: BrowserId,
    round_trip: Duration,
}

impl Link {
    fn new(seed: u64, bottleneck: Bottleneck) -> Self {
        Self::of(seed, Duration::from_millis(50), bottleneck)
    }

    fn of(seed: u64, round_trip: Duration, bottleneck: Bottleneck) -> Self {
        let mut world = World::new(seed, 1);
        world.publish("demo", camera()).unwrap();
        world.run_for(Duration::from_secs(2));
        let viewer = world.watch("demo").unwrap();
        let mut link = Self {
            world,
            viewer,
            round_trip,
        };
        link.become_like(bottleneck);
        link
    }

    fn become_like(&mut self, bottleneck: Bottleneck) {
        let address = self.world.browser(self.viewer).address;
        let line = Conditions::default().with_round_trip(self.round_trip);
        let network = self.world.network();
        network.set(address, Direction::Up, line);
        network.set(
            address,
            Direction::Down,
            line.through(bottleneck.queueing(QUEUE_BYTES)),
        );
    }

    /// What the node sends in this time, in bits a second.
    fn sent_bps(&mut self, duration: Duration) -> u64 {
        self.rates(duration).0
    }

    /// What the node sends in this time, in bits a second, and the longest queue that stood in it.
    fn sent_bps_and_queue(&mut self, duration: Duration) -> (u64, Duration) {
        const LOOKS: u32 = 50;
        let (mut sent, mut queue) = (0, Duration::ZERO);
        for _ in 0..LOOKS {
            sent += self.sent_bps(duration / LOOKS);
            queue = queue.max(self.queue_delay());
        }
        (sent / u64::from(LOOKS), queue)
    }

    /// What the node sends in this time, and what the viewer gets of it.
    fn rates(&mut self, duration: Duration) -> (u64, u64) {
        let address = self.world.browser(self.viewer).address;
        let bits = |world: &mut World| {
            let carried = world.network().carried(address, Direction::Down);
            let sent = carried.bytes + carried.datagrams * HEADER_BYTES;
            let per_datagram = sent.checked_div(carried.datagrams).unwrap_or(0);
            (sent * 8, (sent - carried.lost * per_datagram) * 8)
        };
        let before = bits(&mut self.world);
        self.world.run_for(duration);
        let after = bits(&mut self.world);
        let per_second = |bits: u64| bits * 1_000 / duration.as_millis() as u64;
        (
            per_second(after.0 - before.0),
            per_second(after.1.saturating_sub(before.1)),
        )
    }

    fn queue_delay(&mut self) -> Duration {
        let address = self.world.browser(self.viewer).address;
        let now = self.world.now();
        self.world
            .network()
            .queue_delay(address, Direction::Down, now)
    }

    /// When the first picture of an encoding was decoded that was captured after a moment.
    fn first_of(&self, since: Instant, wanted: impl Fn(u8) -> bool) -> Option<Duration> {
        let shown = &self.world.viewer(self.viewer).decoder.shown;
        let first = shown
            .iter()
            .find(|s| s.stamp.captured_at > since && wanted(s.stamp.rank))?;
        Some(first.at - since)
    }

    fn frozen_since(&self, since: Instant) -> Duration {
        let seen = self.world.viewer(self.viewer);
        smoothness_since(seen, since, self.world.now(), camera().frame_interval).frozen
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// What one run came to, each figure with its name.
type Figures = Vec<(&'static str, f64)>;

fn in_ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn in_kbps(bps: u64) -> f64 {
    bps as f64 / 1_000.0
}

/// 3 Mbit/s become 500 kbit/s.
fn the_rate_falls(seed: u64) -> Result<Figures, String> {
    the_rate_falls_over(
        Duration::from_millis(50),
        Duration::from_millis(1_500),
        seed,
    )
}

fn the_rate_falls_over(
    round_trip: Duration,
    lower_max: Duration,
    seed: u64,
) -> Result<Figures, String> {
    let mut link = Link::of(seed, round_trip, Bottleneck::of(3_000_000));
    link.world.run_for(Duration::from_secs(15));
    let top = link.sent_bps(SECOND);
    if top < 2_000_000 {
        return Err(format!("{top} bit/s while the largest encoding fits"));
    }
    let fell_at = link.world.now();
    link.become_like(Bottleneck::of(500_000));
    link.world.run_for(SECOND * 2);
    let (mut sent_most, mut queue_most) = (0, Duration::ZERO);
    for ends_after in 3..=12 {
        let (sent, queue) = link.sent_bps_and_queue(SECOND);
        sent_most = sent_most.max(sent);
        if sent > 550_000 {
            return Err(format!(
                "{sent} bit/s in the second that ends {ends_after} s after"
            ));
        }
        // What stands in a second that begins later than this.
        if ends_after >= 5 {
            queue_most = queue_most.max(queue);
            if queue >= Duration::from_millis(150) {
                return Err(format!("a queue of {queue:?} {ends_after} s after"));
            }
        }
    }
    let lower = link.first_of(fell_at, |rank| rank < 2);
    let Some(lower) = lower.filter(|after| *after <= lower_max) else {
        return Err(format!("a lower encoding decodable after {lower:?}"));
    };
    let frozen = link.frozen_since(fell_at);
    if frozen > SECOND {
        return Err(format!("frozen for {frozen:?}"));
    }
    Ok(vec![
        ("kbit/s sent in any second from 2 s on", in_kbps(sent_most)),
        ("ms of queue from 4 s on", in_ms(queue_most)),
        ("ms to a picture of a lower encoding", in_ms(lower)),
        ("ms frozen", in_ms(frozen)),
    ])
}

/// 500 kbit/s become 3 Mbit/s.
fn the_rate_rises(seed: u64) -> Result<Figures, String> {
    const RATE: u64 = 3_000_000;
    let mut link = Link::new(seed, Bottleneck::of(500_000));
    link.world.run_for(Duration::from_secs(20));
    let low = link.sent_bps(SECOND);
    if low > 550_000 {
        return Err(format!("{low} bit/s before there was room for them"));
    }
    let rose_at = link.world.now();
    link.become_like(Bottleneck::of(RATE));
    let rates: Vec<u64> = (0..40).map(|_| link.sent_bps(SECOND)).collect();
    let used = RATE * 8 / 10;
    let Some(reached) = rates
        .iter()
        .position(|rate| *rate >= used)
        .filter(|n| *n < 10)
    else {
        return Err(format!("not four fifths within ten seconds: {rates:?}"));
    };
    let top = link.first_of(rose_at, |rank| rank == 2);
    let Some(top) = top.filter(|after| *after <= SECOND * 12) else {
        return Err(format!("the largest encoding after {top:?}"));
    };
    let mut since = rates[reached..].to_vec();
    since.sort_unstable();
    // Of what is sent once it is reached: a second with a keyframe has more than others.
    let (least, usual) = (since[0], since[since.len() / 2]);
    let dip = 1.0 - least as f64 / usual as f64;
    if dip > 0.2 {
        return Err(format!("a second dip, by {dip:.2}: {rates:?}"));
    }
    Ok(vec![
        ("s to four fifths of the link", (reached + 1) as f64),
        ("ms to a picture of the largest encoding", in_ms(top)),
        ("of what is sent then, the deepest dip", dip),
    ])
}

/// 3 Mbit/s and 1 Mbit/s in turns of ten seconds.
fn the_rate_oscillates(seed: u64) -> Result<Figures, String> {
    let mut link = Link::new(seed, Bottleneck::of(3_000_000));
    link.world.run_for(Duration::from_secs(15));
    let began_at = link.world.now();
    let (mut got, mut carried) = (Vec::new(), 0);
    for turn in 0..6 {
        let rate = if turn % 2 == 0 { 1_000_000 } else { 3_000_000 };
        link.become_like(Bottleneck::of(rate));
        got.push(link.rates(SECOND * 10).1);
        carried += rate;
    }
    let used = got.iter().sum::<u64>() as f64 / carried as f64;
    if used < 0.7 {
        return Err(format!("{used:.3} of the link: {got:?} bit/s in six turns"));
    }
    let frozen = link.frozen_since(began_at);
    if frozen > SECOND * 3 {
        return Err(format!("frozen for {frozen:?} in three falls"));
    }
    Ok(vec![
        ("of what the link carries in a minute", used),
        ("ms frozen in three falls", in_ms(frozen)),
    ])
}

/// One download beside it on 3 Mbit/s.
pub(crate) fn a_download_shares_the_link() -> Result<(), String> {
    const RATE: u64 = 3_000_000;
    let download = CrossTraffic::Greedy {
        round_trip: Duration::from_millis(50),
    };
    let mut link = Link::new(34, Bottleneck::of(RATE));
    link.world.run_for(Duration::from_secs(15));
    let began_at = link.world.now();
    link.become_like(Bottleneck::of(RATE).shared_with(download));
    let (_, got) = link.rates(SECOND * 60);
    let frozen = link.frozen_since(began_at);
    let share = got as f64 / RATE as f64;
    println!("beside a download: {share:.3} of the link, frozen for {frozen:?} in a minute");
    if got < RATE / 4 || frozen > SECOND * 6 {
        return Err(format!("{got} bit/s, frozen for {frozen:?} in a minute"));
    }
    Ok(())
}

#[test]
fn all_that_fits_is_sent_and_shown() {
    let mut link = Link::new(30, Bottleneck::of(4_000_000));
    link.world.run_for(SECOND * 5);
    let from = link.world.now();
    let (sent, got) = link.rates(SECOND * 10);
    assert!(
        sent > 2_500_000 && got * 100 >= sent * 99,
        "{got} of {sent}"
    );
    assert_eq!(link.frozen_since(from), Duration::ZERO);
    assert_eq!(
        link.first_of(from, |rank| rank == 2).map(|d| d < SECOND),
        Some(true)
    );
}

/// Each with a network, and beginnings of all counters, of its own.
const SEEDS: std::ops::Range<u64> = 31..37;

/// Runs it with each seed, and prints the least, the middle one and the most of each figure.
fn with_all_seeds(scenario: &str, run: impl Fn(u64) -> Result<Figures, String>) {
    let (mut all, mut missed) = (BTreeMap::<_, Vec<f64>>::new(), Vec::new());
    for seed in SEEDS {
        match run(seed) {
            Ok(figures) => {
                for (name, figure) in figures {
                    all.entry(name).or_default().push(figure);
                }
            }
            Err(why) => missed.push((seed, why)),
        }
    }
    for (name, mut figures) in all {
        figures.sort_by(f64::total_cmp);
        let (least, median) = (figures[0], figures[figures.len() / 2]);
        let most = figures[figures.len() - 1];
        println!("{scenario}: {median:.2} ({least:.2} to {most:.2}) {name}");
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_rate_that_falls_to_a_sixth_is_followed() {
    with_all_seeds("3 Mbit/s become 500 kbit/s", the_rate_falls);
}

/// Over a continent and an ocean. What is on its way when the node hears of the fall is a queue of 1.2 s, and the picture of the
/// lower encoding is behind it.
#[test]
fn a_rate_that_falls_far_away_is_followed() {
    for ms in [100, 150, 200] {
        with_all_seeds(&format!("the same over {ms} ms"), |seed| {
            the_rate_falls_over(Duration::from_millis(ms), SECOND * 2, seed)
        });
    }
}

#[test]
fn a_rate_that_rises_sixfold_is_used() {
    with_all_seeds("500 kbit/s become 3 Mbit/s", the_rate_rises);
}

#[test]
fn a_rate_that_oscillates_is_used() {
    with_all_seeds("1 and 3 Mbit/s in turns", the_rate_oscillates);
}
