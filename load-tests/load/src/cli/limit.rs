//! `freshet-load limit`.

use std::time::Duration;

use clap::Args;
use freshet_load::cpu::Cpu;
use freshet_load::limit::{self, Setup};

use super::{Verdict, print};

/// How long one measurement lasts. The kernel brings a running thread's time up to date every few milliseconds, so that a
/// figure is exact to about one in a hundred.
pub(super) const MEASURED: Duration = Duration::from_millis(400);

#[derive(Debug, Args)]
pub(crate) struct Limit {
    /// Receivers, each with its socket and its key
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    receivers: u16,
    /// Rounds; what is compared alternates in each
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// The CPU that sends
    #[arg(long, default_value_t = 0)]
    sender_cpu: usize,
    /// The CPU that receives
    #[arg(long, default_value_t = 1)]
    receiver_cpu: usize,
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

impl Limit {
    /// There is no bar: the limit is the machine's.
    pub(crate) fn run(self) -> Verdict {
        let table = limit::run(Setup {
            n_receivers: usize::from(self.receivers),
            n_rounds: usize::from(self.rounds),
            measured: MEASURED,
            sender: Cpu(self.sender_cpu),
            receivers: Cpu(self.receiver_cpu),
        })?;
        print(&table, self.json)?;
        Ok(true)
    }
}
