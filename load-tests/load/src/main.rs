//! `freshet-load`: load for a Freshet server, and what it made of it.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use freshet_load::endpoint::Endpoint;
use freshet_load::fanout::{self, Scenario};
use freshet_load::proc::Process;
use freshet_load::report::{Bars, Report};
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;

/// The run was made, and a bar was not kept.
const EXIT_BAR: u8 = 1;
/// The run could not be made.
const EXIT_FAILURE: u8 = 2;

/// Load for a Freshet server: publishers and players with real sockets.
#[derive(Debug, Parser)]
#[command(name = "freshet-load", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One stream, many players: loss, latency, join time, and what it costs the server
    Fanout(Fanout),
}

#[derive(Debug, Args)]
struct Fanout {
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
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let Command::Fanout(fanout) = Cli::parse().command;
    match fanout.run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_BAR),
        Err(error) => {
            complain(&format!("freshet-load: {error}"));
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

impl Fanout {
    /// True when the bars were kept.
    fn run(self) -> Result<bool, Box<dyn std::error::Error>> {
        let publishing = Client::new(&Trust::System, Some(&self.key))?;
        let playing = Client::new(&Trust::System, self.play_token.as_deref())?;
        let scenario = Scenario {
            whip: Endpoint::new(publishing, self.whip),
            whep: Endpoint::new(playing, self.whep),
            local: self.local,
            n_viewers: usize::from(self.viewers),
            measured: Duration::from_secs(u64::from(self.seconds)),
            bitrate_bps: self.bitrate,
            server: self.server_pid.map(Process::new),
        };
        let bars = Bars {
            lost_max: self.max_lost,
            cpu_us_max: self.max_cpu_us,
        };
        // Media has its own threads: one for HTTP is enough.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(fanout::run(&scenario, complain))?;
        let report = Report::new(&outcome, bars);
        let text = if self.json {
            serde_json::to_string_pretty(&report)? + "\n"
        } else {
            report.to_string()
        };
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(report.passed())
    }
}

/// What is no result goes to stderr.
fn complain(text: &str) {
    // Nobody can be told that stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
