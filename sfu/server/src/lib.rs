//! The media plane as a service: a thread per core, each with its own sockets and its own [`sfu_core`], and one async
//! handle, [`Sfu`], for the rest of the node.
//!
//! # Who talks to whom
//!
//! ```text
//!   Sfu (async) --requests--> worker 0 <--deliveries--> worker 1 <--requests-- Sfu
//!        ^                       |                         |
//!        |                       +------ notices ----------+
//!        +-- placement -- observer --events--> whoever started it
//! ```
//!
//! # Invariants
//!
//! * Workers share no state. What crosses is a value in a bounded queue; who loses when it is full is said there.
//! * A worker waits for its sockets and for nothing else.
//! * The [`placement`] is only changed by the handle, when it seats a session, and by the observer, when a worker says
//!   what became of it. No worker locks it.
//! * A worker keeps no state for an address that has not passed ICE, and passes nothing else than binding requests on
//!   for one.
//! * A panic in a worker ends that worker's sessions, is counted, and the worker begins again.
#![forbid(unsafe_code)]

mod bell;
mod candidates;
mod certificate;
mod closed_sessions;
pub mod config;
mod connections;
mod durations;
pub mod handle;
mod handover;
mod mailbox;
mod metrics;
mod notice;
mod observer;
mod owners;
mod parcel;
pub mod placement;
mod request;
mod shared;
mod sockets;
pub mod stats;
pub mod tap;
mod tap_end;
mod threads;
mod waiting;
mod worker;

pub use config::{Advertised, Config};
pub use handle::{Restarted, Sfu};
pub use placement::RoomSummary;
pub use request::RequestError;
pub use stats::WorkerStats;
pub use tap::Tap;
pub use threads::StartError;
