//! AES in counter mode, then 80 bits of HMAC-SHA1 (RFC 3711 sections 4.1.1 and 4.2.1).

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use crate::srtp::index::PacketIndex;
use crate::srtp::keys::{KeyError, Labels, Master};
use crate::srtp::profile::{RTCP_HEADER_BYTES, SRTCP_WORD_BYTES};
use crate::srtp::refused::Refused;

/// Bytes of an AES-128 key.
const KEY_BYTES: usize = 16;
/// Bytes of a session salt (RFC 3711 section 5.1).
const SALT_BYTES: usize = 14;
/// Bytes of a tag: the left 80 of 160 bits (RFC 3711 section 5.2).
const TAG_BYTES: usize = 10;
/// Bytes of an HMAC-SHA1 key (RFC 3711 section 5.2), and of the whole of its result.
const SHA1_BYTES: usize = 20;

/// Both keys are scheduled once and used for every packet.
pub(super) struct CmSha1 {
    encryption: EncryptingKey,
    authentication: hmac::Key,
    /// The session salt, placed as in [`PacketIndex::block`].
    salt: Zeroizing<[u8; 16]>,
}

impl CmSha1 {
    pub(super) fn new(master: &Master, labels: Labels) -> Result<Self, KeyError> {
        let mut encryption = Zeroizing::new([0; KEY_BYTES]);
        master.derive(labels.encryption, &mut *encryption)?;
        let mut authentication = Zeroizing::new([0; SHA1_BYTES]);
        master.derive(labels.authentication, &mut *authentication)?;
        let mut salt = Zeroizing::new([0; SALT_BYTES]);
        master.derive(labels.salt, &mut *salt)?;
        Self::from_session_keys(&encryption, &authentication, &salt)
    }

    fn from_session_keys(
        encryption: &[u8; KEY_BYTES],
        authentication: &[u8; SHA1_BYTES],
        salt: &[u8; SALT_BYTES],
    ) -> Result<Self, KeyError> {
        let key = UnboundCipherKey::new(&AES_128, encryption).map_err(|_| KeyError::Refused)?;
        let mut placed = Zeroizing::new([0; 16]);
        for (slot, byte) in placed.iter_mut().zip(salt) {
            *slot = *byte;
        }
        Ok(Self {
            encryption: EncryptingKey::ctr(key).map_err(|_| KeyError::Refused)?,
            authentication: hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, authentication),
            salt: placed,
        })
    }

    /// Encryption and decryption are one.
    #[inline]
    fn apply_key_stream(&self, index: PacketIndex, secret: &mut [u8]) -> Result<(), Refused> {
        let block = u128::from_be_bytes(index.block()) ^ u128::from_be_bytes(*self.salt);
        let counter = EncryptionContext::Iv128(FixedLength::from(block.to_be_bytes()));
        let stream = self.encryption.less_safe_encrypt(secret, counter);
        stream.map(drop).map_err(|_| Refused)
    }

    #[inline]
    fn tag(&self, bytes: &[u8]) -> Result<[u8; TAG_BYTES], Refused> {
        let mut whole = [0; SHA1_BYTES];
        hmac::sign_to_buffer(&self.authentication, bytes, &mut whole).map_err(|_| Refused)?;
        let [tag @ .., _, _, _, _, _, _, _, _, _, _] = whole;
        Ok(tag)
    }

    #[inline]
    pub(super) fn seal_rtp(
        &self,
        index: PacketIndex,
        buffer: &mut Vec<u8>,
        (start, clear_until): (usize, usize),
        payload: &[u8],
    ) -> Result<(), Refused> {
        buffer.extend_from_slice(payload);
        let secret = buffer.get_mut(clear_until..).ok_or(Refused)?;
        self.apply_key_stream(index, secret)?;
        // The roll-over counter is authenticated with the packet and not sent (RFC 3711 section 4.2): it stands where
        // the tag will, so that one call sees both.
        let end = buffer.len();
        buffer.extend_from_slice(&index.roll_overs());
        let tag = self.tag(buffer.get(start..).ok_or(Refused)?)?;
        buffer.truncate(end);
        buffer.extend_from_slice(&tag);
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
        let secret = packet.get_mut(RTCP_HEADER_BYTES..).ok_or(Refused)?;
        self.apply_key_stream(index, secret)?;
        buffer.extend_from_slice(&word);
        let tag = self.tag(buffer.get(start..).ok_or(Refused)?)?;
        buffer.extend_from_slice(&tag);
        Ok(())
    }

    /// The word stands before the tag, and is authenticated with the packet (RFC 3711 section 3.4).
    pub(super) fn rtcp_word(packet: &[u8]) -> Option<[u8; 4]> {
        let (authenticated, _) = packet.split_last_chunk::<TAG_BYTES>()?;
        authenticated.last_chunk().copied()
    }

    pub(super) fn open_rtcp(
        &self,
        index: PacketIndex,
        packet: &mut [u8],
    ) -> Result<usize, Refused> {
        let (authenticated, tag) = packet.split_last_chunk_mut::<TAG_BYTES>().ok_or(Refused)?;
        // In constant time: how much of a forged tag was right is not to be learnt.
        verify_slices_are_equal(&self.tag(authenticated)?, tag).map_err(|_| Refused)?;
        let (packet, _) = authenticated
            .split_last_chunk_mut::<SRTCP_WORD_BYTES>()
            .ok_or(Refused)?;
        let end = packet.len();
        let secret = packet.get_mut(RTCP_HEADER_BYTES..).ok_or(Refused)?;
        self.apply_key_stream(index, secret)?;
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::rtp::Ssrc;

    use super::*;
    use crate::srtp::tests::hex;

    /// RFC 3711 appendix B.2.
    #[test]
    fn the_key_stream_is_that_of_the_rfc() {
        let key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
        let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
        let cipher = CmSha1::from_session_keys(
            &key.try_into().unwrap(),
            &[0; SHA1_BYTES],
            &salt.try_into().unwrap(),
        )
        .unwrap();
        let index = PacketIndex {
            ssrc: Ssrc(0),
            number: 0,
        };
        let mut stream = vec![0; 0xff02 * 16];
        cipher.apply_key_stream(index, &mut stream).unwrap();
        let first = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB";
        assert_eq!(stream[..32], hex(first));
        let after_65_279 = concat!(
            "EC8CDF7398607CB0F2D21675EA9EA1E4",
            "362B7C3C6773516318A077D7FC5073AE",
            "6A2CC3787889374FBEB4C81B17BA6C44"
        );
        assert_eq!(stream[0xfeff * 16..][..48], hex(after_65_279));
    }
}
