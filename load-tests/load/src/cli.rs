//! The commands, each in its file, and how their results are printed.

mod bystanders;
mod fanout;
mod hls;
mod hostile;
mod limit;
mod publish;
mod ramp;
mod stream;

use std::error::Error;
use std::fmt::Display;
use std::io::Write as _;

use clap::Subcommand;
use serde::Serialize;

/// True when the bars were kept; an error when the run could not be made.
pub(crate) type Verdict = Result<bool, Box<dyn Error>>;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One stream, many players: loss, latency, join time, and what it costs the server
    Fanout(fanout::Fanout),
    /// One player's path carries next to nothing: what do the others feel?
    Bystanders(bystanders::Bystanders),
    /// Strangers flood the server while sessions are set up and while players watch: what is felt of it
    Hostile(hostile::Hostile),
    /// What this machine can do at all: rewrite, seal and send, with nothing else
    Limit(limit::Limit),
    /// One stream, many viewers of LL-HLS: how late is what they wait for, who stalls, and what it costs the server
    Hls(hls::Hls),
    /// The same answer of HLS as often as the server gives it: requests for each second of a core
    Requests(hls::Requests),
    /// More and more players on one stream: how many does the server carry?
    Ramp(ramp::Ramp),
    /// Streams that any player can show, from many publishers at once
    Publish(publish::Publish),
}

impl Command {
    pub(crate) fn run(self) -> Verdict {
        match self {
            Self::Fanout(fanout) => fanout.run(),
            Self::Bystanders(bystanders) => bystanders.run(),
            Self::Hostile(hostile) => hostile.run(),
            Self::Hls(hls) => hls.run(),
            Self::Requests(requests) => requests.run(),
            Self::Limit(limit) => limit.run(),
            Self::Publish(publish) => publish.run(),
            Self::Ramp(ramp) => ramp.run(),
        }
    }
}

/// What is no result goes to stderr.
pub(crate) fn complain(text: &str) {
    // Nobody can be told that stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A result as a table, or for programs.
fn print(result: &(impl Display + Serialize), is_json: bool) -> Result<(), Box<dyn Error>> {
    let text = if is_json {
        serde_json::to_string_pretty(result)? + "\n"
    } else {
        result.to_string()
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
