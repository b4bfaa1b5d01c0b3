//! Random bits from the operating system, through the one CSPRNG of the platform.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use sfu_model::id::SessionId;

/// The CSPRNG gave nothing. There is no safe way on: the caller must refuse what it was about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct EntropyUnavailable;

/// Fills an array with random bytes.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], EntropyUnavailable> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| EntropyUnavailable)?;
    Ok(bytes)
}

/// A session's name: 128 bits that nobody can guess (RFC 9725 section 5).
pub fn session_id() -> Result<SessionId, EntropyUnavailable> {
    Ok(SessionId::from_random(u128::from_ne_bytes(random_bytes()?)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn session_ids_do_not_repeat() {
        let ids: HashSet<SessionId> = (0..1_000).map(|_| session_id().unwrap()).collect();
        assert_eq!(ids.len(), 1_000);
    }

    #[test]
    fn every_byte_of_a_seed_varies() {
        let mut seen = [[false; 2]; 32];
        for _ in 0..64 {
            for (index, byte) in random_bytes::<32>().unwrap().into_iter().enumerate() {
                seen[index][usize::from(byte & 1)] = true;
            }
        }
        assert!(seen.iter().all(|bits| bits[0] && bits[1]));
    }
}
