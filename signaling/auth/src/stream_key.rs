//! A stream key, and the hash that is kept of it.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sfu_model::id::RoomId;

use crate::secret::ServerSecret;

/// Shortest stream key, in characters. Eight is what encoders' users type by hand; generated ones have 26.
pub const STREAM_KEY_CHARS_MIN: usize = 8;

/// Longest stream key, in characters: beyond 64 an input field of an encoder starts to cut.
pub const STREAM_KEY_CHARS_MAX: usize = 64;

/// Random bytes of a generated key: 128 bits cannot be guessed over a network.
pub const STREAM_KEY_RANDOM_BYTES: usize = 16;

/// Length of a key's hash, in bytes (SHA-256).
const HASH_BYTES: usize = 32;

/// Digits and letters without `i l o u`: a key that is read aloud or typed from paper survives it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The secret that lets its owner publish one stream: `^[a-zA-Z0-9-]{8,64}$`.
#[derive(Clone)]
pub struct StreamKey(SecretString);

/// Why a string is no stream key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a stream key is {STREAM_KEY_CHARS_MIN} to {STREAM_KEY_CHARS_MAX} letters, digits or hyphens"
)]
pub struct InvalidStreamKey;

impl StreamKey {
    /// Checks a string against `^[a-zA-Z0-9-]{8,64}$`.
    pub fn parse(text: &str) -> Result<Self, InvalidStreamKey> {
        let length_ok = (STREAM_KEY_CHARS_MIN..=STREAM_KEY_CHARS_MAX).contains(&text.len());
        let letters_ok = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if length_ok && letters_ok {
            Ok(Self(SecretString::from(text)))
        } else {
            Err(InvalidStreamKey)
        }
    }

    /// Spells bytes that a CSPRNG drew: 26 characters of five bits.
    pub fn from_random(random: [u8; STREAM_KEY_RANDOM_BYTES]) -> Self {
        let mut bits = u128::from_be_bytes(random);
        let mut text = String::with_capacity(26);
        for _ in 0..26 {
            let index = usize::try_from(bits % 32).unwrap_or(0);
            text.push(
                ALPHABET
                    .get(index)
                    .map_or('0', |&letter| char::from(letter)),
            );
            bits /= 32;
        }
        Self(SecretString::from(text))
    }

    /// The key that follows from the server's secret and a stream's name: whoever has the secret can spell it again, so
    /// that it need not be kept.
    pub fn derived(secret: &ServerSecret, stream: &RoomId) -> Self {
        let mut context = hmac::Context::with_key(secret.hmac_key());
        context.update(b"freshet derived key 1\0");
        context.update(stream.as_str().as_bytes());
        let mut random = [0; STREAM_KEY_RANDOM_BYTES];
        for (to, from) in random.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        Self::from_random(random)
    }

    /// The key itself, for the one moment in which its owner is shown it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is kept of the key. It depends on the stream, so equal keys of two streams do not show as equal hashes.
    pub fn hash(&self, stream: &RoomId, secret: &ServerSecret) -> KeyHash {
        KeyHash::of(self.expose(), stream.as_str(), secret)
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(***)")
    }
}

/// HMAC-SHA256 of a stream's name and its key under the server's secret. Written as base64url.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyHash([u8; HASH_BYTES]);

impl KeyHash {
    /// The hash of any text offered as a key, whether or not it could be one: wrong shapes cost the same work.
    pub(crate) fn of(text: &str, stream: &str, secret: &ServerSecret) -> Self {
        let mut context = hmac::Context::with_key(secret.hmac_key());
        context.update(b"freshet stream key 1\0");
        context.update(stream.as_bytes());
        // A name holds no NUL, so no two pairs of name and key run together to the same bytes.
        context.update(b"\0");
        context.update(text.as_bytes());
        let mut hash = [0; HASH_BYTES];
        for (to, from) in hash.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        Self(hash)
    }

