//! A decoder that gets what passes, and nothing else, can decode all of it: whatever is wanted, whenever.

pub(crate) mod stream;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sfu_model::codec::Codec;
use sfu_model::packet::{Packet, PictureNumbers};

use self::stream::{FrameName, PICTURE_TICKS, Scripted, Shape, stream};
use super::*;
use crate::publish::facts::dependency::script::Mode;
use crate::subscribe::rewrite::{Rewriter, Rewritten};
use crate::subscribe::rewrite_codec::CodecNumbers;

const VP9: Codec = Codec::Vp9 { profile_id: 0 };
const AV1: Codec = Codec::Av1 { profile: 0 };

fn shape(codec: Codec, mode: Mode) -> Shape {
    Shape {
        codec,
        mode,
        key_interval: 400,
        has_marks: true,
    }
}

fn layer(spatial: u8, temporal: u8) -> Layer {
    Layer { spatial, temporal }
}

/// A subscriber's selector and rewriter, and what came out of them.
struct Viewer {
    selector: LayerSelector,
    rewriter: Rewriter,
    got: Vec<(Scripted, Rewritten)>,
    filled: Vec<u64>,
}

impl Viewer {
    fn new(ceiling: Layer) -> Self {
        Self {
            selector: LayerSelector::new(ceiling),
            rewriter: Rewriter::new(100, 0),
            got: Vec::new(),
            filled: Vec::new(),
        }
    }

    fn feed(&mut self, scripted: &Scripted) {
        match self.selector.select(&scripted.packet) {
            Some(passing) => {
                let out = self.rewriter.rewrite(&scripted.packet, passing).unwrap();
                self.got.push((scripted.clone(), out));
            }
            None => {
                let filled = self.rewriter.skip(&scripted.packet);
                self.filled.extend(filled.map(|out| out.sequence.0));
            }
        }
    }

    /// Feeds pictures from one to before another.
    fn feed_pictures(&mut self, stream: &[Scripted], from: u64, to: u64) {
        let wanted = stream.iter().filter(|s| (from..to).contains(&s.frame.0));
        wanted.for_each(|s| self.feed(s));
    }

    /// The highest layers of each picture from this one on.
    fn layers_since(&self, picture: u64) -> BTreeSet<(u8, u8)> {
        let since = self.got.iter().filter(|(s, _)| s.frame.0 >= picture);
        since.map(|(s, _)| (s.spatial, s.temporal)).collect()
    }

    /// Every frame is whole, and so are those that it refers to.
    fn check_decodable(&self) {
        let mut parts: BTreeMap<FrameName, usize> = BTreeMap::new();
        let mut whole = BTreeSet::new();
        for (scripted, _) in &self.got {
            let n = parts.entry(scripted.frame).or_default();
            *n += 1;
            if *n == 2 {
                whole.insert(scripted.frame);
            }
            for reference in &scripted.references {
                let frame = scripted.frame;
                assert!(
                    whole.contains(reference),
                    "{frame:?} refers to {reference:?}"
                );
            }
        }
        assert_eq!(parts.len(), whole.len(), "a frame is cut");
    }

    /// One sender: no gap in the numbers, and the mark on the last packet of each picture. Returns how many others have it.
    fn check_continuous(&self) -> usize {
        let mut n_others = 0;
        for pair in self.got.windows(2) {
            let [(a, before), (b, after)] = pair else {
                continue;
            };
            assert_eq!(after.sequence.0, before.sequence.0 + 1, "a gap");
            let is_last = a.frame.0 != b.frame.0;
            assert!(before.marker || !is_last, "no mark at {:?}", a.frame);
            n_others += usize::from(before.marker && !is_last);
        }
        n_others
    }

    /// The same for what came in another order than its numbers say, where nothing was lost.
    fn check_put_in_order(&mut self) {
        self.got.sort_by_key(|(_, out)| out.sequence);
        self.check_decodable();
        for pair in self.got.windows(2) {
            let [(a, before), (b, _)] = pair else {
                continue;
            };
            let is_last = a.frame.0 != b.frame.0;
            assert!(before.marker || !is_last, "no mark at {:?}", a.frame);
        }
        let sequences = self.got.iter().map(|(_, out)| out.sequence.0);
        let mut numbers: Vec<u64> = sequences.chain(self.filled.iter().copied()).collect();
        numbers.sort_unstable();
        let is_next = |pair: &[u64]| pair[1] == pair[0] + 1;
        assert!(numbers.windows(2).all(is_next), "{numbers:?}");
    }

