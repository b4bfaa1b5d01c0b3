//! SRTP and SRTCP of what a session sends itself (RFC 3711), with AES-GCM (RFC 7714) or AES-CM and HMAC-SHA1.
//!
//! [`contexts`] turns what the DTLS handshake exported into a [`Sealer`] for our packets and an [`Opener`] for the
//! other side's reports. A sealer hands out one [`IndexLedger`] for each SSRC, a ledger gives each index away once, and
//! sealing consumes it.
//!
//! # Invariants
//!
//! * No nonce is used twice: keying material makes one pair of contexts, a sealer one ledger for each SSRC, a ledger
//!   one [`UnusedIndex`] for each number, and an index seals one packet: its own, by the keys it was counted for.
//! * Sealing is one pass over the packet where it lies, without an allocation when the buffer has room for the tag.
//! * Nothing counts as received before its tag was right, and then once.
//! * No key, salt or keying material is ever printed, and memory that held one is wiped.

mod cipher;
mod cm_sha1;
mod gcm;
mod index;
mod keys;
mod ledger;
mod open;
mod profile;
mod refused;
mod replay;
mod seal;
mod window;

#[cfg(test)]
pub(crate) mod tests;

pub use keys::{KeyError, KeyingMaterial};
pub use ledger::{IndexLedger, UnusedIndex};
pub use open::{OpenError, Opener};
pub use profile::Profile;
pub use seal::{LedgerError, SealError, Sealer};

/// Who we were in the DTLS handshake: it says which half of the keying material is ours (RFC 5764 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// We sent the ClientHello.
    Client,
    /// We answered it.
    Server,
}

/// Our keys for sending and the other side's for receiving. The material is used up: a second pair from it would count
/// its indices anew.
pub fn contexts(
    material: KeyingMaterial,
    profile: Profile,
    we_are: Side,
) -> Result<(Sealer, Opener), KeyError> {
    let (client, server) = material.masters(profile)?;
    let (ours, theirs) = match we_are {
        Side::Client => (client, server),
        Side::Server => (server, client),
    };
    Ok((Sealer::new(profile, &ours)?, Opener::new(profile, &theirs)?))
}
