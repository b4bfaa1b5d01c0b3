//! The server's own secret, under which stream keys are hashed.

use std::fmt;

use aws_lc_rs::hmac;

/// Length of the secret, in bytes: the block of security that HMAC-SHA256 offers (RFC 2104 section 3 discourages less).
pub const SERVER_SECRET_BYTES: usize = 32;

/// The key of the HMAC that stream keys are stored under. Whoever steals the table of streams without it cannot
/// try short keys offline.
#[derive(Clone)]
pub struct ServerSecret(hmac::Key);

impl ServerSecret {
    /// Wraps bytes that a CSPRNG drew.
    pub fn new(random: &[u8; SERVER_SECRET_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, random))
    }

    pub(crate) const fn hmac_key(&self) -> &hmac::Key {
        &self.0
    }
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSecret(***)")
    }
}
