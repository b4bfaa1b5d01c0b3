//! `freshet-peers`: the same load on Freshet and on Janus, in alternation.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use freshet_load::encodings::Encodings;
use freshet_load::pacer::Pacing;
use freshet_load::publisher::Media;
use freshet_peers::rounds::{self, Setup};

/// The rounds were made, and a bar was not kept.
const EXIT_BAR: u8 = 1;
/// The rounds could not be made.
const EXIT_FAILURE: u8 = 2;

/// The same load on Freshet and on Janus, in alternation.
#[derive(Debug, Parser)]
#[command(name = "freshet-peers", version, about, max_term_width = 100)]
struct Cli {
    /// Freshet's program
    #[arg(long)]
    freshet: PathBuf,
    /// Janus's program
    #[arg(long, default_value = "/usr/bin/janus")]
    janus: PathBuf,
    /// Address for the media of both; Janus takes no loopback address
    #[arg(long)]
    address: IpAddr,
    /// Players
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    viewers: u16,
    /// Seconds that are measured, of each server in each round
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// Rounds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Bits per second of the video
    #[arg(long, default_value_t = 2_400_000, value_parser = clap::value_parser!(u32).range(100_000..=50_000_000))]
    bitrate: u32,
    /// How the publisher spreads the packets of a picture
    #[arg(long, value_enum, default_value_t = Pacing::Bursty)]
    pacing: Pacing,
    /// Print JSON in place of the table
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_BAR),
        Err(error) => {
            complain(&format!("freshet-peers: {error}"));
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

fn run(cli: Cli) -> Result<bool, Box<dyn std::error::Error>> {
    let setup = Setup {
        freshet: cli.freshet,
        janus: cli.janus,
        address: cli.address,
        n_viewers: usize::from(cli.viewers),
        measured: Duration::from_secs(u64::from(cli.seconds)),
        n_rounds: usize::from(cli.rounds),
        media: Media {
            bitrate_bps: cli.bitrate,
            encodings: Encodings::One,
            pacing: cli.pacing,
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let comparison = runtime.block_on(rounds::run(&setup, complain))?;
    let text = if cli.json {
        serde_json::to_string_pretty(&comparison)? + "\n"
    } else {
        comparison.to_string()
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(comparison.passed())
}

/// What is no result goes to stderr.
fn complain(text: &str) {
    // Nobody can be told that stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
