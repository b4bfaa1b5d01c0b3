//! The same stream for a mass audience: each room that is live is tapped, packaged, and served as LL-HLS and DASH.
//!
//! # The journey of a packet
//!
//! ```text
//!   sfu --tap--> frames ---------> packager --> origin <--requests-- router
//!                 |      \_ transcode _/           |
//!                 \______ pipeline: one task a stream ______/
//! ```
//!
//! [`bridge::Bridge`] is told which rooms are live and has a pipeline for each. A pipeline drives three cores, which decide
//! everything; it owns the time, the tap, and the files of what is no longer in memory.
//!
//! # Invariants
//!
//! * The media plane never waits for a pipeline, and no pipeline for another.
//! * A request holds its stream's lock while the origin decides, and never while bytes are written or waited for.
//! * Who gives up waiting is forgotten at once.
#![forbid(unsafe_code)]

mod advice;
mod body;
pub mod bridge;
mod config;
mod counts;
mod disk;
mod disk_counts;
mod encoding;
mod ending;
mod folder;
mod followers;
mod growing;
mod keyframes;
mod ladder;
mod latency;
mod lineup;
mod metrics;
mod order;
mod overture;
mod passage;
mod pipeline;
pub mod router;
mod routes;
#[cfg(test)]
mod sample;
mod stages;
mod stream;
mod streams;
pub mod studio;
pub mod thumbnails;
mod told;
pub mod transcode;
mod unread;
mod waiters;
mod ways;
