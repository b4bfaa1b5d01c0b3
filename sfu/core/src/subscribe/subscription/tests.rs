//! A subscription to one encoding in layers, on a path that changes.

use std::collections::BTreeSet;
use std::time::Duration;

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::id::{EncodingId, TrackId};
use sfu_model::layer::Layer;
use sfu_model::packet::LayerSizes;

use super::*;
use crate::budget::means::PathLimits;
use crate::publish::facts::dependency::script::Mode;
use crate::publish::layer_flow::LayerFlow;
use crate::route::tracks::EncodingOutline;
use crate::subscribe::payload_types::Format;
use crate::subscribe::select_layer::tests::stream::{Scripted, Shape, stream};

const VP9: Codec = Codec::Vp9 { profile_id: 0 };
const AV1: Codec = Codec::Av1 { profile: 0 };
/// Of three spatial layers, and of 2 packets of 30 pictures a second: 168, 336 and 672 kbit/s with what each packet weighs
/// besides.
const PAYLOAD_BYTES: [usize; 3] = [310, 660, 1_360];
/// A keyframe comes every four seconds, whoever asks.
const KEY_INTERVAL: u64 = 120;

/// A publisher, its room's cache, and a subscription.
struct Scene {
    pictures: Vec<Scripted>,
    cache: PacketCache,
    flow: LayerFlow,
    codec: Codec,
    subscription: Subscription,
    /// Spatial and temporal layer of what passed in each second.
    got: Vec<BTreeSet<(u8, u8)>>,
    /// Why keyframes were asked for, and in which second.
    asked: Vec<(usize, KeyframeReason)>,
}

impl Scene {
    fn new() -> Self {
        Self::of(VP9, true)
    }

    fn of(codec: Codec, has_descriptors: bool) -> Self {
        let shape = Shape {
            codec,
            mode: Mode::new(3, 3),
            key_interval: KEY_INTERVAL,
            has_marks: true,
        };
        let mut pictures = stream(shape, 20 * 30);
        for scripted in &mut pictures {
            let bytes = PAYLOAD_BYTES[usize::from(scripted.spatial)];
            let mut payload = scripted.packet.payload.to_vec();
            payload.resize(bytes, 0xaa);
            scripted.packet.payload = payload.into();
        }
        let format = Format {
            codec,
            payload_type: PayloadType::new(98).unwrap(),
            repair: None,
            red: None,
        };
        Self {
            codec,
            pictures,
            cache: PacketCache::default(),
            flow: LayerFlow::default(),
            subscription: Subscription::new(
                (PayloadTypes::new(vec![format]), has_descriptors),
                7,
                7,
            ),
            got: Vec::new(),
            asked: Vec::new(),
        }
    }

    fn track(&self) -> TrackOutline {
        TrackOutline {
            id: TrackId(1),
            kind: MediaKind::Video,
            encodings: vec![EncodingOutline {
                id: EncodingId(1),
                rid: None,
                rank: 0,
                codec: Some(self.codec),
                sizes: LayerSizes::default(),
                is_flowing: true,
                highest_layer: self.flow.highest(),
            }],
        }
    }

    /// A second of pictures over a path that carries this much, planned ten times.
    fn second(&mut self, kbps: u64) {
        let n = self.got.len();
        if n == 0 {
            self.plan(kbps, Instant::START);
        }
        let mut passed = BTreeSet::new();
        let from = n as u64 * 30;
        let second = |s: &&Scripted| (from..from + 30).contains(&s.frame.0);
        let pictures: Vec<Scripted> = self.pictures.iter().filter(second).cloned().collect();
        for scripted in pictures {
            let now = scripted.packet.received_at;
            let (spatial, temporal) = (scripted.spatial, scripted.temporal);
            self.flow.hear(Layer { spatial, temporal }, now);
            self.cache.measure(&scripted.packet);
            if scripted.frame.0 % 3 == 1 && begins_frame(&scripted.packet) {
                self.plan(kbps, now);
            }
            if self.subscription.forward(&scripted.packet).is_ok() {
                passed.insert((scripted.spatial, scripted.temporal));
            }
        }
        self.got.push(passed);
    }

