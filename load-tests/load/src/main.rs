//! `freshet-load`: load for a WHIP and WHEP server, and what it made of it.

mod cli;

use std::process::ExitCode;

use clap::Parser;

/// The run was made, and a bar was not kept.
const EXIT_BAR: u8 = 1;
/// The run could not be made.
const EXIT_FAILURE: u8 = 2;

/// Load for a WHIP and WHEP server: publishers and players with real sockets.
#[derive(Debug, Parser)]
#[command(name = "freshet-load", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: cli::Command,
}

fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_BAR),
        Err(error) => {
            cli::complain(&format!("freshet-load: {error}"));
            ExitCode::from(EXIT_FAILURE)
        }
    }
}
