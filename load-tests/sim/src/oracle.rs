//! What must be true of what players received, whatever happened. Each oracle compares with the stamps in the packets, and
//! each has a test in which it fails.

pub mod continuity;
pub mod decodability;
pub mod freeze;
pub mod isolation;
pub mod latency;
pub mod player;
pub mod request_spacing;
pub mod smoothness;
