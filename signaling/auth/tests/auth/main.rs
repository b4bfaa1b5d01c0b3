//! What the crate promises, through its public face.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

mod authorize;
mod canary;
mod fixture;
mod hostile_tokens;
mod signed_urls;
