//! Publishers and players with real sockets, by the hundred, against a server that runs.
//!
//! [`fanout`] plays a scenario: a [`publisher`] sends a stream whose every packet carries a [`stamp`]; a [`crowd`] of
//! [`subscriber`]s holds what arrives against the stamps, and what came of it is in [`report`]. [`ramp`] does so with more and
//! more players. Between each of them and the server there may be a [`network`]. [`publish`] sends what a decoder can
//! show, from many publishers at once, and measures nothing: browsers or other players watch it. [`faulty`] and [`changing`]
//! ones send it as nobody should. [`hls`] are viewers of what the server makes of a stream for a mass audience.
//!
//! # Invariants
//!
//! * Publisher and players share one clock, so that a latency is a difference and not an estimate.
//! * Every packet that a player was owed and did not get is lost, the last ones included: the publisher says how many
//!   there were before players are asked what they lack.
//! * A failure of this program (a refused datagram, a starved thread) is told apart from one of the server.
#![forbid(unsafe_code)]

mod answers;
pub mod arrival_report;
pub mod bystanders;
pub mod changing;
#[cfg(feature = "clock")]
pub mod clock_pictures;
pub mod clock_strip;
pub mod continuity;
pub mod cpu;
pub mod crowd;
mod encoding_runs;
pub mod encodings;
pub mod endpoint;
pub mod fanout;
pub mod faulty;
mod first_picture;
pub mod formats;
pub mod frame_publisher;
pub mod hls;
pub mod hostile;
pub mod joining;
pub mod keyframe_fanout;
pub mod keys;
pub mod latency;
pub mod limit;
pub mod missing;
pub mod network;
pub mod network_figures;
pub mod pacer;
pub mod pictures;
pub mod playback;
pub mod proc;
pub mod publish;
pub mod publisher;
pub mod ramp;
pub mod reception;
pub mod recording;
pub mod report;
pub mod rtcp;
pub mod rtp;
pub mod run_error;
pub mod session;
pub mod source;
pub mod srtp;
pub mod stage;
pub mod stamp;
pub mod subscriber;
mod table;
pub mod tally;
mod track;
