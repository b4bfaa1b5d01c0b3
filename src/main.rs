//! Freshet: a WebRTC-first live platform in one binary.
//!
//! [`cli`] reads the command line. `freshet serve` goes through [`config`] to [`compose`], the only place where the
//! services meet.
#![forbid(unsafe_code)]

mod acme;
mod addresses;
mod admin;
mod api;
mod assets;
mod cli;
mod compose;
mod config;
mod data_dir;
mod health;
mod http;
mod live;
mod logging;
mod problem;
mod redirect;
mod roles;
#[cfg(test)]
mod scratch;
mod shutdown;
mod streams;
mod tls;
mod token_keys;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