    /// A hash that no key has: what a stream without a key is compared with.
    pub(crate) const fn of_no_key() -> Self {
        Self([0; HASH_BYTES])
    }

    /// Compares in time that does not depend on where the first difference is.
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(***)")
    }
}

/// Why a string is no key hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key hash is 32 bytes in base64url without padding")]
pub struct InvalidKeyHash;

impl TryFrom<String> for KeyHash {
    type Error = InvalidKeyHash;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidKeyHash)?;
        bytes.try_into().map(Self).map_err(|_| InvalidKeyHash)
    }
}

impl From<KeyHash> for String {
    fn from(hash: KeyHash) -> Self {
        URL_SAFE_NO_PAD.encode(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> ServerSecret {
        ServerSecret::new(&[7; 32])
    }

    fn room(name: &str) -> RoomId {
        RoomId::parse(name).unwrap()
    }

    #[test]
    fn a_key_has_edges_at_8_and_64_characters() {
        assert!(StreamKey::parse(&"a".repeat(7)).is_err());
        assert!(StreamKey::parse(&"a".repeat(8)).is_ok());
        assert!(StreamKey::parse(&"a".repeat(64)).is_ok());
        assert!(StreamKey::parse(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_key_takes_letters_digits_and_hyphens_only() {
        for bad in [
            "demo key 0001",
            "demo_key_0001",
            "demo.key.0001",
            "démo-key-01",
            "demo-key-\x00001",
        ] {
            assert_eq!(
                StreamKey::parse(bad).unwrap_err(),
                InvalidStreamKey,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_generated_key_is_a_key_and_spells_every_bit() {
        let low = StreamKey::from_random([0; 16]);
        let high = StreamKey::from_random([255; 16]);
        let mut one = [0; 16];
        one[0] = 0x80;
        assert_eq!(low.expose().len(), 26);
        assert!(StreamKey::parse(high.expose()).is_ok());
        assert_ne!(
            low.expose(),
            StreamKey::from_random(one).expose(),
            "the top bit counts"
        );
    }

    #[test]
    fn a_derived_key_is_the_same_every_time_and_nobody_elses() {
        let key = StreamKey::derived(&secret(), &room("demo"));
        let again = StreamKey::derived(&secret(), &room("demo"));
        assert_eq!(key.expose(), again.expose());
        assert!(StreamKey::parse(key.expose()).is_ok());
        assert_ne!(
            key.expose(),
            StreamKey::derived(&secret(), &room("demo2")).expose()
        );
        let other = ServerSecret::new(&[8; 32]);
        assert_ne!(
            key.expose(),
            StreamKey::derived(&other, &room("demo")).expose()
        );
    }

    #[test]
    fn a_hash_depends_on_the_key_the_stream_and_the_secret() {
        let key = StreamKey::parse("demo-key-0001").unwrap();
        let hash = key.hash(&room("demo"), &secret());
        assert!(hash.matches(&key.hash(&room("demo"), &secret())));
        assert!(!hash.matches(&key.hash(&room("other"), &secret())));
        assert!(!hash.matches(&key.hash(&room("demo"), &ServerSecret::new(&[8; 32]))));
        let close = StreamKey::parse("demo-key-0002").unwrap();
        assert!(!hash.matches(&close.hash(&room("demo"), &secret())));
    }

    #[test]
    fn a_hash_reads_back_what_it_wrote() {
        let hash = StreamKey::parse("demo-key-0001")
            .unwrap()
            .hash(&room("demo"), &secret());
        let text = String::from(hash.clone());
        assert!(hash.matches(&KeyHash::try_from(text).unwrap()));
        assert_eq!(
            KeyHash::try_from("AAAA".to_owned()).unwrap_err(),
            InvalidKeyHash
        );
        assert_eq!(
            KeyHash::try_from("not base64!".to_owned()).unwrap_err(),
            InvalidKeyHash
        );
    }
}