    fn pictures(&self) -> Vec<PictureNumbers> {
        let numbers = self.got.iter().filter_map(|(_, out)| match out.codec {
            CodecNumbers::Picture(numbers) => Some(numbers),
            CodecNumbers::None | CodecNumbers::Frame(_) => None,
        });
        numbers.collect()
    }
}

#[test]
fn less_passes_from_the_next_picture_on() {
    let shapes = [
        shape(Codec::Vp8, Mode::new(1, 3)),
        shape(VP9, Mode::new(3, 3)),
        shape(AV1, Mode::new(1, 3)),
        shape(AV1, Mode::new(3, 3)),
    ];
    for shape in shapes {
        let pictures = stream(shape, 40);
        let top = layer(shape.mode.spatial - 1, 2);
        let mut viewer = Viewer::new(top);
        viewer.feed_pictures(&pictures, 0, 10);
        assert_eq!(viewer.got.len(), 20 * usize::from(shape.mode.spatial));
        // In the middle of a picture: it is completed.
        let next: Vec<&Scripted> = pictures.iter().filter(|s| s.frame.0 == 10).collect();
        viewer.feed(next[0]);
        viewer.selector.set_ceiling(Layer::default());
        next[1..].iter().for_each(|s| viewer.feed(s));
        viewer.feed_pictures(&pictures, 11, 40);
        assert_eq!(
            viewer.layers_since(10).len(),
            usize::from(shape.mode.spatial) + 1
        );
        assert_eq!(viewer.layers_since(11), BTreeSet::from([(0, 0)]));
        viewer.check_decodable();
        assert_eq!(viewer.check_continuous(), 0);
        assert_eq!(viewer.selector.current(), Layer::default());
    }
}

#[test]
fn a_higher_frame_rate_passes_without_a_keyframe() {
    for (codec, spatial) in [(Codec::Vp8, 1), (VP9, 3), (AV1, 1), (AV1, 3)] {
        let pictures = stream(shape(codec, Mode::new(spatial, 3)), 40);
        let mut viewer = Viewer::new(layer(spatial - 1, 0));
        viewer.feed_pictures(&pictures, 0, 10);
        viewer.selector.set_ceiling(layer(spatial - 1, 2));
        viewer.feed_pictures(&pictures, 10, 40);
        assert_eq!(viewer.selector.current().temporal, 2);
        assert_eq!(viewer.selector.awaited(), None);
        let of_top: Vec<u64> = viewer
            .got
            .iter()
            .filter(|(s, _)| s.temporal == 2)
            .map(|(s, _)| s.frame.0)
            .collect();
        assert!(of_top[0] <= 15, "{codec:?} from {}", of_top[0]);
        viewer.check_decodable();
        assert_eq!(viewer.check_continuous(), 0);
    }
}

#[test]
fn without_a_mark_a_higher_frame_rate_waits_for_the_keyframe() {
    for codec in [Codec::Vp8, VP9] {
        let unmarked = Shape {
            has_marks: false,
            key_interval: 20,
            ..shape(codec, Mode::new(1, 3))
        };
        let pictures = stream(unmarked, 40);
        let mut viewer = Viewer::new(Layer::default());
        viewer.feed_pictures(&pictures, 0, 2);
        viewer.selector.set_ceiling(layer(0, 2));
        viewer.feed_pictures(&pictures, 2, 20);
        assert_eq!(viewer.layers_since(0), BTreeSet::from([(0, 0)]));
        viewer.feed_pictures(&pictures, 20, 40);
        assert_eq!(viewer.layers_since(20).len(), 3);
        viewer.check_decodable();
    }
}

#[test]
fn a_higher_resolution_waits_for_the_keyframe_and_says_so() {
    for codec in [VP9, AV1] {
        let with_keys = Shape {
            key_interval: 20,
            ..shape(codec, Mode::new(3, 3))
        };
        let pictures = stream(with_keys, 40);
        let mut viewer = Viewer::new(layer(0, 2));
        viewer.feed_pictures(&pictures, 0, 2);
        assert_eq!(viewer.selector.awaited(), None);
        viewer.selector.set_ceiling(layer(2, 2));
        viewer.feed_pictures(&pictures, 2, 20);
        assert!(
            viewer
                .layers_since(0)
                .iter()
                .all(|(spatial, _)| *spatial == 0)
        );
        assert_eq!(viewer.selector.awaited().map(|l| l.spatial), Some(2));
        viewer.feed_pictures(&pictures, 20, 40);
        assert_eq!(viewer.layers_since(20).len(), 9);
        assert_eq!(viewer.selector.awaited(), None);
        viewer.check_decodable();
        assert_eq!(viewer.check_continuous(), 0);
    }
}

