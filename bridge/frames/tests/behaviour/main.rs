//! What comes of packets, in virtual time.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests: what is not there fails them"
)]

mod bench;
mod formats;
mod loss;
mod properties;
mod sender;
mod silence;
mod simulcast;
mod timestamps;
mod vectors;
