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

/// On both legs, one in ten: one in a hundred is asked for three times on its way.
const LOST_TWICE_MAX: Duration = Duration::from_millis(1_500);

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

/// What came late and was left out fills its number with nothing. A viewer that loses that asks for it as for any other, and
/// is sent nothing again: with what was left out there would be two packets of one number.
#[test]
fn a_number_that_was_filled_and_lost_is_filled_again() {
    let mut n_filled = 0;
    for (case, seed) in MODES.into_iter().zip(840..) {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        let viewer = stage.world.watch("demo").unwrap();
        stage.run_for(6);
        stage.choose(viewer, choice(0, 0));
        stage.run_for(2);
        let from = stage.world.now();
        let lossy = Conditions::default().losing(PerMille(60));
        stage.world.set_path(stage.publisher, lossy);
        stage.world.set_path(viewer, lossy);
        stage.run_for(20);
        for id in [stage.publisher, viewer] {
            stage.world.set_path(id, Conditions::default());
        }
        stage.run_for(2);
        let bounds = continuity::Bounds {
            // The publisher gives some of them up, too.
            missing_max: 30,
            ..continuity::Bounds::STRICT
        };
        let seen = stage.world.viewer(viewer);
        let verdict = continuity::check_filled(&seen.video, &seen.filled, bounds);
        assert_eq!(verdict, Ok(()), "{name}");
        assert_eq!(decodability::check(&seen.decoder, 50), Ok(()), "{name}");
        let verdict = freeze::check(&seen.decoder.shown, from, stage.world.now(), LOST_TWICE_MAX);
        assert_eq!(verdict, Ok(()), "{name}");
        n_filled += seen.filled.len();
    }
    assert!(n_filled > 100, "{n_filled} numbers were filled");
}
