//! `freshet-load publish`.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
#[cfg(feature = "clock")]
use freshet_load::clock_pictures::ClockPictures;
use freshet_load::endpoint::Endpoint;
use freshet_load::joining::JOINS_PER_SECOND;
use freshet_load::pictures::PictureSource;
use freshet_load::playback::Playback;
use freshet_load::publish::{self, Scenario};
use freshet_load::recording::Recording;
use whip_whep_client::client::Client;
use whip_whep_client::connection::Trust;

use super::{Verdict, complain, print};

/// What stands for a publisher's number in a URL and in a key.
const NUMBER: &str = "{n}";

/// Pictures a second of a source that has none of its own, as cameras give them.
#[cfg(feature = "clock")]
const FPS_DEFAULT: f64 = 30.0;

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SourceKind {
    /// Moving shapes with the wall time in them, as a strip that the watch page reads
    Clock,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The WHIP endpoint; {n} in it is each publisher's number, as in http://127.0.0.1:8080/whip/demo-{n}
    #[arg(long)]
    whip: String,
    /// The stream's key, or a token to publish; {n} in it is each publisher's number
    #[arg(long, env = "FRESHET_KEY", hide_env_values = true)]
    key: String,
    /// What is played, over and over: H.264 as a byte stream (Annex B), or IVF with VP8, VP9 or AV1
    #[arg(long, required_unless_present = "source", conflicts_with = "source")]
    file: Option<PathBuf>,
    /// What is made up as it is sent, in place of a file
    #[arg(long, value_enum)]
    source: Option<SourceKind>,
    /// Width and height of the pictures of a source
    #[arg(long, default_value = "640x360", conflicts_with = "file")]
    size: String,
    /// Bits per second that the encoder of a source aims at; pictures as plain as a clock may take fewer
    #[arg(long, default_value_t = 800_000, conflicts_with = "file", value_parser = clap::value_parser!(u32).range(50_000..=50_000_000))]
    bitrate: u32,
    /// Pictures a second; by default what the file says, or 30 where nothing says it
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
        let recording = match &self.file {
            Some(file) => Some(Arc::new(Recording::open(file, self.fps)?)),
            None => None,
        };
        let mut streams = Vec::new();
        for number in 1..=self.publishers {
            let of_number = |text: &str| text.replace(NUMBER, &number.to_string());
            let client = Client::new(&Trust::System, Some(&of_number(&self.key)))?;
            let endpoint = Endpoint::new(client, of_number(&self.whip));
            let source: Box<dyn PictureSource> = match &recording {
                Some(recording) => Box::new(Playback::new(Arc::clone(recording))),
                None => self.clock()?,
            };
            streams.push((endpoint, source));
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

    #[cfg(feature = "clock")]
    fn clock(&self) -> Result<Box<dyn PictureSource>, Box<dyn Error>> {
        let size = self.size.parse()?;
        let fps = self.fps.unwrap_or(FPS_DEFAULT).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0.1 and 1000, by its parser"
        )]
        let fps = fps as u16;
        Ok(Box::new(ClockPictures::new(size, fps, self.bitrate)?))
    }

    #[cfg(not(feature = "clock"))]
    fn clock(&self) -> Result<Box<dyn PictureSource>, Box<dyn Error>> {
        let (size, bitrate) = (&self.size, self.bitrate);
        Err(format!(
            "a clock of {size} at {bitrate} bit/s needs an encoder: build without --no-default-features"
        )
        .into())
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
