//! The binary, run as its users run it: its commands, its listeners, its answers and its end.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

mod access;
mod certificates;
mod commands;
mod http2;
mod limits;
mod operations;
mod pages;
mod running;
mod scratch;
mod signed_urls;
mod tls;
