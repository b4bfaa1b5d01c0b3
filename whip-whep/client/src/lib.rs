//! A WHIP and WHEP client: SDP strings in and out, whatever makes them.
//!
//! [`client::Client::open`] posts an offer and gives the answer and a [`session::Session`], which trickles, restarts ICE
//! and closes. It does what RFC 9725 asks of a client: it follows 307 and 308 and no other redirect, sends its bearer with
//! every request, keeps the entity tag, and ignores `Link` relations that it does not know.
//!
//! # Invariants
//!
//! * No error carries a URL or a bearer: a session URL is a secret.
//! * A bearer that was given for HTTPS is never sent in the clear.
#![forbid(unsafe_code)]

pub mod backoff;
pub mod client;
pub mod connection;
pub mod error;
pub mod ice_server;
pub mod session;
