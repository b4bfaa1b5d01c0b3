//! `freshet-check`: whether an origin keeps the rules.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use freshet_check::probe::{self, Plan};
use url::Url;

/// A rule that binds was broken.
const EXIT_BROKEN: u8 = 1;
/// Nothing could be looked at.
const EXIT_FAILURE: u8 = 2;

/// Whether an origin keeps the rules of HLS and its low-latency extensions.
#[derive(Debug, Parser)]
#[command(name = "freshet-check", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Looks at a multivariant or media playlist and all that it names, and says of each rule whether it was kept. Exits with
    /// 1 when one that binds was not.
    Hls {
        /// The playlist.
        url: Url,
        /// For how long to follow it. What is removed is seen after as long as its window.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
        /// As JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Hls { url, seconds, json } = Cli::parse().command;
    let length = Duration::from_secs(seconds);
    let report = match probe::run(Plan { url, length }).await {
        Ok(report) => report,
        Err(error) => return fail(&error.to_string()),
    };
    let text = match json {
        true => report.json(),
        false => Ok(report.table()),
    };
    match text.map(|text| writeln!(std::io::stdout(), "{text}")) {
        Ok(Ok(())) if report.conforms() => ExitCode::SUCCESS,
        Ok(Ok(())) => ExitCode::from(EXIT_BROKEN),
        Ok(Err(error)) => fail(&error.to_string()),
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(what: &str) -> ExitCode {
    // Where this cannot be written, the exit status still says it.
    let _ = writeln!(std::io::stderr(), "freshet-check: {what}");
    ExitCode::from(EXIT_FAILURE)
}
