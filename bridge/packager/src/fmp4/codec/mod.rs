//! What a sample entry must say of a codec, read from the codec's own headers.

pub mod aac;
pub mod av1;
pub mod avc;
mod bits;
pub mod vp9;
