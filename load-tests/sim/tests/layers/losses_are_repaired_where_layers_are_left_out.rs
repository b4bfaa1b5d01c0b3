//! Five of a hundred datagrams lost, on either leg: what is left out leaves no number free, and what comes late finds the
//! number that was kept for it, or fills it where it is left out itself.

use std::time::Duration;

use freshet_sim::network::{Conditions, PerMille};
use freshet_sim::oracle::{continuity, decodability, freeze};
use freshet_sim::world::BrowserId;
use sfu_core::budget::choice::LayerChoice;
use sfu_model::layer::Layer;

use crate::stage::{MODES, Stage, camera, choice, top};

/// A retransmission is lost again once in twenty, and asked for again; with pictures each 160 ms that is a while.
const FREEZE_MAX: Duration = Duration::from_millis(700);

/// Who has lost what, in the end: nothing that repair did not bring back.
fn assert_repaired(stage: &Stage, viewer: BrowserId, name: &str) {
    let bounds = continuity::Bounds {
        // Of 20 s of video, as many as without layers.
        missing_max: 3,
        ..continuity::Bounds::STRICT
    };
    let seen = stage.world.viewer(viewer);
    // Sound is not repaired.
    let verdict = continuity::check_filled(&seen.video, &seen.filled, bounds);
    assert_eq!(verdict, Ok(()), "{name}");
    assert_eq!(decodability::check(&seen.decoder, 100), Ok(()), "{name}");
}

#[test]
fn losses_towards_a_viewer_leave_its_own_gaps_and_no_others() {
    for (case, seed) in MODES.into_iter().zip(800..) {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        let viewer = stage.world.watch("demo").unwrap();
        stage.run_for(4);
        stage.choose(viewer, choice(0, top(case.1).temporal.saturating_sub(1)));
        stage.run_for(2);
        let from = stage.world.now();
        let lossy = Conditions::default().losing(PerMille(50));
        stage.world.set_path(viewer, lossy);
        stage.run_for(20);
        stage.world.set_path(viewer, Conditions::default());
        stage.run_for(1);
        let seen = stage.world.viewer(viewer);
        assert!(
            seen.n_video_late > 5,
            "{name}: {} repaired",
            seen.n_video_late
        );
        assert_repaired(&stage, viewer, &name);
        let until = stage.world.now();
        let shown = &stage.world.viewer(viewer).decoder.shown;
        assert_eq!(
            freeze::check(shown, from, until, FREEZE_MAX),
            Ok(()),
            "{name}"
        );
    }
}

#[test]
fn losses_of_the_publisher_are_filled_in_their_places() {
    let mut n_filled = 0;
    for (case, seed) in MODES.into_iter().zip(820..) {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        // One has all layers, one the lowest, one changes.
        let viewers = [(); 3].map(|()| stage.world.watch("demo").unwrap());
        stage.run_for(6);
        stage.choose(viewers[1], choice(0, 0));
        stage.run_for(2);
        let lossy = Conditions::default().losing(PerMille(50));
        stage.world.set_path(stage.publisher, lossy);
        for n in 0..20 {
            let layers = [
                Layer::default(),
                top(case.1),
                Layer {
                    temporal: 0,
                    ..top(case.1)
                },
            ];
            let wanted = layers[n % 3];
            stage.choose(viewers[2], choice(wanted.spatial, wanted.temporal));
            stage.world.run_for(Duration::from_millis(1_040));
        }
        stage.choose(viewers[2], LayerChoice::default());
        stage.world.set_path(stage.publisher, Conditions::default());
        stage.run_for(3);
        for viewer in viewers {
            assert_repaired(&stage, viewer, &name);
            n_filled += stage.world.viewer(viewer).filled.len();
        }
    }
    assert!(n_filled > 100, "{n_filled} numbers were filled");
}
