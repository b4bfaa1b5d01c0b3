//! WHIP and WHEP over HTTP: axum routes around [`whip_whep_core`], which decides, and [`sfu_server`], which carries media.
//!
//! A request is parsed into values, the core decides under a mutex that is held for microseconds, the SFU is asked
//! without it, and the core's response becomes an HTTP one. Whoever builds the router puts a
//! [`client_addr::ClientAddr`] into each request and passes the SFU's closed sessions to
//! [`service::WhipWhep::session_closed`].
//!
//! # Invariants
//!
//! * HTTP types stop in `router.rs`; the SFU's types stop in `sfu.rs`.
//! * A question to the SFU is carried through also when its client has gone, so that no session is forgotten.
//! * No lock is held across an await.
#![forbid(unsafe_code)]

pub mod access;
pub mod client_addr;
mod event_body;
mod exchange;
mod metrics;
mod pulls;
mod reports;
mod router;
pub mod service;
mod sfu;
