//! Two hundred runs that their seeds write. `FRESHET_SIM_SEEDS=20000 cargo test -p freshet-sim --test seeds` searches.

use std::time::Duration;

use freshet_sim::scenario::{self, Failure, Outcome};
use freshet_sim::seeds;

/// Runs a seed. A panic says which.
#[expect(clippy::print_stdout, reason = "what panics does not know of seeds")]
fn run(seed: u64) -> Result<Outcome, Failure> {
    std::panic::catch_unwind(|| scenario::run(seed)).unwrap_or_else(|panic| {
        println!("seed {seed} panicked");
        std::panic::resume_unwind(panic)
    })
}

#[test]
fn every_seed_is_survived() {
    let count = std::env::var(seeds::COUNT_VARIABLE).ok();
    let all = seeds::of_this_run(count.as_deref()).expect("a number of seeds");
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<&[u64]> = all.chunks(all.len().div_ceil(n_threads)).collect();
    let results: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(|| part.iter().map(|s| (*s, run(*s))).collect()))
            .collect();
        let joined = handles.into_iter().map(|h| h.join().expect("no panic"));
        joined.flat_map(|part: Vec<_>| part).collect()
    });
    let failed: Vec<_> = results.iter().filter(|(_, r)| r.is_err()).collect();
    assert!(
        failed.is_empty(),
        "{} of {}: {failed:#?}",
        failed.len(),
        results.len()
    );
    let simulated: Duration = results.iter().flat_map(|(_, r)| r).map(|o| o.elapsed).sum();
    let n_shown: usize = results.iter().flat_map(|(_, r)| r).map(|o| o.n_shown).sum();
    println!(
        "{} seeds, {simulated:?} simulated, {n_shown} pictures shown",
        results.len()
    );
    assert!(
        n_shown > results.len() * 100,
        "{n_shown} pictures: the runs show too little"
    );
}

#[test]
fn a_scenario_run_twice_decides_the_same() {
    for seed in 1..40 {
        assert_eq!(scenario::run(seed), scenario::run(seed), "seed {seed}");
    }
}