    fn plan(&mut self, kbps: u64, now: Instant) {
        let budget = Budget::Limited(PathLimits {
            left: Bitrate::from_kbps(kbps),
            queue: Duration::ZERO,
            may_try: false,
            is_measured: false,
        });
        let supply = Supply {
            cache: &self.cache,
            now,
        };
        let track = self.track();
        let awaited = self.subscription.update(Some(&track), budget, supply);
        if let Some((encoding, reason)) = awaited {
            assert_eq!(encoding, EncodingId(1));
            if self.asked.last() != Some(&(self.got.len(), reason)) {
                self.asked.push((self.got.len(), reason));
            }
        }
    }

    fn highest(&self, second: usize) -> (u8, u8) {
        let got = &self.got[second];
        let spatial = got.iter().map(|(s, _)| *s).max();
        let temporal = got.iter().map(|(_, t)| *t).max();
        (spatial.unwrap(), temporal.unwrap())
    }
}

#[test]
fn who_is_not_told_which_frames_need_which_gets_the_smallest_size_of_av1() {
    for (codec, has_descriptors, highest) in [
        (AV1, true, 2),
        (AV1, false, 0),
        (VP9, true, 2),
        (VP9, false, 2),
    ] {
        let mut scene = Scene::of(codec, has_descriptors);
        for kbps in BEGINNING {
            scene.second(kbps);
        }
        let last = scene.highest(BEGINNING.len() - 1);
        assert_eq!(last, (highest, 2), "{codec:?}, {has_descriptors}");
    }
}

fn begins_frame(packet: &Packet) -> bool {
    match (&packet.facts.placement, &packet.descriptor) {
        (Some(placement), _) => placement.begins_frame,
        (None, Some(descriptor)) => descriptor.begins_frame,
        (None, None) => false,
    }
}

/// The first choice is made while nothing is known; from the second keyframe on everything passes.
const BEGINNING: [u64; 6] = [5_000; 6];

#[test]
fn a_path_that_falls_gets_fewer_layers_of_one_encoding_without_a_keyframe() {
    let mut scene = Scene::new();
    for kbps in BEGINNING.into_iter().chain([600, 600, 100, 100]) {
        scene.second(kbps);
    }
    assert_eq!(scene.highest(5), (2, 2), "all of it");
    // The grace of a step down is over within a second.
    assert_eq!(scene.highest(7), (1, 2), "two resolutions of three");
    assert_eq!(scene.highest(9), (0, 1), "and then fewer pictures");
    let is_down = |(_, reason): &&(usize, KeyframeReason)| *reason == KeyframeReason::Lower;
    assert_eq!(scene.asked.iter().filter(is_down).count(), 0);
}

#[test]
fn a_path_that_rises_gets_pictures_at_once_and_a_resolution_with_the_keyframe() {
    let mut scene = Scene::new();
    for kbps in BEGINNING
        .into_iter()
        .chain([100, 100, 250, 250, 5_000, 5_000])
    {
        scene.second(kbps);
    }
    assert_eq!(scene.highest(7), (0, 1));
    assert_eq!(scene.highest(9), (0, 2), "all pictures");
    assert_eq!(scene.highest(11), (0, 2), "what it had goes on");
    scene.second(5_000);
    scene.second(5_000);
    assert_eq!(scene.highest(13), (2, 2), "the keyframe came");
    let late = scene.asked.iter().filter(|(second, _)| *second >= 6);
    let expected = [(10, KeyframeReason::Raise), (11, KeyframeReason::Raise)];
    assert!(late.eq(expected.iter()), "{:?}", scene.asked);
}

#[test]
fn what_is_left_out_is_counted_as_of_a_layer_above() {
    let mut scene = Scene::new();
    scene.second(5_000);
    let base = Some(Rung {
        encoding: EncodingId(1),
        ceiling: Layer::default(),
    });
    scene.subscription.selector.set_target(base);
    let upper = scene.pictures.iter().find(|s| s.frame == (31, 0)).unwrap();
    let refused = scene.subscription.forward(&upper.packet).map(|_| ());
    assert_eq!(refused, Err(DropReason::LayerAbove));
}
