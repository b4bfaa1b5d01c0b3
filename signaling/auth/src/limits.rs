//! What bounds a credential before it is looked at.

/// Longest credential that is looked at, in bytes: a token of ours has about 300, a stream key 64 at most. Past it a request
/// is refused ([`Refusal::TooLong`](crate::grant::Refusal::TooLong)) before anything is hashed or verified.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;
