//! What bounds a credential before it is looked at.

/// Longest credential that is looked at, in bytes: a token of ours has about 300, a stream key 64 at most. Past it a request
/// is refused ([`Refusal::TooLong`](crate::grant::Refusal::TooLong)) before anything is hashed or verified.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// Longest token of a signed URL that is looked at, in bytes: one with everything in it has about 110. Past it a request is
/// refused as one whose signature is wrong, before anything is hashed.
pub const URL_TOKEN_BYTES_MAX: usize = 128;

/// Longest lifetime of a signed URL, in seconds: a week, which is as long as an event and its rewind last. A key that has been
/// replaced must be kept that long beside the new one; more is refused when it is signed.
pub const URL_LIFETIME_SECS_MAX: u64 = 7 * 24 * 3_600;
