//! What every scenario of one stream is told: where it is, what is sent, and who watches.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};

use clap::Args;
use freshet_load::encodings::Encodings;
use freshet_load::endpoint::Endpoint;
use freshet_load::joining::JOINS_PER_SECOND;
use freshet_load::network::Mix;
use freshet_load::pacer::Pacing;
use freshet_load::proc::Process;
use freshet_load::publisher::Media;
use freshet_load::stage::Setting;
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;

#[derive(Debug, Args)]
pub(super) struct Stream {
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
    /// Bits per second of the video, or of its largest encoding
    #[arg(long, default_value_t = 2_400_000, value_parser = clap::value_parser!(u32).range(100_000..=50_000_000))]
    bitrate: u32,
    /// Publish in three sizes, as browsers do: players get what their paths carry, and report when packets arrive
    #[arg(long)]
    simulcast: bool,
    /// How the publisher spreads the packets of a picture
    #[arg(long, value_enum, default_value_t = Pacing::Bursty)]
    pacing: Pacing,
    /// Players that join in a second; most servers limit those of one address
    #[arg(long, default_value_t = JOINS_PER_SECOND, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    joins: u32,
    /// What lies between each player and the server: clean, lossy, bursty, mobile, slow or poor, or several in percent of players, as
    /// in clean:40,mobile:40,lossy:20
    #[arg(long, default_value = "clean")]
    network: Mix,
    /// Decides which players have which network, and what it loses
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Address of our sockets
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    local: IpAddr,
    /// The server's process: its CPU and memory are measured
    #[arg(long)]
    server_pid: Option<u32>,
}

impl Stream {
    pub(super) fn setting(&self) -> Result<Setting, Box<dyn Error>> {
        let publishing = Client::new(&Trust::System, Some(&self.key))?;
        let playing = Client::new(&Trust::System, self.play_token.as_deref())?;
        Ok(Setting {
            whip: Endpoint::new(publishing, self.whip.clone()),
            whep: Endpoint::new(playing, self.whep.clone()),
            local: self.local,
            media: self.media(),
            joins_per_second: self.joins,
            networks: self.network.clone().with_seed(self.seed),
            server: self.server_pid.map(Process::new),
        })
    }

    pub(super) fn media(&self) -> Media {
        Media {
            bitrate_bps: self.bitrate,
            encodings: match self.simulcast {
                true => Encodings::Simulcast,
                false => Encodings::One,
            },
            pacing: self.pacing,
        }
    }
}
