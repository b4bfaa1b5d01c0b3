//! Which seeds are run, and why these.

use std::ops::Range;

/// The seeds that every change is tested with, unless `FRESHET_SIM_SEEDS` says how many: a fifth of those that
/// `./dev bench seeds` runs.
pub const GATE: Range<u64> = 1..201;

/// Seeds that once found a bug: each stays, with what it found.
pub const PROMOTED: &[(u64, &str)] = &[
    (
        183,
        "the IDR slice of H.264 overtook its parameter sets, and a player began with it",
    ),
    (
        643,
        "a router forgot a viewer as its handshake ended: the answer to its repeated flight went where it was no more",
    ),
    (
        702,
        "a viewer went on with a repaired keyframe from 760 ms before what it had seen, and was late by that for ever",
    ),
    (
        969,
        "a number that was filled for a late packet of a layer above was given to a keyframe's second packet, too",
    ),
    (
        220,
        "a number that was filled for a packet above what passed was repaired with that packet",
    ),
    (
        2_448,
        "a smaller size began in the middle of a picture, after a larger frame of it that had passed as its last",
    ),
    (
        4_865,
        "the parameter sets of a publisher's first picture in H.264 were lost, and players began with its slice",
    ),
];

/// Names the environment variable with the number of seeds to search.
pub const COUNT_VARIABLE: &str = "FRESHET_SIM_SEEDS";

/// The seeds of this run: those that were promoted, then the gate's or as many as asked for.
pub fn of_this_run(count: Option<&str>) -> Result<Vec<u64>, std::num::ParseIntError> {
    let searched = match count {
        Some(count) => GATE.start..GATE.start + count.parse::<u64>()?,
        None => GATE,
    };
    let promoted = PROMOTED.iter().map(|(seed, _)| *seed);
    Ok(promoted.chain(searched).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_says_how_many_seeds() {
        let n = |count| of_this_run(count).map(|seeds| seeds.len() - PROMOTED.len());
        assert_eq!(n(None), Ok(200));
        assert_eq!(n(Some("3")), Ok(3));
        assert!(n(Some("many")).is_err());
    }
}