#[test]
fn key_picture_svc_sends_one_resolution_between_keyframes_and_goes_down_with_one() {
    let with_keys = Shape {
        key_interval: 20,
        ..shape(AV1, Mode::new(3, 3).key_only())
    };
    let pictures = stream(with_keys, 60);
    let mut viewer = Viewer::new(layer(2, 2));
    // Picture 4 refers to the keyframe, of which everything passed; what comes after it to what did not.
    viewer.feed_pictures(&pictures, 0, 6);
    assert_eq!(viewer.layers_since(1).len(), 3);
    viewer.selector.set_ceiling(layer(1, 2));
    viewer.feed_pictures(&pictures, 6, 20);
    assert!(
        viewer
            .layers_since(1)
            .iter()
            .all(|(spatial, _)| *spatial == 2)
    );
    assert_eq!(viewer.selector.awaited().map(|l| l.spatial), Some(1));
    // The frame rate of what passes is another matter.
    viewer.selector.set_ceiling(layer(2, 0));
    viewer.feed_pictures(&pictures, 20, 30);
    assert_eq!(viewer.layers_since(21), BTreeSet::from([(2, 0)]));
    viewer.selector.set_ceiling(layer(1, 2));
    viewer.feed_pictures(&pictures, 30, 60);
    assert_eq!(
        viewer.layers_since(41),
        BTreeSet::from([(1, 0), (1, 1), (1, 2)])
    );
    viewer.check_decodable();
    assert_eq!(viewer.check_continuous(), 0);
}

#[test]
fn vp8_pictures_close_up_and_vp9_pictures_keep_their_distance() {
    for (codec, step) in [(Codec::Vp8, 1), (VP9, 4)] {
        let pictures = stream(shape(codec, Mode::new(1, 3)), 100);
        let mut viewer = Viewer::new(Layer::default());
        viewer.feed_pictures(&pictures, 0, 100);
        let numbers = viewer.pictures();
        for pair in numbers.chunks(2).collect::<Vec<_>>().windows(2) {
            let [before, after] = [pair[0][0], pair[1][0]];
            let ids = after
                .picture_id
                .unwrap()
                .wrapping_sub(before.picture_id.unwrap());
            assert_eq!(ids & 0x7fff, step, "{codec:?}");
            let tl0 = |n: PictureNumbers| n.tl0_picture_index.unwrap();
            assert_eq!(tl0(after).wrapping_sub(tl0(before)), 1);
        }
    }
}

#[test]
fn a_late_packet_finds_its_number_or_fills_it() {
    let pictures = stream(shape(Codec::Vp8, Mode::new(1, 3)), 40);
    let mut viewer = Viewer::new(layer(0, 1));
    // Picture 5 is of T2, 6 of T1: both lose their second packet, and get it three pictures later.
    let is_late = |s: &Scripted| matches!(s.frame.0, 5 | 6) && s.ends_frame;
    let (late, on_time): (Vec<Scripted>, Vec<Scripted>) = pictures.into_iter().partition(is_late);
    viewer.feed_pictures(&on_time, 0, 9);
    late.iter().for_each(|s| viewer.feed(s));
    viewer.feed_pictures(&on_time, 9, 40);
    assert_eq!(
        viewer.filled.len(),
        1,
        "the number kept for a packet that is not wanted"
    );
    let sequence_of = |frame: FrameName| -> Vec<(u64, Option<u16>)> {
        let of = viewer.got.iter().filter(|(s, _)| s.frame == frame);
        of.map(|(_, out)| match out.codec {
            CodecNumbers::Picture(n) => (out.sequence.0, n.picture_id),
            CodecNumbers::None | CodecNumbers::Frame(_) => (out.sequence.0, None),
        })
        .collect()
    };
    let repaired = sequence_of((6, 0));
    assert_eq!(repaired[1], (repaired[0].0 + 1, repaired[0].1));
    let mut sequences: Vec<u64> = viewer.got.iter().map(|(_, out)| out.sequence.0).collect();
    sequences.sort_unstable();
    let n = sequences.len();
    sequences.dedup();
    assert_eq!(sequences.len(), n, "a number is used twice");
    let span = sequences[n - 1] - sequences[0] + 1;
    assert_eq!(span, n as u64 + 1, "one number is filled");
}

