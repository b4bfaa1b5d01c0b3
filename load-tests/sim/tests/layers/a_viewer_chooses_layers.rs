//! A viewer asks for a layer inside an encoding: less comes with the next picture, a higher frame rate with the next picture
//! from which a decoder can follow, a higher resolution with a keyframe. Its picture never stands for it.

use std::time::Duration;

use freshet_sim::layers::Scalability;
use freshet_sim::oracle::freeze;
use sfu_core::budget::choice::LayerChoice;
use sfu_model::codec::Codec;
use sfu_model::layer::Layer;

use crate::stage::{MODES, Stage, camera, choice, goes_down_with_a_keyframe, top};

/// Less comes from the next picture on: these had left already when it was asked for.
const ON_THE_WAY: Duration = Duration::from_millis(80);

/// A higher frame rate: VP8 marks each eighth picture, and the two layers come one after the other.
const FOLLOWED_WITHIN: Duration = Duration::from_millis(17 * 40);

/// Pictures of T0 come each 160 ms.
const SLOW: Duration = Duration::from_millis(200);

fn step(stage: &mut Stage, viewer: freshet_sim::world::BrowserId, wanted: Layer, name: &str) {
    stage.choose(viewer, choice(wanted.spatial, wanted.temporal));
    stage.run_for(3);
    let from = stage.world.now();
    stage.run_for(1);
    let layer = stage.layer_since(viewer, from);
    assert_eq!(layer, Some(wanted), "{name}");
}

#[test]
fn whatever_is_chosen_comes_and_is_decoded_without_a_gap() {
    for (case, seed) in MODES.into_iter().zip(620..) {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        let viewer = stage.world.watch("demo").unwrap();
        let other = stage.world.watch("demo").unwrap();
        stage.run_for(8);
        let from = stage.world.now();
        let top = top(case.1);
        for wanted in [
            Layer::default(),
            top,
            Layer { spatial: 0, ..top },
            Layer { temporal: 0, ..top },
            Layer::default(),
            Layer { spatial: 0, ..top },
            top,
        ] {
            step(&mut stage, viewer, wanted, &name);
        }
        stage.choose(viewer, LayerChoice::default());
        stage.run_for(4);
        let until = stage.world.now();
        assert_eq!(
            stage.layer_since(viewer, until.saturating_sub(SLOW)),
            Some(top)
        );
        for id in [viewer, other] {
            stage.assert_strict(id, &[0], &name);
            let shown = &stage.world.viewer(id).decoder.shown;
            let verdict = freeze::check(shown, from, until, SLOW);
            assert_eq!(verdict, Ok(()), "{name}");
        }
        let of_other = stage.shown_since(other, from);
        assert!(
            of_other
                .iter()
                .all(|s| s.stamp.place.layer.spatial == top.spatial)
        );
    }
}

#[test]
fn less_comes_at_once_and_asks_for_no_keyframe_where_the_codec_needs_none() {
    for (case, seed) in MODES.into_iter().zip(640..) {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        let viewer = stage.world.watch("demo").unwrap();
        stage.run_for(8);
        let n_requests = stage.n_keyframe_requests();
        let asked_at = stage.world.now();
        stage.choose(viewer, choice(0, 0));
        stage.run_for(2);
        if goes_down_with_a_keyframe(case) {
            assert!(stage.n_keyframe_requests() > n_requests, "{name}");
        } else {
            assert_eq!(stage.n_keyframe_requests(), n_requests, "{name}");
            let layer = stage.layer_since(viewer, asked_at + ON_THE_WAY);
            assert_eq!(layer, Some(Layer::default()), "{name}");
        }
        stage.assert_strict(viewer, &[0], &name);
    }
}

#[test]
fn a_higher_frame_rate_comes_without_a_keyframe() {
    for (case, seed) in MODES.into_iter().zip(660..) {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        let viewer = stage.world.watch("demo").unwrap();
        stage.run_for(8);
        let top = top(case.1);
        stage.choose(viewer, choice(top.spatial, 0));
        stage.run_for(3);
        let n_requests = stage.n_keyframe_requests();
        let asked_at = stage.world.now();
        stage.choose(viewer, choice(top.spatial, top.temporal));
        stage.run_for(2);
        assert_eq!(stage.n_keyframe_requests(), n_requests, "{name}");
        let since = asked_at + FOLLOWED_WITHIN;
        let of_top = stage.shown_since(viewer, since);
        // Every picture from then on.
        let expected = (stage.world.now() - since).as_millis() as usize / 40 - 1;
        assert!(
            of_top.len() >= expected,
            "{name}: {} pictures",
            of_top.len()
        );
        stage.assert_strict(viewer, &[0], &name);
    }
}

/// VP8's second picture of T1 refers to the first: who has left that out waits for the next that begins anew, and nobody
/// else is asked.
#[test]
fn a_frame_rate_that_is_wanted_at_any_moment_is_joined_where_it_can_be() {
    for (case, seed) in [
        (Codec::Vp8, Scalability::full(1, 2)),
        (Codec::Vp8, Scalability::full(1, 3)),
        (crate::stage::VP9, Scalability::full(1, 3)),
        (crate::stage::AV1, Scalability::full(1, 3)),
    ]
    .into_iter()
    .zip(680..)
    {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        let viewer = stage.world.watch("demo").unwrap();
        stage.run_for(4);
        // At each place of a pattern of eight pictures, up and down.
        for n in 0_u64..24 {
            let temporal = match n % 3 {
                0 => 0,
                1 => top(case.1).temporal,
                _ => 1,
            };
            stage.choose(viewer, choice(0, temporal));
            stage.world.run_for(Duration::from_millis(40 * (9 + n % 8)));
        }
        stage.assert_strict(viewer, &[0], &name);
    }
}
