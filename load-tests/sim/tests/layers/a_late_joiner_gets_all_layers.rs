//! Who comes late begins at a keyframe, and is at the best layer as soon as its path is known to carry it.

use std::time::Duration;

use freshet_sim::oracle::freeze;

use crate::stage::{MODES, SMOOTH, Stage, camera, top};

#[test]
fn a_late_joiner_begins_at_a_keyframe_and_gets_the_highest_layer() {
    for (case, seed) in MODES.into_iter().zip(600..) {
        let name = format!("{case:?}");
        let mut stage = Stage::new(seed, camera(case));
        // One on the worker of the publisher, one elsewhere.
        let viewers = [(); 2].map(|()| stage.world.watch("demo").unwrap());
        stage.run_for(8);
        let settled_at = stage.world.now();
        stage.run_for(2);
        let until = stage.world.now();
        for viewer in viewers {
            stage.assert_strict(viewer, &[0], &name);
            let joined_at = stage.world.browser(viewer).joined_at;
            let first = stage.shown_since(viewer, joined_at)[0];
            assert!(first.at - joined_at < Duration::from_millis(250), "{name}");
            let layer = stage.layer_since(viewer, settled_at);
            assert_eq!(layer, Some(top(case.1)), "{name}");
            let shown = &stage.world.viewer(viewer).decoder.shown;
            assert_eq!(
                freeze::check(shown, settled_at, until, SMOOTH),
                Ok(()),
                "{name}"
            );
            assert_eq!(stage.shown_since(viewer, settled_at).len(), 50, "{name}");
        }
    }
}
