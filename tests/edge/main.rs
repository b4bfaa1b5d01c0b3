//! nginx as `deploy/cdn` has it in front of the binary: viewers, an edge, a shield, and a stream that is live.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

#[path = "../server/running.rs"]
#[expect(dead_code, reason = "shared with the server's tests")]
mod running;
#[path = "../server/scratch.rs"]
mod scratch;

mod nginx;
mod playlist;
mod publisher;
mod viewer;

mod crowd;
