//! `freshet-load publish`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use freshet_load::endpoint::Endpoint;
use freshet_load::fanout::JOINS_PER_SECOND;
use freshet_load::pictures::PictureSource;
use freshet_load::playback::Playback;
use freshet_load::publish::{self, Scenario};
use freshet_load::recording::{Recording, RecordingError};
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;

use super::{Verdict, complain, print};

/// What stands for a publisher's number in a URL and in a key.
const NUMBER: &str = "{n}";

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The WHIP endpoint; {n} in it is each publisher's number, as in http://127.0.0.1:8080/whip/demo-{n}
    #[arg(long)]
    whip: String,
    /// The stream's key, or a token to publish; {n} in it is each publisher's number
    #[arg(long, env = "FRESHET_KEY", hide_env_values = true)]
    key: String,
    /// What is played, over and over: H.264 as a byte stream (Annex B), or IVF with VP8, VP9 or AV1
    #[arg(long)]
    file: PathBuf,
    /// Pictures a second; by default what the file says, or 30 where it says nothing
    #[arg(long, value_parser = fps)]
    fps: Option<f64>,
    /// Publishers, each with a thread
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    publishers: u16,
    /// Publishers that join in a second
    #[arg(long, default_value_t = JOINS_PER_SECOND, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    joins: u32,
    /// Seconds to publish; by default until Ctrl-C
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// Address of our sockets
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    local: IpAddr,
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

impl Publish {
    pub(crate) fn run(self) -> Verdict {
        if self.publishers > 1 && !self.whip.contains(NUMBER) {
            return Err("several publishers need {n} in --whip: a stream has one".into());
        }
        let source = Sources::open(&self.file, self.fps)?;
        let mut streams = Vec::new();
        for number in 1..=self.publishers {
            let of_number = |text: &str| text.replace(NUMBER, &number.to_string());
            let client = Client::new(&Trust::System, Some(&of_number(&self.key)))?;
            let endpoint = Endpoint::new(client, of_number(&self.whip));
            streams.push((endpoint, source.next()));
        }
        let scenario = Scenario {
            streams,
            local: self.local,
            joins_per_second: self.joins,
            stays: self.seconds.map(|n| Duration::from_secs(u64::from(n))),
        };
        // Media has its own threads: one for HTTP is enough.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let stop = async { tokio::signal::ctrl_c().await };
        let outcome = runtime.block_on(publish::run(scenario, stop, complain))?;
        print(&outcome, self.json)?;
        Ok(outcome.passed())
    }
}

/// What every publisher gets one of.
enum Sources {
    File(Arc<Recording>),
}

impl Sources {
    fn open(file: &Path, fps: Option<f64>) -> Result<Self, RecordingError> {
        Ok(Self::File(Arc::new(Recording::open(file, fps)?)))
    }

    fn next(&self) -> Box<dyn PictureSource> {
        match self {
            Self::File(recording) => Box::new(Playback::new(Arc::clone(recording))),
        }
    }
}

/// Pictures a second that a player can show.
fn fps(text: &str) -> Result<f64, String> {
    let fps: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=1_000.0).contains(&fps) {
        Ok(fps)
    } else {
        Err("between 0.1 and 1000".into())
    }
}
