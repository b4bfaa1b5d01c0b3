//! HLS and DASH of the running binary over real sockets: what is answered, and what strangers can do to it.
//!
//! Rows of `docs/conformance-ll-hls.md` that a value can show are tests of `bridge/origin`; here is what a client sees.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

#[path = "../edge/publisher.rs"]
#[expect(dead_code, reason = "shared with the edge's tests")]
mod publisher;
#[path = "../server/running.rs"]
#[expect(dead_code, reason = "shared with the server's tests")]
mod running;
#[path = "../server/scratch.rs"]
mod scratch;

mod ask;
mod decoded;
mod kept;
mod recorded;
mod stage;
mod told;

mod answers;
mod bad_publishers;
mod conformance;
mod ending;
mod full_disk;
mod growth;
mod held;
mod hints;
mod in_step;
mod slow;
mod standard;
mod strangers;
#[cfg(feature = "gst")]
mod thumbnail;
mod viewers;
