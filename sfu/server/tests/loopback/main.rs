//! The media plane over real sockets on loopback: clients with their own RTC engine publish and play through it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod client;
mod hostile;
mod layers;
mod media;
mod shutdown;
mod tap;
mod transport;
