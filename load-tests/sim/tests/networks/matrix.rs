//! The forty networks: loss, round trip, each for itself or in bursts. `cargo run -p freshet-sim --example matrix` prints what
//! a viewer saw over each.

use freshet_sim::publisher::H264;
use freshet_sim::trial::{Path, WATCHED};

use crate::awaiting::PATHS_AWAITING_BANDWIDTH_ESTIMATION;

fn awaits(path: Path) -> bool {
    let name = (
        path.loss.0 / 10,
        path.round_trip.as_millis(),
        path.is_bursty,
    );
    PATHS_AWAITING_BANDWIDTH_ESTIMATION.contains(&name)
}

#[test]
fn a_viewer_sees_what_each_network_allows() {
    let (awaiting, held): (Vec<Path>, Vec<Path>) =
        Path::all().into_iter().partition(|p| awaits(*p));
    assert_eq!(awaiting.len(), PATHS_AWAITING_BANDWIDTH_ESTIMATION.len());
    let mut missed = Vec::new();
    for path in held {
        let outcome = path.watch(H264, 1).unwrap();
        if !path.bounds().allow(outcome.smoothness, WATCHED) {
            missed.push((path, outcome));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    let mut met = Vec::new();
    for path in awaiting {
        let outcome = path.watch(H264, 1).unwrap();
        if path.bounds().allow(outcome.smoothness, WATCHED) {
            met.push((path, outcome));
        }
    }
    assert!(
        met.is_empty(),
        "these hold by now and await nothing: {met:#?}"
    );
}

#[test]
fn a_worse_network_would_fail_the_bounds_of_a_better_one() {
    let good = Path::all().into_iter().find(|p| p.loss.0 == 10).unwrap();
    let bad = Path::all().into_iter().rfind(|p| p.loss.0 == 200).unwrap();
    let seen = bad.watch(H264, 1).unwrap().smoothness;
    assert!(!good.bounds().allow(seen, WATCHED), "{seen:?}");
}
