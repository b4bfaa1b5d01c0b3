//! The world of Freshet in virtual time: browsers, a network that loses and delays, and a node of real cores, in one
//! process and one thread, without sockets.
//!
//! [`World`](world::World) holds everything. A script makes participants join, changes their paths, lets time pass, and
//! then asks the [`oracle`]s about what players received. Every packet carries a [`Stamp`](stamp::Stamp) of where and when
//! it was captured, so an oracle compares with the truth and not with what the node says.
//!
//! # Invariants
//!
//! * One seed is one run: what was forwarded, when, and of which encoding. Sealed bytes differ, because DTLS draws keys
//!   from the operating system.
//! * Only cores are simulated: nothing here depends on a server, a socket or a runtime. They are workers of the SFU and the
//!   endpoints of WHIP and WHEP, through which participants come, roam and go ([`signaling`]). Viewers take their seats in turn;
//!   the server's own rule for it is tested where it is (`sfu/server/src/placement`).
//! * Every oracle has a test in which it fails.
#![forbid(unsafe_code)]

pub mod browser;
pub mod chance;
pub mod clock;
pub mod decoder;
mod descriptor;
pub mod forger;
mod key_copy;
pub mod layers;
pub mod network;
pub mod node;
pub mod offer;
pub mod oracle;
pub mod payload;
pub mod publisher;
pub mod receiver;
mod repair_requests;
pub mod scenario;
pub mod screen;
pub mod seeds;
pub mod session;
pub mod signaling;
pub mod source;
pub mod stamp;
pub mod trace;
pub mod trial;
pub mod viewer;
pub mod world;
