//! `freshet token issue`

use std::time::Duration;

use sfu_model::id::RoomId;
use sfu_net::clock;
use signaling_auth::grant::Verb;
use signaling_auth::token::issue::{TokenRequest, issue};

use super::output::{Failure, say};
use super::place::Place;
use crate::data_dir::DataDir;
use crate::streams::{StoreError, StreamStore};
use crate::token_keys;

#[derive(Debug, clap::Subcommand)]
pub(super) enum TokenCommand {
    /// Sign a token and print it
    Issue(Issue),
}

impl TokenCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Issue(issue) => issue.run(),
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
    /// Whom it is for, as it appears in logs
    #[arg(long, value_name = "WHO", default_value = "cli")]
    subject: String,
    #[command(flatten)]
    place: Place,
}

/// A number with `s`, `m` or `h`, or a number of seconds.
fn parse_lifetime(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|letter: char| !letter.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let scale = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("write a number and s, m or h, such as 15m".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "write a number first, such as 15m".to_owned())?;
    Ok(Duration::from_secs(number.saturating_mul(scale)))
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
        let request = TokenRequest {
            subject: self.subject,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_has_a_unit() {
        for (text, secs) in [("90s", 90), ("15m", 900), ("1h", 3_600), ("60", 60)] {
            assert_eq!(
                parse_lifetime(text),
                Ok(Duration::from_secs(secs)),
                "{text}"
            );
        }
        for bad in ["", "h", "1d", "1.5h", "-1h", "1 h"] {
            assert!(parse_lifetime(bad).is_err(), "{bad}");
        }
    }
}
