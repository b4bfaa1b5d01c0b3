//! A path on which packets overtake each other: the frames of a picture come in any order, and viewers that change their
//! layers meanwhile get whole pictures, each marked at its end.

use std::time::Duration;

use freshet_sim::network::{Conditions, PerMille};
use freshet_sim::oracle::{continuity, decodability};
use sfu_core::budget::choice::LayerChoice;

use crate::stage::{MODES, Stage, camera, choice, top};

#[test]
fn layers_change_between_pictures_whatever_comes_first_of_them() {
    for (case, seed) in MODES.into_iter().zip(860..) {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        let viewers = [(); 4].map(|()| stage.world.watch("demo").unwrap());
        stage.run_for(6);
        let unruly = Conditions {
            reordered: PerMille(300),
            ..Conditions::default()
        };
        stage.world.set_path(stage.publisher, unruly);
        let top = top(case.1);
        for _ in 0..12 {
            // Fewer frames each second and a larger size, which takes a keyframe; then more of a smaller one.
            for viewer in viewers {
                stage.choose(viewer, choice(top.spatial.min(1), top.temporal.min(1)));
            }
            stage.world.run_for(Duration::from_millis(2_000));
            for viewer in viewers {
                stage.choose(viewer, choice(0, top.temporal));
                stage.world.run_for(Duration::from_millis(120));
            }
        }
        for viewer in viewers {
            stage.choose(viewer, LayerChoice::default());
        }
        stage.world.set_path(stage.publisher, Conditions::default());
        stage.run_for(3);
        for viewer in viewers {
            let seen = stage.world.viewer(viewer);
            let bounds = continuity::Bounds::STRICT;
            let verdict = continuity::check_filled(&seen.video, &seen.filled, bounds);
            assert_eq!(verdict, Ok(()), "{name}");
            assert_eq!(decodability::check(&seen.decoder, 100), Ok(()), "{name}");
        }
    }
}
