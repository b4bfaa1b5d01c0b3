//! `freshet-load fanout`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clap::Args;
use freshet_load::cpu::Cpu;
use freshet_load::endpoint::Endpoint;
use freshet_load::fanout::{self, Scenario};
use freshet_load::limit::{self, LimitError, Setup, Spread};
use freshet_load::pacer::Pacing;
use freshet_load::proc::Process;
use freshet_load::publisher::Media;
use freshet_load::report::{Bars, Report};
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;

use super::{Verdict, complain, print};

/// Rounds of the limit before the load, and again after it: an odd number in all, of which the median counts.
const LIMIT_ROUNDS: [usize; 2] = [2, 3];

/// Receivers of the limit.
const LIMIT_RECEIVERS: usize = 200;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct Fanout {
    /// The WHIP endpoint, such as http://127.0.0.1:8080/whip/demo
    #[arg(long)]
    whip: String,
    /// The WHEP endpoint of the same stream
    #[arg(long)]
    whep: String,
    /// The stream's key, or a token to publish
    #[arg(long, env = "FRESHET_KEY", hide_env_values = true)]
    key: String,
    /// A token to play; not needed where the stream is public
    #[arg(long, env = "FRESHET_PLAY_TOKEN", hide_env_values = true)]
    play_token: Option<String>,
    /// Players
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    viewers: u16,
    /// Seconds that are measured, once everybody has joined
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Bits per second of the video
    #[arg(long, default_value_t = 2_400_000, value_parser = clap::value_parser!(u32).range(100_000..=50_000_000))]
    bitrate: u32,
    /// How the publisher spreads the packets of a picture
    #[arg(long, value_enum, default_value_t = Pacing::Bursty)]
    pacing: Pacing,
    /// Players that join in a second; most servers limit those of one address
    #[arg(long, default_value_t = fanout::JOINS_PER_SECOND, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    joins: u32,
    /// Address of our sockets
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    local: IpAddr,
    /// The server's process: its CPU and memory are measured
    #[arg(long)]
    server_pid: Option<u32>,
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
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

impl Fanout {
    /// Plays the scenario.
    pub(crate) fn run(self) -> Verdict {
        let publishing = Client::new(&Trust::System, Some(&self.key))?;
        let playing = Client::new(&Trust::System, self.play_token.as_deref())?;
        let scenario = Scenario {
            whip: Endpoint::new(publishing, self.whip.clone()),
            whep: Endpoint::new(playing, self.whep.clone()),
            local: self.local,
            n_viewers: usize::from(self.viewers),
            measured: Duration::from_secs(u64::from(self.seconds)),
            media: self.media(),
            joins_per_second: self.joins,
            server: self.server_pid.map(Process::new),
        };
        let bars = Bars {
            lost_max: self.max_lost,
            cpu_us_max: self.max_cpu_us,
            limit_ratio_max: self.max_limit_ratio,
            join_p95_max: self.max_join_p95_ms.map(Duration::from_millis),
            keyframe_requests_max: self.max_keyframe_requests,
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

    fn media(&self) -> Media {
        Media {
            bitrate_bps: self.bitrate,
            pacing: self.pacing,
        }
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
        Ok(table.stream_costs(self.media()).collect())
    }
}
