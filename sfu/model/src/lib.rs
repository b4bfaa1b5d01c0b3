//! The nouns that cross a stage of the media plane, and nothing else.
//!
//! A noun here is plain data with its unit and its range in the type: ids, time, rates, RTP numbers,
//! codecs, layers, and the [`packet::Packet`] that travels publish -> route -> subscribe.
//!
//! # Invariants
//!
//! * Nothing here reads a clock, draws a random number, allocates per packet or performs I/O.
//! * [`time::Instant`] has no `now()`: only `sfu/net`'s clock (or a simulator) can make one.
//! * Layers are ordered low to high, always.
#![forbid(unsafe_code)]

pub mod codec;
pub mod datagram;
pub mod dependency;
pub mod drop_reason;
pub mod frame;
pub mod id;
pub mod keyframe;
pub mod layer;
pub mod limits;
pub mod packet;
pub mod rate;
pub mod rtp;
pub mod time;
