//! Clients that others wrote, against the running server.
//!
//! A client of our own agrees with us even where both are wrong. GStreamer's webrtcbin (libnice, OpenSSL, libsrtp)
//! and ffmpeg's WHIP muxer (its own ICE and DTLS) share no line with the server, and none with the browsers.
//!
//! # Invariants
//!
//! * A picture counts only when a decoder gave it out and it shows what the publisher drew.
//! * Nothing waits for a time to pass: each wait is for an event, and has a deadline.

pub mod server;

mod certificate;
pub mod codec;
pub mod session;

pub mod ffmpeg;
pub mod player;
pub mod publisher;
pub mod webrtcbin;
