//! Streams of chance: frame rates, jitter, losses, stalls, reconnects, other formats. Every playlist of each is judged by the
//! oracle while it runs.

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::latency::LatencyMode;
use proptest::prelude::*;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Discontinuity, Format};
use sfu_model::time::{Instant, MediaTime};

use crate::driver::{Driver, Input, aac, frame, h264_with, ms, name, opus, with};

/// What happens to one rendition.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    pub(crate) kind: MediaKind,
    pub(crate) fps: u64,
    /// A frame is off its time by up to so much, and here up to so much later.
    pub(crate) jitter_ms: u64,
    pub(crate) delay_ms: u64,
    /// Of a hundred frames, so many are lost.
    pub(crate) loss_percent: u64,
    /// No frames between these milliseconds.
    pub(crate) silence: Option<(u64, u64)>,
    pub(crate) answers_wishes: bool,
}

impl Lane {
    pub(crate) fn video(name: &'static str) -> Self {
        Self {
            name,
            kind: MediaKind::Video,
            fps: 30,
            jitter_ms: 0,
            delay_ms: 0,
            loss_percent: 0,
            silence: None,
            answers_wishes: true,
        }
    }

    pub(crate) fn audio(name: &'static str) -> Self {
        Self {
            kind: MediaKind::Audio,
            ..Self::video(name)
        }
    }

    fn format(&self, life: u8) -> Arc<Format> {
        match (self.kind, self.name) {
            (MediaKind::Audio, "opus") => opus(),
            (MediaKind::Audio, _) => aac(),
            (MediaKind::Video, _) => h264_with(720, life),
        }
    }
}

/// A frame that is to come.
struct Due {
    at: Instant,
    lane: usize,
    ticks: u64,
    number: u64,
}

pub(crate) struct Plan {
    pub(crate) latency: LatencyMode,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) length_ms: u64,
    /// A new publisher from here on; `true`: with other parameter sets.
    pub(crate) reconnect: Option<(u64, bool)>,
    pub(crate) seed: u64,
}

/// What the publisher's encoders still have to do.
struct Publisher {
    key_from_ms: u64,
    has_keyed: Vec<bool>,
    /// How often each rendition had a new publisher.
    lives: Vec<u8>,
}

/// A number of chance that depends on nothing but its arguments.
fn chance(seed: u64, lane: usize, number: u64, below: u64) -> u64 {
    let mut x = seed ^ (lane as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (number << 20);
    for _ in 0..3 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x = x.wrapping_mul(0x2545_f491_4f6c_dd1d);
    }
    (x >> 33) % below.max(1)
}

impl Plan {
    fn dues(&self) -> Vec<Due> {
        let mut dues = Vec::new();
        for (index, lane) in self.lanes.iter().enumerate() {
            let rate = u64::from(lane.format(0).clock_rate().0);
            let step = match (lane.kind, lane.name) {
                (MediaKind::Audio, "opus") => 960,
                (MediaKind::Audio, _) => 1_024,
                (MediaKind::Video, _) => rate / lane.fps,
            };
            let mut last = None;
            for number in 0..self.length_ms * rate / 1_000 / step {
                let jitter = chance(self.seed, index, number, lane.jitter_ms * rate / 1_000);
                let is_sound = lane.kind == MediaKind::Audio;
                let ticks = number * step + if is_sound { 0 } else { jitter };
                let millis = ticks * 1_000 / rate;
                let is_silent = lane
                    .silence
                    .is_some_and(|(from, to)| (from..to).contains(&millis));
                let is_lost = chance(self.seed, index + 100, number, 100) < lane.loss_percent;
                if is_silent || is_lost || last.is_some_and(|last| ticks <= last) {
                    continue;
                }
                last = Some(ticks);
                let delay = ms(5 + chance(self.seed, index + 50, number, lane.delay_ms + 1));
                let span = lane.format(0).clock_rate().duration(ticks);
                dues.push(Due {
                    at: Instant::START + span + delay,
                    lane: index,
                    ticks,
                    number,
                });
            }
        }
        // Frames of a rendition come in order, whatever each one's delay is.
        dues.sort_by_key(|due| (due.lane, due.ticks));
        let mut last = (usize::MAX, Instant::START);
        for due in &mut dues {
            if due.lane == last.0 {
                due.at = due.at.max(last.1);
            }
            last = (due.lane, due.at);
        }
        dues.sort_by_key(|due| due.at);
        dues
    }

    pub(crate) fn run(&self) -> Driver {
        let renditions: Vec<_> = self.lanes.iter().map(|l| (l.name, l.kind)).collect();
        let mut driver = Driver::new(self.latency, &renditions);
        let worst = self
            .lanes
            .iter()
            .map(|lane| lane.delay_ms)
            .max()
            .unwrap_or(0);
        driver.oracle.patience = self.latency.part_target() + ms(worst + 100);
        let mut publisher = Publisher {
            key_from_ms: 0,
            has_keyed: vec![false; self.lanes.len()],
            lives: vec![0; self.lanes.len()],
        };
        for due in self.dues() {
            self.give(&mut driver, &due, &mut publisher);
        }
        driver
    }

