//! `freshet-load hostile`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use freshet_load::endpoint::Endpoint;
use freshet_load::hostile::{self, Bars, Report, Scenario};
use freshet_load::proc::Process;
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;

use super::{Verdict, complain, print};

#[derive(Debug, Args)]
pub(crate) struct Hostile {
    /// The WHIP endpoint, such as http://127.0.0.1:8080/whip/demo
    #[arg(long)]
    whip: String,
    /// The WHEP endpoint of the same stream, which is public
    #[arg(long)]
    whep: String,
    /// The stream's key, or a token to publish
    #[arg(long, env = "FRESHET_KEY", hide_env_values = true)]
    key: String,
    /// The server's process
    #[arg(long)]
    server_pid: u32,
    /// Where the server answers /metrics over plain HTTP, such as 127.0.0.1:8080
    #[arg(long)]
    metrics: SocketAddr,
    /// Sessions that are set up under the flood of ClientHellos, and as many without
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(2..))]
    setups: u16,
    /// ClientHellos in a second
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    hellos: u32,
    /// Players that watch under the flood of binding requests
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    viewers: u16,
    /// Binding requests in a second
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    requests: u32,
    /// Seconds that they watch under the flood, and as long without
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Bits per second of the video
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(100_000..=50_000_000))]
    bitrate: u32,
    /// Address of our sockets
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    local: IpAddr,
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

impl Hostile {
    /// Plays the scenario.
    pub(crate) fn run(self) -> Verdict {
        let publishing = Client::new(&Trust::System, Some(&self.key))?;
        let playing = Client::new(&Trust::System, None)?;
        let scenario = Scenario {
            whip: Endpoint::new(publishing, self.whip),
            whep: Endpoint::new(playing, self.whep),
            local: self.local,
            bitrate_bps: self.bitrate,
            server: Process::new(self.server_pid),
            metrics: self.metrics,
            n_setups: usize::from(self.setups),
            hellos_per_second: self.hellos,
            n_viewers: usize::from(self.viewers),
            requests_per_second: self.requests,
            watched: Duration::from_secs(u64::from(self.seconds)),
        };
        // Media and the floods have their own threads: one for HTTP is enough.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(hostile::run(&scenario, complain))?;
        let report = Report::new(&outcome, Bars::default());
        print(&report, self.json)?;
        Ok(report.passed())
    }
}
