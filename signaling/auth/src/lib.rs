//! Who may publish and who may play: stream keys, tokens, and the grants that come of them.
//!
//! A request arrives with a bearer string, or with none. [`authorizer::Authorizer::authorize`] turns it into a
//! [`grant::Grant`] or a [`grant::Refusal`]. A bearer is either the stream's key (an owner's long-lived secret,
//! kept only as a hash) or a token (a signed statement of at most an hour that somebody with the signing key made).
//!
//! Players of HLS and DASH send no bearer with what they load. For them a [`signed_url`] carries the grant in its path.
//!
//! # Invariants
//!
//! * Pure: the time is an argument (`unix_now`), and so is every random byte. No I/O.
//! * A stream that does not exist and a credential that is wrong give the same refusal after the same kind of work.
//! * The algorithm of a token is a property of our key, never a choice of the token's header.
//! * No `Debug` or `Display` in this crate prints a key, a token or a secret (`tests/auth/canary.rs`).
#![forbid(unsafe_code)]

pub mod authorizer;
pub mod grant;
pub mod limits;
pub mod secret;
pub mod signed_url;
pub mod stream;
pub mod stream_key;
pub mod token;
