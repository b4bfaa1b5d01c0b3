//! `freshet-load bystanders`.

use std::time::Duration;

use clap::Args;
use freshet_load::bystanders::{self, Bars, Report, Scenario};

use super::stream::Stream;
use super::{Verdict, complain, print};

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct Bystanders {
    #[command(flatten)]
    stream: Stream,
    /// Players in a round, the one with the poor path included
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(2..))]
    viewers: u16,
    /// Seconds that each round is measured
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Rounds with the poor path, and as many without
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

impl Bystanders {
    /// Plays the scenario.
    pub(crate) fn run(self) -> Verdict {
        let scenario = Scenario {
            setting: self.stream.setting()?,
            n_viewers: usize::from(self.viewers),
            measured: Duration::from_secs(u64::from(self.seconds)),
            n_rounds: usize::from(self.rounds),
        };
        // Media has its own threads: one for HTTP is enough.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let rounds = runtime.block_on(bystanders::run(&scenario, complain))?;
        let report = Report::new(&rounds, Bars::default());
        print(&report, self.json)?;
        Ok(report.passed())
    }
}
