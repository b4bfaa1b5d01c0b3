//! Loss on the viewer's path, both ways: what repair makes of it, codec by codec.

use std::ops::Range;
use std::time::Duration;

use freshet_sim::network::PerMille;
use freshet_sim::publisher::VIDEO_CODECS;
use freshet_sim::trial::{Outcome, Path, WATCHED};
use sfu_model::codec::Codec;

fn watch(loss: u16, round_trip_ms: u64, codec: Codec, seed: u64) -> (Path, Outcome) {
    let path = Path {
        loss: PerMille(loss),
        round_trip: Duration::from_millis(round_trip_ms),
        is_bursty: false,
    };
    let outcome = path.watch(codec, seed).unwrap();
    println!("{loss} per mille, {round_trip_ms} ms, {codec:?}: {outcome:?}");
    (path, outcome)
}

/// Each is a minute: one minute's freezes are a few losses' bad luck.
const SEEDS: Range<u64> = 1..8;

/// Codecs are watched over different networks, however many minutes each is.
const SEEDS_OF_A_CODEC: u64 = 100;

/// Each codec over networks of its own: most of its minutes are within the bounds, none is far from them, and of what is lost 98 %
/// are repaired.
fn verdict(loss: u16, round_trip_ms: u64) -> Result<(), String> {
    for (codec, n_codec) in VIDEO_CODECS.into_iter().zip(0..) {
        let seeds = SEEDS.map(|seed| n_codec * SEEDS_OF_A_CODEC + seed);
        let minutes: Vec<(Path, Outcome)> = seeds
            .map(|seed| watch(loss, round_trip_ms, codec, seed))
            .collect();
        let is_met = |(path, outcome): &&(Path, Outcome)| {
            path.bounds().allow(outcome.smoothness, WATCHED) && outcome.repaired >= PerMille(980)
        };
        let is_borne =
            |(path, outcome): &(Path, Outcome)| path.bounds().bear(outcome.smoothness, WATCHED);
        let most_are_met = minutes.iter().filter(is_met).count() * 2 > minutes.len();
        if !most_are_met || !minutes.iter().all(is_borne) {
            return Err(format!("{codec:?}: {minutes:?}"));
        }
    }
    Ok(())
}

#[test]
fn one_percent_over_100_ms_is_not_seen() {
    assert_eq!(verdict(10, 100), Ok(()));
}

#[test]
fn five_percent_over_100_ms_is_hardly_seen() {
    assert_eq!(verdict(50, 100), Ok(()));
}

#[test]
fn a_fifth_lost_each_way_does_not_end_the_session() {
    let (_, outcome) = watch(200, 100, VIDEO_CODECS[0], 1);
    assert_eq!(outcome.closed, None);
    assert!(outcome.smoothness.shown > PerMille(400), "{outcome:?}");
}

/// Over a continent: a second of freezes a minute.
#[test]
fn ten_percent_over_100_ms_is_bearable() {
    assert_eq!(verdict(100, 100), Ok(()));
}

/// Ten percent over an ocean: two seconds of freezes a minute.
#[test]
fn ten_percent_over_200_ms_is_bearable() {
    assert_eq!(verdict(100, 200), Ok(()));
}

/// A fifth lost each way: the worst that anybody watches over. Six seconds of freezes a minute.
#[test]
fn a_fifth_lost_over_100_ms_is_still_watched() {
    assert_eq!(verdict(200, 100), Ok(()));
}

/// The same with sound, of which each packet carries the two before it there.
#[test]
fn of_sound_with_a_fifth_lost_two_percent_stay_lost() {
    for (codec, n_codec) in VIDEO_CODECS.into_iter().zip(0..) {
        for seed in SEEDS {
            let (_, outcome) = watch(200, 100, codec, n_codec * SEEDS_OF_A_CODEC + seed);
            assert!(outcome.audio_lost <= PerMille(20), "{seed}: {outcome:?}");
        }
    }
}
