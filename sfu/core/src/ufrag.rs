//! Our ICE credentials: random, and the ufrag tells every worker of the node whose session it is.

use rand::Rng;
use sfu_model::id::WorkerId;

use crate::command::IceCredentials;

/// Random characters of a ufrag. 16 of 36 are 82 bits, so that nobody can aim at a session without having seen
/// its SDP (RFC 8445 section 5.3 asks for 24 bits).
const UFRAG_RANDOM_CHARS: usize = 16;

/// Characters of a password. 32 of 36 are 165 bits (RFC 8445 section 5.3 asks for 128).
const PASSWORD_CHARS: usize = 32;

/// Lower-case letters and digits: all of them are ice-chars (RFC 8839 section 5.1).
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// New credentials for a session of this worker.
pub(crate) fn new_credentials(worker: WorkerId, random: &mut impl Rng) -> IceCredentials {
    let mut ufrag = format!("{:02x}", worker.0);
    push_random(&mut ufrag, UFRAG_RANDOM_CHARS, random);
    let mut password = String::with_capacity(PASSWORD_CHARS);
    push_random(&mut password, PASSWORD_CHARS, random);
    IceCredentials { ufrag, password }
}

fn push_random(text: &mut String, n: usize, random: &mut impl Rng) {
    for _ in 0..n {
        let index = random.random_range(0..ALPHABET.len());
        text.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'0')));
    }
}

/// The worker that handed this ufrag out. Says nothing about whether the session exists.
pub fn worker_of(ufrag: &str) -> Option<WorkerId> {
    let digits = ufrag.get(..2)?;
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if ufrag.len() != 2 + UFRAG_RANDOM_CHARS || !digits.bytes().all(lower_hex) {
        return None;
    }
    u8::from_str_radix(digits, 16).ok().map(WorkerId)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_ufrag_names_its_worker() {
        let mut random = StdRng::from_seed([1; 32]);
        for worker in [0, 9, 15, 255] {
            let credentials = new_credentials(WorkerId(worker), &mut random);
            assert_eq!(worker_of(&credentials.ufrag), Some(WorkerId(worker)));
            assert_eq!(credentials.password.len(), PASSWORD_CHARS);
        }
    }

    #[test]
    fn a_foreign_ufrag_names_nobody() {
        for foreign in [
            "",
            "a",
            "zz0123456789abcdef",
            "+10123456789abcdef",
            "00short",
            "ä000000000000000",
        ] {
            assert_eq!(worker_of(foreign), None, "{foreign:?}");
        }
    }
}
