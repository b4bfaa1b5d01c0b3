//! WHIP and WHEP against the running binary: one test per row of `docs/conformance-whip-whep.md`, named after it.
//!
//! The HTTP side is a plain HTTP client, the media side a real WebRTC one over UDP.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

#[path = "../../sfu/server/tests/loopback/client/h264.rs"]
#[expect(dead_code, reason = "shared with the tests of the media plane")]
mod h264;
#[path = "../../whip-whep/core/tests/protocol/offers.rs"]
mod offers;
#[path = "../server/running.rs"]
#[expect(dead_code, reason = "shared with the server's tests")]
mod running;
#[path = "../server/scratch.rs"]
mod scratch;

mod http;
mod listening;
mod node;
#[expect(dead_code, reason = "shared with the tests of live media")]
mod webrtc;

mod answers;
mod client;
mod consent;
mod credentials;
mod discovery;
mod events;
mod expectations;
mod floods;
mod hostile_offers;
mod layers;
mod media;
mod offered;
mod patches;
mod paths;
mod restarts;
mod sessions;
