//! AES-GCM for SRTP and SRTCP (RFC 7714): one pass that encrypts and authenticates.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::srtp::cipher::{Labels, RTCP_HEADER_BYTES, Refused};
use crate::srtp::index::PacketIndex;
use crate::srtp::keys::{KeyError, Master};
use crate::srtp::profile::{Profile, SRTCP_WORD_BYTES};

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
        start: usize,
        clear_until: usize,
    ) -> Result<(), Refused> {
        let (clear, secret) = buffer.split_at_mut_checked(clear_until).ok_or(Refused)?;
        let header = clear.get(start..).ok_or(Refused)?;
        let tag = self
            .key
            .seal_in_place_separate_tag(self.nonce(index), Aad::from(header), secret)
            .map_err(|_| Refused)?;
        buffer.extend_from_slice(tag.as_ref());
        Ok(())
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
