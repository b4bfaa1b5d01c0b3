//! The SFU of one worker: publish -> route -> subscribe, as a state machine over an RTC engine.
//!
//! # The contract
//!
//! [`Sfu`] is a value. Four kinds of method drive it, and any order of calls is legal:
//!
//! * `handle_*` tells it what happened: a datagram, a command, a message of another worker, time.
//! * `poll_transmit` takes what must be sent, one session's burst at a time, until it says there is no more.
//! * `poll_link` and `poll_event` take what other workers and the server must know.
//! * `poll_timeout` says when `handle_timeout` must be called at the latest. It may change after every `handle_*`
//!   and every `poll_transmit`.
//!
//! # A packet's journey
//!
//! 1. `handle_datagram` finds the session: by its validated source address, or by the ufrag of a STUN request.
//! 2. [`session`] gives it to the engine (ICE, DTLS, SRTP). What does not belong is a counted drop.
//! 3. [`publish`] turns RTP into a [`Packet`](sfu_model::packet::Packet): extended numbers, layer, facts.
//! 4. [`route`] finds the room's subscriptions by index, and the other workers that want the room, once each.
//! 5. [`subscribe`]: the *budget* has set a target layer, the *selector* says whether the packet may pass, the
//!    *rewriter* makes what passed look like one continuous sender.
//! 6. The engine queues it; `poll_transmit` seals a session's burst into one batch.
//!
//! # Invariants
//!
//! * No clock, no randomness, no socket: time and seeds are arguments. Only the keys of handshakes and, unless
//!   [`HandshakeChance::Seed`] says otherwise, their timers are drawn from the operating system, by the engine.
//! * Malformed input from the network is a [`DropReason`](sfu_model::drop_reason::DropReason), never an `Err`.
//! * Nothing is sent to an address that has not passed ICE, and nothing but STUN is taken from one.
//! * The RTC engine is named in `session/engine.rs` and nowhere else.
//! * An impossible state ends one session, not the worker.
#![forbid(unsafe_code)]

pub mod budget;
pub mod capture_delays;
pub mod command;
pub mod config;
mod deadlines;
pub mod demux;
mod egress;
pub mod error;
pub mod event;
pub mod limits;
pub mod link;
pub mod publish;
#[doc(hidden)]
pub mod red;
pub mod route;
#[doc(hidden)]
pub mod rtcp;
pub mod session;
mod slab;
#[doc(hidden)]
pub mod srtp;
pub mod stats;
pub mod subscribe;
pub mod ufrag;
mod worker;

pub use config::{Certificate, Config, HandshakeChance, Limits, LocalAddress, Seed};
pub use worker::Sfu;
