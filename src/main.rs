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
mod latencies;
mod live;
mod logging;
mod problem;
mod redirect;
mod roles;
#[cfg(test)]
mod scratch;
mod shutdown;
mod signed;
mod signing;
mod streams;
mod thumbnails;
mod tls;
mod token_keys;
mod url_keys;
mod watch;

use std::process::ExitCode;

/// Memory of every viewer is touched 75 times a second: it lies in huge pages where the kernel lets a program ask for them
/// (`.cargo/config.toml` says so), which spares a sixth of the processor time at 1,500 viewers. The C library has no such
/// way that works for threads.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run()
}
