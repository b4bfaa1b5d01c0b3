//! AES-GCM for SRTP and SRTCP (RFC 7714): one pass that encrypts and authenticates.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::srtp::index::PacketIndex;
use crate::srtp::keys::{KeyError, Labels, Master};
use crate::srtp::profile::{Profile, RTCP_HEADER_BYTES, SRTCP_WORD_BYTES};
use crate::srtp::refused::Refused;

/// Bytes of a tag (RFC 7714 section 13.1).
const TAG_BYTES: usize = 16;
/// Bytes of a session salt, as many as of a nonce (RFC 7714 section 8.1).
const SALT_BYTES: usize = 12;

pub(super) struct Gcm {
    key: LessSafeKey,
    /// The session salt, placed as in [`PacketIndex::block`].
    salt: Zeroizing<[u8; 16]>,
}

impl Gcm {
    pub(super) fn new(profile: Profile, master: &Master, labels: Labels) -> Result<Self, KeyError> {
        let mut key = Zeroizing::new(vec![0; profile.key_bytes()]);
        master.derive(labels.encryption, &mut key)?;
        let mut salt = Zeroizing::new([0; SALT_BYTES]);
        master.derive(labels.salt, &mut *salt)?;
        Self::from_session_keys(&key, &salt)
    }

    fn from_session_keys(key: &[u8], salt: &[u8; SALT_BYTES]) -> Result<Self, KeyError> {
        let algorithm = if key.len() == AES_256_GCM.key_len() {
            &AES_256_GCM
        } else {
            &AES_128_GCM
        };
        let key = UnboundKey::new(algorithm, key).map_err(|_| KeyError::Refused)?;
        let mut placed = Zeroizing::new([0; 16]);
        for (slot, byte) in placed.iter_mut().skip(2).zip(salt) {
            *slot = *byte;
        }
        Ok(Self {
            key: LessSafeKey::new(key),
            salt: placed,
        })
    }

    #[inline]
    fn nonce(&self, index: PacketIndex) -> Nonce {
        let block = u128::from_be_bytes(index.block()) ^ u128::from_be_bytes(*self.salt);
        let [_, _, nonce @ .., _, _] = block.to_be_bytes();
        Nonce::assume_unique_for_key(nonce)
    }

    #[inline]
    pub(super) fn seal_rtp(
        &self,
        index: PacketIndex,
        buffer: &mut Vec<u8>,
        (start, clear_until): (usize, usize),
        payload: &[u8],
    ) -> Result<(), Refused> {
        let written_until = buffer.len();
        buffer.resize(written_until + payload.len() + TAG_BYTES, 0);
        let (written, rest) = buffer.split_at_mut_checked(written_until).ok_or(Refused)?;
        let (clear, secret) = written.split_at_mut_checked(clear_until).ok_or(Refused)?;
        let header = clear.get(start..).ok_or(Refused)?;
        self.key
            .seal_in_place_scatter(self.nonce(index), Aad::from(header), secret, payload, rest)
            .map_err(|_| Refused)
    }

    pub(super) fn seal_rtcp(
        &self,
        index: PacketIndex,
        word: [u8; 4],
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), Refused> {
        let packet = buffer.get_mut(start..).ok_or(Refused)?;
        let (header, secret) = packet
            .split_first_chunk_mut::<RTCP_HEADER_BYTES>()
            .ok_or(Refused)?;
        let tag = self
            .key
            .seal_in_place_separate_tag(self.nonce(index), rtcp_aad(*header, word), secret)
            .map_err(|_| Refused)?;
        buffer.extend_from_slice(tag.as_ref());
        buffer.extend_from_slice(&word);
        Ok(())
    }

    pub(super) fn open_rtcp(
        &self,
        index: PacketIndex,
        packet: &mut [u8],
    ) -> Result<usize, Refused> {
        let (packet, word) = packet
            .split_last_chunk_mut::<SRTCP_WORD_BYTES>()
            .ok_or(Refused)?;
        let (packet, tag) = packet.split_last_chunk_mut::<TAG_BYTES>().ok_or(Refused)?;
        let end = packet.len();
        let (header, secret) = packet
            .split_first_chunk_mut::<RTCP_HEADER_BYTES>()
            .ok_or(Refused)?;
        let aad = rtcp_aad(*header, *word);
        self.key
            .open_in_place_separate_tag(self.nonce(index), aad, tag, secret)
            .map_err(|_| Refused)?;
        Ok(end)
    }
}

/// What is authenticated and not encrypted: the first eight bytes and the word (RFC 7714 section 9.2).
fn rtcp_aad(header: [u8; RTCP_HEADER_BYTES], word: [u8; SRTCP_WORD_BYTES]) -> Aad<[u8; 12]> {
    let mut aad = [0; 12];
    for (slot, byte) in aad.iter_mut().zip(header.iter().chain(&word)) {
        *slot = *byte;
    }
    Aad::from(aad)
}

#[cfg(test)]
mod tests {
    use sfu_model::rtp::Ssrc;

    use super::*;
    use crate::srtp::tests::hex;

    const KEY_128: &str = "000102030405060708090a0b0c0d0e0f";
    const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    /// "Quid pro quo".
    const SALT: &[u8; SALT_BYTES] = b"Quid pro quo";

    fn gcm(key: &str) -> Gcm {
        Gcm::from_session_keys(&hex(key), SALT).unwrap()
    }

    /// RFC 7714 sections 16.1.1 and 16.2.1.
    #[test]
    fn rtp_is_sealed_as_in_the_rfc() {
        let header = "8040f17b8041f8d35501a0b2";
        let index = PacketIndex {
            ssrc: Ssrc(0x5501_a0b2),
            number: 0xf17b,
        };
        for (key, sealed) in [
            (
                KEY_128,
                concat!(
                    "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833",
                    "899d7f27beb16a9152cf765ee4390cce"
                ),
            ),
            (
                KEY_256,
                concat!(
                    "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b",
                    "7aa3db36dfffd6b0f9bb7878d7a76c13"
                ),
            ),
        ] {
            let mut buffer = hex(header);
            buffer.extend(b"Gallia est omnis divisa in partes tres");
            gcm(key).seal_rtp(index, &mut buffer, (0, 12), &[]).unwrap();
            assert_eq!(buffer, [hex(header), hex(sealed)].concat());
        }
    }

    /// RFC 7714 sections 17.1 and 17.2.
    #[test]
    fn rtcp_is_sealed_and_opened_as_in_the_rfc() {
        let header = "81c8000d4d617273";
        let clear = concat!(
            "4e5450314e545032525450200000042a0000e9304c756e61",
            "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
        );
        let clear = [hex(header), hex(clear)].concat();
        let word = [0x80, 0, 0x05, 0xd4];
        let index = PacketIndex {
            ssrc: Ssrc(0x4d61_7273),
            number: 0x05d4,
        };
        for (key, sealed) in [
            (
                KEY_128,
                concat!(
                    "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46",
                    "86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade"
                ),
            ),
            (
                KEY_256,
                concat!(
                    "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658",
                    "c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be"
                ),
            ),
        ] {
            let sealed = [hex(header), hex(sealed), word.to_vec()].concat();
            let mut buffer = clear.clone();
            gcm(key).seal_rtcp(index, word, &mut buffer, 0).unwrap();
            assert_eq!(buffer, sealed);
            let end = gcm(key).open_rtcp(index, &mut buffer).unwrap();
            assert_eq!(buffer[..end], clear);
        }
    }
}