#[test]
fn what_was_left_out_stays_out_when_it_comes_after_a_raise() {
    let pictures = stream(shape(Codec::Vp8, Mode::new(1, 3)), 40);
    let mut viewer = Viewer::new(Layer::default());
    // Of T1, and late by two raises: to T1, then to T2.
    let is_late = |s: &Scripted| s.frame.0 == 2 && s.ends_frame;
    let (late, on_time): (Vec<Scripted>, Vec<Scripted>) = pictures.into_iter().partition(is_late);
    viewer.feed_pictures(&on_time, 0, 6);
    viewer.selector.set_ceiling(layer(0, 2));
    viewer.feed_pictures(&on_time, 6, 16);
    assert_eq!(viewer.selector.current(), layer(0, 2));
    let n_before = viewer.got.len();
    late.iter().for_each(|s| viewer.feed(s));
    assert_eq!(viewer.got.len(), n_before);
    viewer.check_decodable();
}

#[test]
fn what_has_passed_is_completed_when_the_rest_comes_after_a_fall() {
    for (codec, spatial) in [(Codec::Vp8, 1), (VP9, 3), (AV1, 1), (AV1, 3)] {
        let pictures = stream(shape(codec, Mode::new(spatial, 3)), 40);
        let mut viewer = Viewer::new(layer(spatial - 1, 2));
        // The last packet of a picture of T2, in the middle of a fall to the base layer.
        let is_late = |s: &Scripted| s.frame == (9, spatial - 1) && s.ends_frame;
        let (late, on_time): (Vec<Scripted>, Vec<Scripted>) =
            pictures.into_iter().partition(is_late);
        viewer.feed_pictures(&on_time, 0, 10);
        viewer.selector.set_ceiling(Layer::default());
        viewer.feed_pictures(&on_time, 10, 12);
        late.iter().for_each(|s| viewer.feed(s));
        viewer.feed_pictures(&on_time, 12, 40);
        assert_eq!(viewer.filled, [], "{codec:?}");
        viewer.check_put_in_order();
    }
}

#[test]
fn a_frame_that_comes_after_those_above_it_changes_nothing() {
    let pictures = stream(shape(AV1, Mode::new(3, 3)), 40);
    let mut viewer = Viewer::new(layer(1, 1));
    viewer.feed_pictures(&pictures, 0, 10);
    // Every picture of the higher frame rate begins with its second frame.
    viewer.selector.set_ceiling(layer(0, 2));
    for n in 10..30 {
        let of_picture = pictures.iter().filter(|s| s.frame.0 == n);
        let (base, above): (Vec<&Scripted>, Vec<&Scripted>) =
            of_picture.partition(|s| s.spatial == 0);
        above.into_iter().chain(base).for_each(|s| viewer.feed(s));
    }
    viewer.check_put_in_order();
    let marked = viewer.got.iter().filter(|(_, out)| out.marker);
    let passed: BTreeSet<u64> = viewer.got.iter().map(|(s, _)| s.frame.0).collect();
    assert_eq!(marked.count(), passed.len(), "one mark in each picture");
    viewer.feed_pictures(&pictures, 30, 40);
    assert_eq!(viewer.selector.current(), layer(0, 2));
}

#[test]
fn a_receiver_is_told_which_targets_are_left_from_each_base_picture() {
    let pictures = stream(shape(AV1, Mode::new(1, 3)), 20);
    let mut viewer = Viewer::new(layer(0, 2));
    viewer.feed_pictures(&pictures, 0, 8);
    viewer.selector.set_ceiling(layer(0, 1));
    viewer.feed_pictures(&pictures, 8, 12);
    viewer.selector.set_ceiling(layer(0, 2));
    viewer.feed_pictures(&pictures, 12, 20);
    let masks: Vec<(u64, u32)> = viewer
        .got
        .iter()
        .filter_map(|(s, out)| match out.codec {
            CodecNumbers::Frame(numbers) => Some((s.frame.0, numbers.active_targets?)),
            CodecNumbers::None | CodecNumbers::Picture(_) => None,
        })
        .collect();
    assert_eq!(masks, [(8, 0b011), (12, 0b111), (16, 0b111)]);
}

