//! What a server with live media through it says and does: its end, its metrics, its logs.
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
#[path = "../whip_whep/http.rs"]
#[expect(dead_code, reason = "shared with the tests of WHIP and WHEP")]
mod http;
#[path = "../whip_whep/node.rs"]
#[expect(dead_code, reason = "shared with the tests of WHIP and WHEP")]
mod node;
#[path = "../../whip-whep/core/tests/protocol/offers.rs"]
#[expect(dead_code, reason = "shared with the tests of the protocol")]
mod offers;
#[path = "../server/running.rs"]
#[expect(dead_code, reason = "shared with the server's tests")]
mod running;
#[path = "../server/scratch.rs"]
mod scratch;
#[path = "../whip_whep/webrtc.rs"]
mod webrtc;

mod gathering;

mod ending;
mod logs;
mod metrics;
