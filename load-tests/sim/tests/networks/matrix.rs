//! The forty networks: loss, round trip, each for itself or in bursts. `cargo run -p freshet-sim --example matrix` prints what
//! a viewer saw over each.
//!
//! One minute's freezes are a few losses' bad luck: a network holds when most of some minutes do.

use freshet_sim::publisher::H264;
use freshet_sim::trial::{Outcome, Path, WATCHED};

use crate::unmet::UNMET_PATHS;

fn is_unmet(path: Path) -> bool {
    let name = (
        path.loss.0 / 10,
        path.round_trip.as_millis(),
        path.is_bursty,
    );
    UNMET_PATHS.contains(&name)
}

/// Each is a minute.
const SEEDS: std::ops::Range<u64> = 110..115;

/// The minutes over a network, and whether most of them are within its bounds and none far from them.
fn watch(path: Path) -> (bool, Vec<Outcome>) {
    let minutes: Vec<Outcome> = SEEDS.map(|seed| path.watch(H264, seed).unwrap()).collect();
    let is_met = |outcome: &&Outcome| path.bounds().allow(outcome.smoothness, WATCHED);
    let is_borne = |outcome: &Outcome| path.bounds().bear(outcome.smoothness, WATCHED);
    let most_are_met = minutes.iter().filter(is_met).count() * 2 > minutes.len();
    (most_are_met && minutes.iter().all(is_borne), minutes)
}

#[test]
fn a_viewer_sees_what_each_network_allows() {
    let (unmet, held): (Vec<Path>, Vec<Path>) = Path::all().into_iter().partition(|p| is_unmet(*p));
    assert_eq!(unmet.len(), UNMET_PATHS.len());
    let minutes_of = |paths: Vec<Path>, wanted: bool| -> Vec<(Path, Vec<Outcome>)> {
        let watched = paths.into_iter().map(|path| (path, watch(path)));
        let odd = watched.filter(|(_, (holds, _))| *holds == wanted);
        odd.map(|(path, (_, minutes))| (path, minutes)).collect()
    };
    let missed = minutes_of(held, false);
    let met = minutes_of(unmet, true);
    assert!(missed.is_empty(), "missed: {missed:?}");
    assert!(met.is_empty(), "these hold by now: {met:?}");
}

#[test]
fn a_worse_network_would_fail_the_bounds_of_a_better_one() {
    let good = Path::all().into_iter().find(|p| p.loss.0 == 10).unwrap();
    let bad = Path::all().into_iter().rfind(|p| p.loss.0 == 200).unwrap();
    let seen = bad.watch(H264, 1).unwrap().smoothness;
    assert!(!good.bounds().allow(seen, WATCHED), "{seen:?}");
}
