//! `freshet token issue|sign`

use std::time::Duration;

use sfu_model::id::RoomId;
use sfu_net::clock;
use sfu_net::entropy::{EntropyUnavailable, random_bytes};
use signaling_auth::grant::Verb;
use signaling_auth::token::issue::{TokenRequest, issue};

use super::lifetime::parse_lifetime;
use super::output::{Failure, say};
use super::place::Place;
use super::sign::Sign;
use crate::data_dir::DataDir;
use crate::streams::{StoreError, StreamStore};
use crate::token_keys;

#[derive(Debug, clap::Subcommand)]
pub(super) enum TokenCommand {
    /// Sign a token and print it
    Issue(Issue),
    /// Sign a URL that plays a stream by HLS and DASH, for players without a bearer, and print it
    Sign(Sign),
}

impl TokenCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Issue(issue) => issue.run(),
            Self::Sign(sign) => sign.run(),
        }
    }
}

/// Sign a token and print it.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("verb").required(true).multiple(true).args(["publish", "play"]))]
pub(super) struct Issue {
    /// The stream that it opens
    #[arg(long, value_name = "NAME")]
    stream: String,
    /// Let its holder publish
    #[arg(long)]
    publish: bool,
    /// Let its holder play
    #[arg(long)]
    play: bool,
    /// How long it is good: 90s, 15m, 1h; an hour at most
    #[arg(long, value_name = "TIME", value_parser = parse_lifetime)]
    ttl: Duration,
    /// Whose it is: in logs, and for whoever has one of the same to take over what it publishes; without, a name that no other
    /// token has
    #[arg(long, value_name = "WHO")]
    subject: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// A name that no other token has: two guests with a token each cannot throw each other off the air.
fn holder() -> Result<String, EntropyUnavailable> {
    let bytes: [u8; 8] = random_bytes()?;
    Ok(format!("token-{:016x}", u64::from_be_bytes(bytes)))
}

impl Issue {
    fn run(self) -> Result<(), Failure> {
        let config = self.place.load()?.config;
        let data = DataDir::open(&config.node.data)?;
        let stream = RoomId::parse(&self.stream)?;
        let store = StreamStore::open(data.clone(), &config.streams)?;
        if !store.list()?.contains_key(&stream) {
            return Err(StoreError::Unknown(stream).into());
        }
        let verbs = [(self.publish, Verb::Publish), (self.play, Verb::Play)];
        let verbs = verbs
            .into_iter()
            .filter_map(|(is_wanted, verb)| is_wanted.then_some(verb))
            .collect();
        let subject = match self.subject {
            Some(subject) => subject,
            None => holder()?,
        };
        let request = TokenRequest {
            subject,
            stream,
            verbs,
            lifetime: self.ttl,
        };
        let key = token_keys::signing_key(config.auth.key_files(), &data)?;
        let token = issue(&key, &request, clock::unix_now())?;
        say(token.expose());
        Ok(())
    }
}