#[test]
fn a_packet_that_says_nothing_of_layers_passes() {
    let mut selector = LayerSelector::new(Layer::default());
    let packet: Packet = crate::subscribe::rewrite::tests::packet(1, 1, PICTURE_TICKS);
    assert_eq!(selector.select(&packet), Some(Passing::default()));
    assert_eq!(selector.awaited(), None);
}

fn modes() -> impl Strategy<Value = Shape> {
    let vp8 = shape(Codec::Vp8, Mode::new(1, 3));
    let all = [
        vp8,
        shape(VP9, Mode::new(1, 3)),
        shape(VP9, Mode::new(3, 3)),
        shape(AV1, Mode::new(1, 3)),
        shape(AV1, Mode::new(2, 3)),
        shape(AV1, Mode::new(3, 3)),
        shape(AV1, Mode::new(3, 3).key_only()),
    ];
    (prop::sample::select(all.to_vec()), 1_u64..8, any::<bool>()).prop_map(
        |(shape, fours, has_marks)| Shape {
            key_interval: 4 * fours,
            has_marks,
            ..shape
        },
    )
}

proptest! {
    /// Ceilings that change at any packet: what passes is decodable, continuous, and never above what was wanted for long.
    #[test]
    fn whatever_is_wanted_what_passes_can_be_decoded(
        shape in modes(),
        ceilings in prop::collection::vec((0_u8..3, 0_u8..3, 1_usize..40), 1..12),
    ) {
        let pictures = stream(shape, 60);
        let n_changes = ceilings.len();
        let mut rest = pictures.iter();
        let mut viewer = Viewer::new(layer(2, 2));
        for (spatial, temporal, n) in ceilings {
            viewer.selector.set_ceiling(layer(spatial, temporal));
            rest.by_ref().take(n).for_each(|s| viewer.feed(s));
        }
        rest.for_each(|s| viewer.feed(s));
        viewer.check_decodable();
        // A frame that was the last of what was wanted has the mark already when more is wanted in the same picture.
        prop_assert!(viewer.check_continuous() <= n_changes);
    }

    /// Packets that come late, by no more than a receiver waits: each goes the way of its picture, whatever is wanted by then.
    #[test]
    fn what_comes_late_goes_the_way_of_its_picture(
        shape in modes(),
        ceilings in prop::collection::vec((0_u8..3, 0_u8..3, 1_usize..40), 1..12),
        late in prop::collection::btree_map(4_usize..200, 1_usize..30, 0..20),
    ) {
        let pictures = stream(shape, 60);
        let mut order: Vec<(usize, &Scripted)> = pictures.iter().enumerate().collect();
        order.sort_by_key(|(index, _)| index + late.get(index).copied().unwrap_or(0));
        let mut rest = order.into_iter().map(|(_, scripted)| scripted);
        let mut viewer = Viewer::new(layer(2, 2));
        for (spatial, temporal, n) in ceilings {
            viewer.selector.set_ceiling(layer(spatial, temporal));
            rest.by_ref().take(n).for_each(|s| viewer.feed(s));
        }
        rest.for_each(|s| viewer.feed(s));
        viewer.check_put_in_order();
    }

    /// The same with losses before us: numbers are never used twice, and each that stays free is of a packet that was lost.
    #[test]
    fn losses_leave_their_own_gaps_and_no_others(
        shape in modes(),
        ceiling in (0_u8..3, 0_u8..3),
        lost in prop::collection::btree_set(1_usize..200, 0..20),
    ) {
        let pictures = stream(shape, 60);
        let mut viewer = Viewer::new(layer(ceiling.0, ceiling.1));
        let kept = pictures.iter().enumerate().filter(|(index, _)| !lost.contains(index));
        kept.for_each(|(_, s)| viewer.feed(s));
        let mut before = None;
        for (_, out) in &viewer.got {
            if let Some(before) = before {
                prop_assert!(out.sequence.0 > before);
            }
            before = Some(out.sequence.0);
        }
        let n = viewer.got.len() as u64;
        let span = before.unwrap_or(0) - viewer.got[0].1.sequence.0 + 1;
        prop_assert!(span >= n && span - n <= lost.len() as u64);
    }
}
