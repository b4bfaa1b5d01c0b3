//! `freshet stream create|list|end`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use sfu_model::id::RoomId;
use sfu_net::{clock, entropy};
use signaling_auth::stream_key::StreamKey;

use super::key_file;
use super::output::{Failure, say};
use super::place::Place;
use crate::addresses::Addresses;
use crate::admin::{self, Ask, Asked};
use crate::config::hls::Latency;
use crate::config::settings::Config;
use crate::data_dir::DataDir;
use crate::streams::{StreamStore, Wish};

#[derive(Debug, clap::Subcommand)]
pub(super) enum StreamCommand {
    /// Make a stream, or open an ended one again, and print its key once
    Create(Create),
    /// List the streams
    List(List),
    /// End a stream: close its sessions and refuse new publishers
    End(End),
}

impl StreamCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::List(list) => list.run(),
            Self::End(end) => end.run(),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// 1 to 64 letters, digits or hyphens
    name: String,
    /// Players need a token
    #[arg(long)]
    private: bool,
    /// How far the audience of HLS and DASH is behind the camera, in place of the configuration's [hls] latency
    #[arg(long, value_name = "MODE")]
    latency: Option<Latency>,
    /// How many may play it by WHEP at once, in place of the configuration's [limits] players_per_stream
    #[arg(long, value_name = "N")]
    players: Option<NonZeroUsize>,
    /// The key, in place of a random one: 8 to 64 letters, digits or hyphens. Every user of this machine can read it
    /// while the command runs, and the shell keeps it; --key-file is for keys that matter
    #[arg(long, value_name = "KEY", conflicts_with = "key_file")]
    key: Option<String>,
    /// The key is the first line of this file; - is the standard input
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// One JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(super) struct End {
    /// The stream to end, as `freshet stream list` shows it
    name: String,
    #[command(flatten)]
    place: Place,
}

/// The data folder of a command, and what is in it.
struct Opened {
    config: Config,
    data: DataDir,
    store: StreamStore,
}

fn open(place: &Place) -> Result<Opened, Failure> {
    let config = place.load()?.config;
    let data = DataDir::open(&config.node.data)?;
    let store = StreamStore::open(data.clone(), &config.streams)?;
    Ok(Opened {
        config,
        data,
        store,
    })
}

/// Tells the running server; without one, the next start reads the file.
fn tell(data: &DataDir, ask: &Ask) -> Result<bool, Failure> {
    match admin::ask(data, ask)? {
        Asked::NoServer => Ok(false),
        Asked::Answered(answer) if answer.done => Ok(true),
        Asked::Answered(answer) => {
            let problem = answer.problem.unwrap_or_default();
            Err(Failure::new(format!(
                "the running server refuses: {problem}"
            )))
        }
    }
}

impl Create {
    fn run(self) -> Result<(), Failure> {
        let Opened {
            config,
            data,
            store,
        } = open(&self.place)?;
        let name = RoomId::parse(&self.name)?;
        let has_key = self.key.is_some() || self.key_file.is_some();
        let has_wish = has_key || self.private || self.latency.is_some() || self.players.is_some();
        if store.is_static(&name) && has_wish {
            let text = format!("the stream {name} is the configuration file's; change it there");
            return Err(Failure::new(text));
        }
        let key = match (&self.key, &self.key_file) {
            (Some(text), _) => StreamKey::parse(text)?,
            (None, Some(file)) => key_file::read(file)?,
            (None, None) => StreamKey::from_random(entropy::random_bytes()?),
        };
        let wish = Wish {
            public: !self.private,
            latency: self.latency,
            players: self.players,
        };
        store.create(&name, &key, wish, clock::unix_now())?;
        let is_running = tell(&data, &Ask::Reload)?;
        let url = Addresses::url_of(&data, &config);
        if store.is_static(&name) {
            say(format_args!(
                "{name} is open again, with the key of the configuration file"
            ));
            return Ok(());
        }
        say(format_args!(
            "stream   {name} ({})",
            if self.private { "private" } else { "public" }
        ));
        say(format_args!("key      {}", key.expose()));
        say("         shown this once: only its hash is kept");
        say(format_args!(
            "publish  {url}/studio/{name}#key={}",
            key.expose()
        ));
        say(format_args!("watch    {url}/watch/{name}"));
        say(format_args!(
            "OBS      {url}/whip/{name} with the key as bearer token"
        ));
        if !is_running {
            say("No server runs on this data folder; `freshet serve` starts one.");
        }
        Ok(())
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let Opened { store, .. } = open(&self.place)?;
        for (name, made) in store.list()? {
            let from = if store.is_static(&name) {
                "configuration"
            } else {
                "command"
            };
            if self.json {
                say(serde_json::json!({
                    "name": name.as_str(), "public": made.public, "ended": made.ended, "from": from,
                    "latency": made.latency, "players": made.players,
                }));
            } else {
                let access = if made.public { "public" } else { "private" };
                let state = if made.ended { "  ended" } else { "" };
                let latency = made
                    .latency
                    .map_or_else(String::new, |latency| format!("  {latency}"));
                let players = made
                    .players
                    .map_or_else(String::new, |players| format!("  {players} players"));
                say(format_args!("{name}  {access}{latency}{players}{state}"));
            }
        }
        Ok(())
    }
}

impl End {
    fn run(self) -> Result<(), Failure> {
        let Opened { data, store, .. } = open(&self.place)?;
        let name = RoomId::parse(&self.name)?;
        store.end(&name)?;
        if tell(
            &data,
            &Ask::End {
                stream: name.as_str().to_owned(),
            },
        )? {
            say(format_args!("{name} has ended; its sessions are closed"));
        } else {
            say(format_args!(
                "{name} has ended; no server runs on this data folder"
            ));
        }
        Ok(())
    }
}
