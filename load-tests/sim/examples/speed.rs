//! How fast the world goes: `cargo run -p freshet-sim --example speed`. Fails under a hundred simulated seconds per second.
//!
//! The standard scenario: one publisher of 600 kbit/s video at 25 pictures a second with sound, two viewers on two workers,
//! 2 % loss on one viewer's path, for two minutes.

use std::process::ExitCode;
use std::time::Duration;

use freshet_sim::network::{Conditions, PerMille};
use freshet_sim::publisher::{Camera, H264};
use freshet_sim::world::{JoinError, World};

/// What the standard scenario must reach on one core of a small machine, in the dev profile.
const SIMULATED_PER_SECOND_MIN: f64 = 100.0;

fn standard() -> Result<(Duration, usize), JoinError> {
    let mut world = World::new(1, 2);
    world.publish("demo", Camera::new(H264))?;
    world.run_for(Duration::from_secs(1));
    let viewers = [world.watch("demo")?, world.watch("demo")?];
    world.run_for(Duration::from_secs(1));
    let lossy = Conditions::default().losing(PerMille(20));
    world.set_path(viewers[0], lossy);
    world.run_for(Duration::from_secs(118));
    let shown = viewers.map(|viewer| world.viewer(viewer).decoder.shown.len());
    Ok((world.elapsed(), shown.iter().sum()))
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "this program measures and says so"
)]
fn main() -> Result<ExitCode, String> {
    let began = std::time::Instant::now();
    let (simulated, n_shown) = standard().map_err(|error| format!("{error:?}"))?;
    let took = began.elapsed();
    let ratio = simulated.as_secs_f64() / took.as_secs_f64();
    println!("{simulated:?} simulated in {took:.2?}: {ratio:.0} x; {n_shown} pictures shown");
    Ok(if ratio < SIMULATED_PER_SECOND_MIN {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
