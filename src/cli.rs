//! The command line.

mod check;
mod output;
mod serve;
mod stream;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::output::Failure;

/// A WebRTC-first live platform: publish over WHIP, watch over WHEP.
#[derive(Debug, Parser)]
#[command(name = "freshet", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Serve),
    /// Create, list and end streams
    #[command(subcommand)]
    Stream(stream::StreamCommand),
    /// Make tokens that let others publish or play
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Check a configuration file and say what is wrong with it
    Check(check::Check),
}

/// What every command that touches a server's files needs to know.
#[derive(Debug, clap::Args)]
struct Place {
    /// The configuration file; without it ./freshet.toml where it exists
    #[arg(long, value_name = "FILE", env = "FRESHET_CONFIG")]
    config: Option<PathBuf>,
    /// The data folder, in place of the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    fn load(&self) -> Result<crate::config::Loaded, Failure> {
        // A variable that is not Unicode is none of ours.
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let mut loaded = crate::config::load(self.config.as_deref(), environment)?;
        if let Some(data) = &self.data {
            loaded.config.node.data.clone_from(data);
        }
        Ok(loaded)
    }
}

/// Runs the command that the process was started with.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(serve) => serve.run(),
        Command::Stream(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::Check(check) => check.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::FAILURE
        }
    }
}