    fn give(&self, driver: &mut Driver, due: &Due, publisher: &mut Publisher) {
        let lane = &self.lanes[due.lane];
        let format = lane.format(0);
        let rendition = name(lane.name);
        let packet_at = Instant::START + (due.at - Instant::START).saturating_sub(ms(3));
        let begins = Input::Begins(rendition.clone(), MediaTime(due.ticks));
        driver.input(packet_at.max(driver.now), &begins);
        if std::mem::take(&mut driver.is_keyframe_owed) {
            // All encoders key the same picture, the next one that the camera gives.
            publisher.key_from_ms = (driver.now - Instant::START).as_millis() as u64 + 5;
            publisher.has_keyed.fill(false);
        }
        let since = format.clock_rate().duration(due.ticks);
        let life = self.reconnect.filter(|(at, _)| since >= ms(*at));
        let is_reborn = life.is_some() && publisher.lives[due.lane] == 0;
        let format = match life {
            Some((_, true)) => lane.format(1),
            _ => format,
        };
        let is_wished = due.number * 1_000 / lane.fps >= publisher.key_from_ms;
        let is_owed = is_wished && !publisher.has_keyed[due.lane] && lane.answers_wishes;
        let is_first = due.number == 0 || is_reborn;
        let is_keyframe = lane.kind == MediaKind::Audio || is_owed || is_first;
        let mut frame = frame(&format, due.ticks, is_keyframe);
        if is_reborn {
            publisher.lives[due.lane] = 1;
            frame = with(Discontinuity::Publisher, frame);
        }
        publisher.has_keyed[due.lane] |= is_wished && is_keyframe;
        driver.input(due.at.max(driver.now), &Input::Frame(rendition, frame));
    }
}

fn lane(name: &'static str, kind: MediaKind) -> impl Strategy<Value = Lane> {
    let silence = proptest::option::of((500_u64..12_000, 100_u64..5_000));
    let fps = prop_oneof![
        Just(30_u64),
        Just(60),
        Just(25),
        Just(15),
        Just(7),
        Just(5),
        Just(2)
    ];
    (fps, 0_u64..12, 0_u64..90, 0_u64..12, silence, any::<bool>()).prop_map(
        move |(fps, jitter_ms, delay_ms, loss_percent, silence, answers_wishes)| Lane {
            fps,
            jitter_ms,
            delay_ms,
            loss_percent,
            silence: silence.map(|(from, length)| (from, from + length)),
            answers_wishes,
            name,
            kind,
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let lanes = (
        lane("720p", MediaKind::Video),
        proptest::option::of(lane("360p", MediaKind::Video)),
        proptest::option::of(lane("aac", MediaKind::Audio)),
        proptest::option::of(lane("opus", MediaKind::Audio)),
        any::<bool>(),
    );
    let reconnect = proptest::option::of((3_000_u64..12_000, any::<bool>()));
    (lanes, reconnect, any::<bool>(), any::<u64>()).prop_map(
        |((first, second, aac, opus, has_video), reconnect, is_low, seed)| {
            let all = [Some(first).filter(|_| has_video), second, aac, opus];
            let lanes = all.into_iter().flatten().collect();
            let latency = [LatencyMode::Standard, LatencyMode::Low][usize::from(is_low)];
            Plan {
                latency,
                lanes,
                length_ms: 16_000,
                reconnect,
                seed,
            }
        },
    )
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            lanes,
            reconnect,
            latency,
            seed,
            ..
        } = self;
        write!(f, "{latency:?} {seed} {reconnect:?} {lanes:#?}")
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 3, ..ProptestConfig::default() })]
    #[test]
    fn every_stream_of_chance_keeps_every_rule(plan in plan()) {
        let mut driver = plan.run();
        driver.run_until(driver.now + Duration::from_secs(4));
        driver.end();
        for media in driver.media.values() {
            prop_assert!(media.is_ended);
        }
    }
}

#[test]
fn ten_minutes_of_a_ladder_keep_every_rule() {
    let mut lanes = vec![Lane::video("720p"), Lane::video("360p"), Lane::audio("aac")];
    for lane in &mut lanes {
        lane.delay_ms = 20;
        lane.jitter_ms = 2;
    }
    let plan = Plan {
        latency: LatencyMode::Low,
        lanes,
        length_ms: 600_000,
        reconnect: None,
        seed: 1,
    };
    let driver = plan.run();
    let stats = driver.packager.stats();
    assert_eq!(stats.gap_parts, 0, "{stats:?}");
    assert_eq!(stats.late_cuts, 0, "{stats:?}");
    assert_eq!(stats.misaligned_segments, 0, "{stats:?}");
}
