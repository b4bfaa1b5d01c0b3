//! How many players a server carries: they become more step by step, until a bar is broken.

mod report;
mod step;

pub use report::Report;
pub use step::{Bars, Step};

use std::time::Duration;

use crate::run_error::RunError;
use crate::stage::{Setting, Stage};

/// What to do.
#[derive(Debug)]
pub struct Scenario {
    /// Where, and with what.
    pub setting: Setting,
    /// Players of each step, fewest first.
    pub steps: Vec<usize>,
    /// How long each step is measured, after everybody has joined.
    pub measured: Duration,
    /// How long the last step is measured once more.
    pub held: Option<Duration>,
    /// What no step may break.
    pub bars: Bars,
}

/// Plays the scenario up to the first step that breaks a bar. `say` is told how far it is.
pub async fn run(scenario: &Scenario, say: impl Fn(&str)) -> Result<Report, RunError> {
    let mut stage = Stage::open(&scenario.setting).await?;
    let mut report = Report::default();
    let held = scenario.steps.last().copied().zip(scenario.held);
    let steps = scenario.steps.iter().map(|n| (*n, scenario.measured));
    for (n_viewers, lasted) in steps.chain(held) {
        say(&format!("{n_viewers} viewers"));
        match play(&mut stage, (n_viewers, lasted), &report).await {
            Ok(step) => report.push(step, scenario.bars),
            // Of ours, not of the server's.
            Err(failed @ (RunError::System(_) | RunError::Crowd(_))) => return Err(failed),
            Err(refused) => report.stop(n_viewers, refused.to_string()),
        }
        if report.is_stopped() {
            break;
        }
    }
    let left = stage.leave();
    // A server that broke a bar may have lost the publisher, too; that it did is in the report.
    if !report.is_stopped() {
        left?;
    }
    Ok(report)
}

async fn play(
    stage: &mut Stage<'_>,
    (n_viewers, lasted): (usize, Duration),
    before: &Report,
) -> Result<Step, RunError> {
    let began_at = stage.clock.now();
    stage.grow(n_viewers).await?;
    let measured = stage.measure(lasted).await?;
    let published = stage.publisher.count().ok_or(RunError::PublisherEnded)?;
    let settled = stage.settle(published, before.n_lost()).await?;
    let joins = settled.total().joins_since(began_at);
    Ok(Step::new(n_viewers, &measured, &settled, &joins).after(before.n_lost()))
}
