//! The same load on Freshet and on another server, in alternation: only rounds that alternate meet the same machine.
//!
//! [`rounds`] starts one server after the other, each alone on a CPU with its configuration in a folder of its own, and
//! plays the load of `freshet-load` against it. A server that speaks no WHIP or WHEP stands behind a small shim of this
//! crate, which media never passes. [`comparison`] holds the two against each other, round by round.
//!
//! # Invariants
//!
//! * Both servers get the same players, the same publisher and the same CPU.
//! * What is compared is a ratio within a round, never two figures of different times.
//! * A process that was started here ends here.
#![forbid(unsafe_code)]

pub mod comparison;
pub mod freshet;
pub mod janus;
pub mod process;
pub mod rounds;
