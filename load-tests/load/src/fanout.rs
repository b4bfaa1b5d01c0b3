//! One stream, many players: does every packet arrive, how late, and what does it cost the server?

use std::time::Duration;

use crate::encodings::Encodings;
use crate::publisher::Published;
use crate::run_error::RunError;
use crate::stage::{Measured, Setting, Stage};
use crate::tally::Tallies;

/// What to do.
#[derive(Debug)]
pub struct Scenario {
    /// Where, and with what.
    pub setting: Setting,
    /// Players.
    pub n_viewers: usize,
    /// How long is measured, after everybody has joined.
    pub measured: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Players that were asked for.
    pub n_viewers: usize,
    /// What it was sent in.
    pub encodings: Encodings,
    /// What the publisher sent.
    pub published: Published,
    /// The window.
    pub measured: Measured,
    /// The players when everything that could be repaired was.
    pub settled: Tallies,
}

/// Plays the scenario. `say` is told how far it is.
pub async fn run(scenario: &Scenario, say: impl Fn(&str)) -> Result<Outcome, RunError> {
    let mut stage = Stage::open(&scenario.setting).await?;
    stage.grow(scenario.n_viewers).await?;
    say("everybody has joined");
    let measured = stage.measure(scenario.measured).await?;
    say("measured; waiting for repairs");
    let published = stage.publisher.fall_silent();
    let published = published.ok_or(RunError::PublisherEnded)?;
    let settled = stage.settle(published, 0).await?;
    stage.leave()?;
    Ok(Outcome {
        n_viewers: scenario.n_viewers,
        encodings: scenario.setting.media.encodings,
        published,
        measured,
        settled,
    })
}
