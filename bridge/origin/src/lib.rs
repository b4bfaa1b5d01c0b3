//! Which bytes answer which request for the HLS and DASH of one stream.
//!
//! The journey of a request: its [`path`] names an object, its [`directives`] say from when on an answer is wanted
//! ([`reload`]), and an [`origin::Origin`] answers at once or puts it into a group of identical ones that wait. What the
//! packager tells makes answers possible: each playlist is written once however many wait for it, and each group is
//! answered by one [`response::Response`], whose body all of them share.
//!
//! Bytes are here while parts of them are fetched, which is about the last 12 s; after that the server has them on disk,
//! as [`event::Event`] told it to.
//!
//! # Invariants
//!
//! * Every request is answered once: at once, or with its group, or it is abandoned.
//! * No request waits longer than three target durations.
//! * A path from the network never becomes a path on a disk: what is asked for is found in the table of what there is.
//! * What waits, and what is kept in memory, has a limit that is counted.
//! * Nothing here reads a clock, draws a random number or performs I/O, and nothing is an HTTP library's type.
#![forbid(unsafe_code)]

pub mod byte_range;
pub mod cache_policy;
pub mod client;
pub mod config;
pub mod directives;
pub mod encoding;
pub mod etag;
pub mod event;
pub mod origin;
pub mod path;
pub mod reload;
mod rendered;
mod rendition;
mod reports;
pub mod request;
pub mod response;
pub mod stats;
mod store;
mod text;
mod trim;
pub mod waiting;
