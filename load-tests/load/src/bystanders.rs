//! What a player whose path carries next to nothing costs the others: the same crowd with it and without, in rounds that
//! alternate, so that both meet the same machine.

mod report;

pub use report::{Bars, Report};

use std::time::Duration;

use crate::network::Profile;
use crate::run_error::RunError;
use crate::stage::{Setting, Stage};
use crate::tally::{Tallies, Tally};

/// What to do.
#[derive(Debug)]
pub struct Scenario {
    /// Where, and with what. Everybody's network is clean, but for the one player's.
    pub setting: Setting,
    /// Players in a round, the one with the poor path included, where it takes part.
    pub n_viewers: usize,
    /// How long each round is measured.
    pub measured: Duration,
    /// Rounds with it, and as many without.
    pub n_rounds: usize,
}

/// What the others have seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Since the round's measurement began.
    pub window: Tally,
    /// When everything that could be repaired was.
    pub settled: Tally,
    /// Players that there were, the poor one apart.
    pub n_others: usize,
    /// What the player with the poor path got, in packets; `None` where it had no part.
    pub n_packets_of_poor: Option<u64>,
    /// The server's memory at the end of the measurement, if the server is known.
    pub server_bytes: Option<u64>,
}

/// A round without the poor player, and the one after it with it.
#[derive(Clone, Debug)]
pub struct Round {
    /// Without.
    pub alone: Seen,
    /// With.
    pub beside: Seen,
}

/// Plays the scenario. `say` is told how far it is.
pub async fn run(scenario: &Scenario, say: impl Fn(&str)) -> Result<Vec<Round>, RunError> {
    let everybody_clean = &scenario.setting;
    let one_poor = everybody_clean.with_first_player_on(Profile::Poor);
    let mut stage = Stage::open(everybody_clean).await?;
    let mut rounds = Vec::new();
    for n in 1..=scenario.n_rounds {
        let alone = watch(&mut stage, everybody_clean, scenario).await?;
        let beside = watch(&mut stage, &one_poor, scenario).await?;
        rounds.push(Round { alone, beside });
        say(&format!("round {n} of {}", scenario.n_rounds));
    }
    stage.leave()?;
    Ok(rounds)
}

/// Players come, are measured, and leave.
async fn watch<'s>(
    stage: &mut Stage<'s>,
    setting: &'s Setting,
    scenario: &Scenario,
) -> Result<Seen, RunError> {
    stage.empty(setting)?;
    stage.grow(scenario.n_viewers).await?;
    let measured = stage.measure(scenario.measured).await?;
    let published = stage.publisher.count().ok_or(RunError::PublisherEnded)?;
    let settled = stage.settle(published, 0).await?;
    let of_clean = |tallies: &Tallies| tallies.of(Profile::Clean).cloned();
    let poor = measured.window.of(Profile::Poor);
    Ok(Seen {
        n_packets_of_poor: poor.map(|tally| tally.window.n_packets),
        n_others: scenario.n_viewers - usize::from(poor.is_some()),
        server_bytes: measured.server.map(|server| server.resident_bytes.1),
        window: of_clean(&measured.window).unwrap_or_default(),
        settled: of_clean(&settled).unwrap_or_default(),
    })
}
