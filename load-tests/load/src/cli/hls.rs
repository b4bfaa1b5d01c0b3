//! `freshet-load hls` and `freshet-load requests`.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use freshet_load::encodings::Encodings;
use freshet_load::endpoint::Endpoint;
use freshet_load::hls::connection::Server;
use freshet_load::hls::crowd::{self, Scenario};
use freshet_load::hls::multivariant::Choice;
use freshet_load::hls::publishing::publish;
use freshet_load::hls::rate::{self, Object};
use freshet_load::hls::report::{Bars, Report};
use freshet_load::hls::stream::Stream;
use freshet_load::pacer::Pacing;
use freshet_load::proc::Process;
use freshet_load::publisher::{Media, Publisher};
use sfu_net::clock::Clock;
use url::Url;
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;

use super::{Verdict, complain, print};

/// What is watched, and who publishes it.
#[derive(Debug, Args)]
struct Watched {
    /// The multivariant playlist, as in http://127.0.0.1:8080/hls/demo/multivariant.m3u8
    url: Url,
    /// A token to play with, where the stream is not public
    #[arg(long, env = "FRESHET_PLAY_TOKEN", hide_env_values = true)]
    play_token: Option<String>,
    /// The certificate that is believed, in PEM, where the URL is of https
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// Publish here before anybody watches (WHIP); without, somebody else must
    #[arg(long, requires = "key")]
    whip: Option<String>,
    /// The stream's key, or a token to publish
    #[arg(long, env = "FRESHET_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Bits per second of the video that is published, or its largest encoding
    #[arg(long, default_value_t = 800_000, value_parser = clap::value_parser!(u32).range(100_000..=50_000_000))]
    bitrate: u32,
    /// Publish in three sizes, as browsers do
    #[arg(long)]
    simulcast: bool,
    /// Address of the publisher's sockets
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    local: IpAddr,
    /// The server's process: its CPU and memory are measured
    #[arg(long)]
    server_pid: Option<u32>,
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

impl Watched {
    /// The publisher, if it is ours, and the stream.
    async fn open(&self, clock: Clock) -> Result<(Option<Publisher>, Stream), Box<dyn Error>> {
        let publisher = match (&self.whip, &self.key) {
            (Some(whip), Some(key)) => {
                let whip = Endpoint::new(Client::new(&Trust::System, Some(key))?, whip.clone());
                let media = Media {
                    bitrate_bps: self.bitrate,
                    encodings: match self.simulcast {
                        true => Encodings::Simulcast,
                        false => Encodings::One,
                    },
                    pacing: Pacing::Paced,
                };
                Some(publish(&whip, media, self.local, clock).await?)
            }
            _ => None,
        };
        let pem = self.certificate.as_ref().map(std::fs::read).transpose()?;
        let server = Server::of(&self.url, pem.as_deref(), self.play_token.as_deref())?;
        let stream = Stream::open(server, self.url.clone(), clock).await?;
        Ok((publisher, stream))
    }

    fn server(&self) -> Option<Process> {
        self.server_pid.map(Process::new)
    }
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct Hls {
    #[command(flatten)]
    watched: Watched,
    /// Viewers
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    viewers: u16,
    /// Seconds that are measured, once everybody has joined
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Viewers that join in a second
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    joins: u32,
    /// Which pictures they take
    #[arg(long, value_enum, default_value_t = Choice::Top)]
    rendition: Choice,
    /// Take pictures alone; otherwise sound has a connection of its own
    #[arg(long)]
    no_sound: bool,
    /// Ask for delta updates
    #[arg(long)]
    skip: bool,
    /// Readers of a byte a second beside them, after the viewers have been measured for as long without
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=10_000))]
    slow: u16,
    /// Milliseconds that slow readers may add to that of all but 1 % of the held reloads
    #[arg(long, requires = "slow")]
    max_slow_delay_ms: Option<u64>,
    /// Seconds after which the last slow reader must have been cut
    #[arg(long, requires = "slow")]
    max_slow_secs: Option<u64>,
    /// Milliseconds from a part being ready to the last byte of the playlist that lists it, of all but 1 % of the reloads that were held
    #[arg(long)]
    max_reload_p99_ms: Option<u64>,
    /// Stalls of all viewers
    #[arg(long)]
    max_stalls: Option<u64>,
    /// Answers other than 200, and connections that break
    #[arg(long)]
    max_errors: Option<u64>,
}

impl Hls {
    pub(crate) fn run(self) -> Verdict {
        let clock = Clock::start();
        let outcome = runtime()?.block_on(async {
            let (publisher, stream) = self.watched.open(clock).await?;
            let scenario = Scenario {
                stream,
                n_viewers: usize::from(self.viewers),
                joins_per_second: self.joins,
                choice: self.rendition,
                with_sound: !self.no_sound,
                skips: self.skip,
                n_slow: usize::from(self.slow),
                measured: Duration::from_secs(u64::from(self.seconds)),
                server: self.watched.server(),
            };
            let outcome = crowd::run(&scenario, clock, complain).await?;
            leave(publisher)?;
            Ok::<_, Box<dyn Error>>(outcome)
        })?;
        let bars = Bars {
            reload_p99_max: self.max_reload_p99_ms.map(Duration::from_millis),
            slow_delay_max: self.max_slow_delay_ms.map(Duration::from_millis),
            slow_max: self.max_slow_secs.map(Duration::from_secs),
            stalls_max: self.max_stalls,
            errors_max: self.max_errors,
        };
        let report = Report::new(&outcome, bars);
        print(&report, self.watched.json)?;
        Ok(report.passed())
    }
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct Requests {
    #[command(flatten)]
    watched: Watched,
    /// What is asked for
    #[arg(long, value_enum, default_value_t = Object::Playlist)]
    object: Object,
    /// Of the sound and not of the pictures: its parts are small
    #[arg(long)]
    sound: bool,
    /// Connections, each of which asks again as soon as it is answered
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// Seconds that are measured; parts are there for ten seconds at least
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Requests for each second that the server has of a core; needs --server-pid
    #[arg(long, requires = "server_pid")]
    min_per_core: Option<f64>,
}

impl Requests {
    pub(crate) fn run(self) -> Verdict {
        let clock = Clock::start();
        let outcome = runtime()?.block_on(async {
            let (publisher, stream) = self.watched.open(clock).await?;
            let mut tracks = stream.tracks(Choice::Top, 0, true)?;
            let playlist = if self.sound {
                tracks.pop()
            } else {
                tracks.into_iter().next()
            };
            let scenario = rate::Scenario {
                playlist: playlist.ok_or("the stream has no such track")?,
                stream,
                object: self.object,
                n_connections: usize::from(self.connections),
                measured: Duration::from_secs(u64::from(self.seconds)),
                server: self.watched.server(),
                per_core_min: self.min_per_core,
            };
            let outcome = rate::run(&scenario, clock).await?;
            leave(publisher)?;
            Ok::<_, Box<dyn Error>>(outcome)
        })?;
        print(&outcome, self.watched.json)?;
        Ok(outcome.passed())
    }
}

/// One thread: what it gets of the CPUs is what all viewers together got.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

fn leave(publisher: Option<Publisher>) -> Result<(), Box<dyn Error>> {
    Ok(publisher.map_or(Ok(()), Publisher::leave)?)
}
