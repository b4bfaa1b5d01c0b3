//! `freshet-load ramp`.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use freshet_load::ramp::{self, Bars, Scenario};

use super::stream::Stream;
use super::{Verdict, complain, print};

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct Ramp {
    #[command(flatten)]
    stream: Stream,
    /// Players of each step, those of the steps before included; the first step that breaks a bar is the last
    #[arg(long, default_value = "50,100,200,400")]
    steps: Steps,
    /// Seconds that each step is measured, once everybody has joined
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Seconds that the last step is measured once more
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    hold: Option<u16>,
    /// Packets that may be lost in a step
    #[arg(long, default_value_t = 0)]
    max_lost: u64,
    /// Milliseconds from the publisher's write to the kernel's receipt for a player, of all but 1 % of a step's packets
    #[arg(long)]
    max_latency_p99_ms: Option<u64>,
    /// Cores that the server may use; needs --server-pid
    #[arg(long, requires = "server_pid")]
    max_server_cores: Option<f64>,
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

/// Numbers of players, each more than the one before.
#[derive(Clone, Debug)]
struct Steps(Vec<usize>);

impl FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |step: &str| step.parse::<u16>().map(usize::from).ok();
        let steps: Option<Vec<_>> = text.split(',').map(parse).collect();
        let steps = steps.ok_or_else(|| format!("{text}: numbers of players, such as 50,100"))?;
        if steps.first() == Some(&0) || !steps.is_sorted_by(|a, b| a < b) {
            return Err(format!(
                "{text}: each step has more players than the one before"
            ));
        }
        Ok(Self(steps))
    }
}

impl Ramp {
    /// Plays the scenario.
    pub(crate) fn run(self) -> Verdict {
        let seconds = |n: u16| Duration::from_secs(n.into());
        let scenario = Scenario {
            setting: self.stream.setting()?,
            steps: self.steps.0,
            measured: seconds(self.seconds),
            held: self.hold.map(seconds),
            bars: Bars {
                lost_max: self.max_lost,
                latency_p99_max: self.max_latency_p99_ms.map(Duration::from_millis),
                server_cores_max: self.max_server_cores,
            },
        };
        // Media has its own threads: one for HTTP is enough.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let report = runtime.block_on(ramp::run(&scenario, complain))?;
        print(&report, self.json)?;
        Ok(report.passed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_become_more() {
        let steps: Steps = "2,4,50".parse().unwrap();
        assert_eq!(steps.0, [2, 4, 50]);
        for text in ["", "0,2", "4,4", "4,2", "2,", "two"] {
            assert!(text.parse::<Steps>().is_err(), "{text}");
        }
    }
}
