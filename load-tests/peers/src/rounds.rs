//! The rounds: each server in turn, alone, under the same load.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use freshet_load::endpoint::Endpoint;
use freshet_load::fanout::{self, Outcome, Scenario};
use freshet_load::network::Mix;
use freshet_load::proc::Process;
use freshet_load::publisher::Media;
use freshet_load::run_error::RunError;
use freshet_load::stage::Setting;

use crate::comparison::{Comparison, Figures};
use crate::freshet::{self, Freshet};
use crate::janus::{self, Janus};

/// What is compared, and how often.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Freshet's program.
    pub freshet: PathBuf,
    /// Janus's program.
    pub janus: PathBuf,
    /// Where both have their media; no loopback address.
    pub address: IpAddr,
    /// Players of each.
    pub n_viewers: usize,
    /// How long each is measured.
    pub measured: Duration,
    /// How often each is.
    pub n_rounds: usize,
    /// What is published.
    pub media: Media,
}

/// Why a round could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoundError {
    /// Freshet does not run.
    #[error("freshet: {0}")]
    Freshet(#[from] freshet::StartError),
    /// Janus does not run.
    #[error("janus: {0}")]
    Janus(#[from] janus::StartError),
    /// The load could not be played.
    #[error("{0}")]
    Load(#[from] RunError),
    /// A process could not be measured.
    #[error("a server's process could not be measured")]
    NotMeasured,
}

/// Players that join in a second. Janus needs 40 ms for one.
const JOINS_PER_SECOND: u32 = 20;

/// Plays all rounds. `say` is told how far it is.
pub async fn run(setup: &Setup, say: impl Fn(&str)) -> Result<Comparison, RoundError> {
    let mut comparison = Comparison::new(setup.n_viewers, setup.media.pacing);
    for round in 1..=setup.n_rounds {
        let freshet = Freshet::start(&setup.freshet, setup.address)?;
        let ours = play(setup, freshet.pid(), freshet.endpoints()?).await?;
        say(&format!("round {round}: Freshet {ours}"));
        drop(freshet);
        let janus = Janus::start(&setup.janus, setup.address).await?;
        let theirs = play(setup, janus.pid(), janus.endpoints()?).await?;
        say(&format!("round {round}: Janus   {theirs}"));
        drop(janus);
        comparison.push(ours, theirs);
    }
    Ok(comparison)
}

async fn play(
    setup: &Setup,
    pid: u32,
    (whip, whep): (Endpoint, Endpoint),
) -> Result<Figures, RoundError> {
    let scenario = Scenario {
        setting: Setting {
            whip,
            whep,
            local: setup.address,
            media: setup.media,
            joins_per_second: JOINS_PER_SECOND,
            networks: Mix::default(),
            server: Some(Process::new(pid)),
        },
        n_viewers: setup.n_viewers,
        measured: setup.measured,
    };
    let outcome: Outcome = fanout::run(&scenario, |_| ()).await?;
    Figures::of(&outcome).ok_or(RoundError::NotMeasured)
}
