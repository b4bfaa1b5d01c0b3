//! The command line.

mod check;
mod key_file;
mod lifetime;
mod output;
mod place;
mod serve;
mod sign;
mod stream;
mod token;
mod transcoder;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::thumbnails;

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
    /// Make thumbnails of keyframes: what `serve` starts
    #[command(hide = true)]
    ThumbnailWorker,
    /// Check a configuration file and say what is wrong with it, and what this machine encodes with
    Check(check::Check),
    /// One of the processes that `serve` starts to load codecs in
    #[cfg(feature = "gst")]
    #[command(hide = true, name = crate::compose::WORKER_COMMAND)]
    TranscodeWorker,
}

/// Runs the command that the process was started with.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(serve) => serve.run(),
        Command::Stream(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::ThumbnailWorker => thumbnails::worker::run().map_err(Into::into),
        Command::Check(check) => check.run(),
        #[cfg(feature = "gst")]
        Command::TranscodeWorker => return transcoder::work(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::FAILURE
        }
    }
}
