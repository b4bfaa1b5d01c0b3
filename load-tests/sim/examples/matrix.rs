//! The forty networks, a minute of watching over each: `cargo run -p freshet-sim --example matrix [SEED]`. Fails when a viewer
//! saw less than it should have.

use std::process::ExitCode;
use std::time::Duration;

use freshet_sim::publisher::H264;
use freshet_sim::trial::Path;

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "this program measures and says so"
)]
fn main() -> Result<ExitCode, String> {
    let seed = match std::env::args().nth(1) {
        Some(seed) => seed.parse().map_err(|error| format!("seed: {error}"))?,
        None => 1,
    };
    let began = std::time::Instant::now();
    let mut n_missed = 0;
    let mut simulated = Duration::ZERO;
    println!(
        "loss %  RTT ms  lost    freezes  frozen s  shown %  repaired %  audio lost %  delay ms"
    );
    for path in Path::all() {
        let outcome = path
            .watch(H264, seed)
            .map_err(|error| format!("{error:?}"))?;
        simulated += freshet_sim::trial::WATCHED;
        let is_met = path
            .bounds()
            .allow(outcome.smoothness, freshet_sim::trial::WATCHED);
        n_missed += usize::from(!is_met);
        let percent = |share: freshet_sim::network::PerMille| f64::from(share.0) / 10.0;
        println!(
            "{:6}  {:6}  {:6}  {:7}  {:8.2}  {:7.1}  {:10.1}  {:12.1}  {:8}{}",
            percent(path.loss),
            path.round_trip.as_millis(),
            if path.is_bursty { "bursts" } else { "random" },
            outcome.smoothness.n_freezes,
            outcome.smoothness.frozen.as_secs_f64(),
            percent(outcome.smoothness.shown),
            percent(outcome.repaired),
            percent(outcome.audio_lost),
            outcome.delay.as_millis(),
            if is_met { "" } else { "  MISSED" },
        );
    }
    let took = began.elapsed();
    let ratio = simulated.as_secs_f64() / took.as_secs_f64();
    println!("{simulated:?} simulated in {took:.1?}: {ratio:.0} x; {n_missed} cells missed");
    Ok(if n_missed > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
