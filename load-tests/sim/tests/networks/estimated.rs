//! Loss on the path of a viewer who has a choice of encodings, so that what is lost and repaired is also what the path is estimated by.

use std::time::Duration;

use freshet_sim::network::PerMille;
use freshet_sim::publisher::VIDEO_CODECS;
use freshet_sim::trial::{Outcome, Path, WATCHED};

/// Each is a minute of each codec.
const SEEDS: std::ops::Range<u64> = 300..305;

/// Most of the minutes are within the bounds of the same path where nothing is estimated, and none is far from them.
fn verdict(loss: u16, round_trip_ms: u64) -> Result<(), String> {
    let path = Path {
        loss: PerMille(loss),
        round_trip: Duration::from_millis(round_trip_ms),
        is_bursty: false,
    };
    for codec in VIDEO_CODECS {
        let minutes: Vec<_> = SEEDS
            .map(|seed| path.watch_simulcast(codec, seed).unwrap())
            .collect();
        println!("{loss} per mille, {round_trip_ms} ms, {codec:?}: {minutes:?}");
        let is_met = |outcome: &&Outcome| path.bounds().allow(outcome.smoothness, WATCHED);
        let is_borne = |outcome: &Outcome| path.bounds().bear(outcome.smoothness, WATCHED);
        let most_are_met = minutes.iter().filter(is_met).count() * 2 > minutes.len();
        if !most_are_met || !minutes.iter().all(is_borne) {
            return Err(format!("{codec:?}: {minutes:?}"));
        }
    }
    Ok(())
}

#[test]
fn losses_of_a_viewer_with_a_choice_are_repaired_as_well() {
    for (loss, round_trip_ms) in [(10, 100), (50, 100), (100, 100), (100, 200), (200, 100)] {
        assert_eq!(verdict(loss, round_trip_ms), Ok(()));
    }
}
