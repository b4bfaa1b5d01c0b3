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
mod framing;
mod http_text;
mod input;
mod jwt;
mod layered;
mod link_header;
mod machine;
mod odd_offer;
mod red;
mod rtcp_compound;
mod sdp_fragment;
mod sdp_offer;
mod session_step;
mod srtcp_open;
mod stun_to_session;
mod whip_http;

pub use answer::answer;
pub use demux::demux;
pub use dependency::dependency;
pub use facts::facts;
pub use framing::framing;
pub use jwt::jwt;
pub use link_header::link_header;
pub use machine::machine;
pub use red::red;
pub use rtcp_compound::rtcp_compound;
pub use sdp_fragment::sdp_fragment;
pub use sdp_offer::sdp_offer;
pub use session_step::session_step;
pub use srtcp_open::srtcp_open;
pub use stun_to_session::stun_to_session;
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

/// All of them, in the order of a datagram's and then of a request's journey.
pub const TARGETS: [Target; 16] = [
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
    target("whip_http", whip_http, 20),
    target("sdp_offer", sdp_offer, 4),
    target("answer", answer, 2),
    target("sdp_fragment", sdp_fragment, 1),
    target("link_header", link_header, 1),
    target("jwt", jwt, 4),
];

const fn target(name: &'static str, run: fn(&[u8]), cost: u32) -> Target {
    Target { name, run, cost }
}
