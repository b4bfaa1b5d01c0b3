//! Every parser and every machine that meets the network, against bytes that somebody else chose.
//!
//! A [`Target`] is a function of bytes. It returns when whatever it feeds has survived them and kept its promises, and
//! panics when not. Each has a folder of seeds in `corpus/`. Two things run targets: `tests/replay.rs` on any toolchain
//! ([`mutate`] makes the inputs, from a seed that is printed), and `cargo fuzz`, which is led by coverage, through
//! `fuzz_targets/`.
//!
//! # Invariants
//!
//! * A target is a function of its bytes: no state between two calls, so that one input is one finding.
//! * A target asserts what its subject promises, not only that it survives.
#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    reason = "a target panics where a promise is broken: that is how it says so"
)]

pub mod bombs;
pub mod browser;
pub mod connected;
pub mod mutate;

mod answer;
mod asked;
mod demux;
mod dependency;
mod endpoints;
mod facts;
mod formats;
mod frames;
mod framing;
mod http_text;
mod input;
mod jwt;
mod layered;
mod link_header;
mod live_origin;
mod machine;
mod odd_offer;
mod origin_request;
mod red;
mod rtcp_compound;
mod sdp_fragment;
mod sdp_offer;
mod session_step;
mod signed_url;
mod srtcp_open;
mod stun_to_session;
mod transcode_message;
mod whip_http;

pub use answer::answer;
pub use demux::demux;
pub use dependency::dependency;
pub use facts::facts;
pub use formats::formats;
pub use frames::frames;
pub use framing::framing;
pub use jwt::jwt;
pub use link_header::link_header;
pub use machine::machine;
pub use origin_request::origin_request;
pub use red::red;
pub use rtcp_compound::rtcp_compound;
pub use sdp_fragment::sdp_fragment;
pub use sdp_offer::sdp_offer;
pub use session_step::session_step;
pub use signed_url::signed_url;
pub use srtcp_open::srtcp_open;
pub use stun_to_session::stun_to_session;
pub use transcode_message::transcode_message;
pub use whip_http::whip_http;

/// A function of bytes that panics when a promise is broken.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of its folder in `corpus/`, and of its file in `fuzz_targets/`.
    pub name: &'static str,
    /// Feeds it.
    pub run: fn(&[u8]),
    /// How many inputs of another target one of these costs: machines that shake hands are slower than parsers.
    pub cost: u32,
}

/// All of them, in the order of a datagram's journey, to its segment, and then of a request's.
pub const TARGETS: [Target; 21] = [
    target("demux", demux, 1),
    target("framing", framing, 1),
    target("stun_to_session", stun_to_session, 10),
    target("session_step", session_step, 100),
    target("machine", machine, 250),
    target("facts", facts, 100),
    target("dependency", dependency, 100),
    target("red", red, 1),
    target("srtcp_open", srtcp_open, 4),
    target("rtcp_compound", rtcp_compound, 1),
    target("frames", frames, 4),
    target("formats", formats, 1),
    target("transcode_message", transcode_message, 1),
    target("whip_http", whip_http, 20),
    target("sdp_offer", sdp_offer, 4),
    target("answer", answer, 2),
    target("sdp_fragment", sdp_fragment, 1),
    target("link_header", link_header, 1),
    target("jwt", jwt, 4),
    target("signed_url", signed_url, 2),
    target("origin_request", origin_request, 20),
];

const fn target(name: &'static str, run: fn(&[u8]), cost: u32) -> Target {
    Target { name, run, cost }
}
