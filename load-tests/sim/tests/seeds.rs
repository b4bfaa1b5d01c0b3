//! Two hundred runs that their seeds write. `FRESHET_SIM_SEEDS=20000 cargo test -p freshet-sim --test seeds` searches.

use std::time::Duration;

use freshet_sim::scenario::{self, Failure, Outcome};
use freshet_sim::seeds;
use nix::time::{ClockId, clock_gettime};

/// What a second of a core simulates at least, in seconds. It is wall time where nothing else runs; a machine that is shared must
/// not count others' turns.
const SPEED_MIN: f64 = 100.0;

fn cpu_of_this_thread() -> nix::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

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
    let parts: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = parts
            .into_iter()
            .map(|part| {
                scope.spawn(|| {
                    let results: Vec<_> = part.iter().map(|s| (*s, run(*s))).collect();
                    (results, cpu_of_this_thread())
                })
            })
            .collect();
        let joined = handles.into_iter().map(|h| h.join().expect("no panic"));
        joined.collect()
    });
    let took: nix::Result<Duration> = parts.iter().map(|(_, cpu)| *cpu).sum();
    let took = took.expect("a thread has a clock");
    let results: Vec<_> = parts.into_iter().flat_map(|(results, _)| results).collect();
    let failed: Vec<_> = results.iter().filter(|(_, r)| r.is_err()).collect();
    assert!(
        failed.is_empty(),
        "{} of {}: {failed:#?}",
        failed.len(),
        results.len()
    );
    let simulated: Duration = results.iter().flat_map(|(_, r)| r).map(|o| o.elapsed).sum();
    let n_shown: usize = results.iter().flat_map(|(_, r)| r).map(|o| o.n_shown).sum();
    let speed = simulated.as_secs_f64() / took.as_secs_f64();
    println!(
        "{} seeds, {simulated:?} simulated in {took:?} of a core, {speed:.0} times as fast, {n_shown} pictures shown",
        results.len()
    );
    assert!(speed >= SPEED_MIN, "{speed:.0} seconds in a second");
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
