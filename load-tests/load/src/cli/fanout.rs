//! `freshet-load fanout`.

use std::time::Duration;

use clap::Args;
use freshet_load::cpu::Cpu;
use freshet_load::fanout::{self, Scenario};
use freshet_load::limit::{self, LimitError, Setup, Spread};
use freshet_load::report::{Bars, Report};

use super::stream::Stream;
use super::{Verdict, complain, print};

/// Rounds of the limit before the load, and again after it: an odd number in all, of which the median counts.
const LIMIT_ROUNDS: [usize; 2] = [2, 3];

/// Receivers of the limit.
const LIMIT_RECEIVERS: usize = 200;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct Fanout {
    #[command(flatten)]
    stream: Stream,
    /// Players
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    viewers: u16,
    /// Seconds that are measured, once everybody has joined
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Packets that may be lost
    #[arg(long, default_value_t = 0)]
    max_lost: u64,
    /// Server CPU that a received packet may cost, in microseconds; needs --server-pid
    #[arg(long, requires = "server_pid")]
    max_cpu_us: Option<f64>,
    /// Take the limit of the machine before and after, with the server's CPU 0 and the load's CPU 1
    #[arg(long)]
    limit: bool,
    /// Server CPU that a received packet may cost, in multiples of the limit; needs --server-pid and --limit
    #[arg(long, requires_all = ["server_pid", "limit"])]
    max_limit_ratio: Option<f64>,
    /// Milliseconds that a join may take, from the POST to the first whole picture, of all but 5 % of the players
    #[arg(long)]
    max_join_p95_ms: Option<u64>,
    /// Keyframe requests that may reach the publisher
    #[arg(long)]
    max_keyframe_requests: Option<u64>,
    /// Microseconds that the latency of half of the packets may be
    #[arg(long)]
    max_latency_p50_us: Option<u64>,
    /// Milliseconds that the latency of all but 1 % of the packets may exceed what a keyframe takes to reach everybody
    #[arg(long)]
    max_latency_p99_beyond_ms: Option<u64>,
    /// CPUs that the server may use; needs --server-pid
    #[arg(long, requires = "server_pid")]
    max_server_cores: Option<f64>,
    /// KiB of memory that a player may cost the server; needs --server-pid
    #[arg(long, requires = "server_pid")]
    max_viewer_kib: Option<u64>,
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

impl Fanout {
    /// Plays the scenario.
    pub(crate) fn run(self) -> Verdict {
        let scenario = Scenario {
            setting: self.stream.setting()?,
            n_viewers: usize::from(self.viewers),
            measured: Duration::from_secs(u64::from(self.seconds)),
        };
        let bars = Bars {
            lost_max: self.max_lost,
            cpu_us_max: self.max_cpu_us,
            limit_ratio_max: self.max_limit_ratio,
            join_p95_max: self.max_join_p95_ms.map(Duration::from_millis),
            keyframe_requests_max: self.max_keyframe_requests,
            latency_p50_max: self.max_latency_p50_us.map(Duration::from_micros),
            latency_p99_beyond_max: self.max_latency_p99_beyond_ms.map(Duration::from_millis),
            server_cores_max: self.max_server_cores,
            server_bytes_per_viewer_max: self.max_viewer_kib.map(|kib| kib * 1_024),
        };
        let [before, after] = LIMIT_ROUNDS;
        let mut costs = self.limit(before)?;
        // Media has its own threads: one for HTTP is enough.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(fanout::run(&scenario, complain))?;
        costs.extend(self.limit(after)?);
        let report = Report::new(&outcome, bars, Spread::of(costs));
        print(&report, self.json)?;
        Ok(report.passed())
    }

    /// What a packet of the same stream costs with nothing else done, in each round; nothing where that is not asked for. It has a thread of its
    /// own, because it stays on the CPU that it is put on.
    fn limit(&self, n_rounds: usize) -> Result<Vec<f64>, LimitError> {
        if !self.limit {
            return Ok(Vec::new());
        }
        let setup = Setup {
            n_receivers: LIMIT_RECEIVERS,
            n_rounds,
            measured: super::limit::MEASURED,
            sender: Cpu(0),
            receivers: Cpu(1),
        };
        let table = std::thread::spawn(move || limit::run(setup)).join();
        let table = table.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(table.stream_costs(self.stream.media()).collect())
    }
}
