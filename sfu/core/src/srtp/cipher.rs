//! A profile's algorithms, keyed for one direction and one of the two protocols.

use crate::srtp::cm_sha1::CmSha1;
use crate::srtp::gcm::Gcm;
use crate::srtp::index::PacketIndex;
use crate::srtp::keys::{KeyError, Labels, Master};
use crate::srtp::profile::Profile;
use crate::srtp::refused::Refused;

/// Both know the same four verbs.
pub(super) enum Cipher {
    Gcm(Gcm),
    /// Its key schedules are 1.7 KiB, which sessions with AES-GCM need not carry.
    CmSha1(Box<CmSha1>),
}

impl Cipher {
    pub(super) fn new(profile: Profile, master: &Master, labels: Labels) -> Result<Self, KeyError> {
        match profile {
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => {
                Gcm::new(profile, master, labels).map(Self::Gcm)
            }
            Profile::Aes128CmSha1_80 => {
                CmSha1::new(master, labels).map(|cm| Self::CmSha1(Box::new(cm)))
            }
        }
    }

    /// Encrypts what follows `clear_until`, appends `payload` encrypted, and the tag over `start..`.
    #[inline]
    pub(super) fn seal_rtp(
        &self,
        index: PacketIndex,
        buffer: &mut Vec<u8>,
        clear: (usize, usize),
        payload: &[u8],
    ) -> Result<(), Refused> {
        match self {
            Self::Gcm(gcm) => gcm.seal_rtp(index, buffer, clear, payload),
            Self::CmSha1(cm) => cm.seal_rtp(index, buffer, clear, payload),
        }
    }

    /// Encrypts the compound packet from `start` and appends tag and word, in the profile's order.
    pub(super) fn seal_rtcp(
        &self,
        index: PacketIndex,
        word: [u8; 4],
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), Refused> {
        match self {
            Self::Gcm(gcm) => gcm.seal_rtcp(index, word, buffer, start),
            Self::CmSha1(cm) => cm.seal_rtcp(index, word, buffer, start),
        }
    }

    /// The word of an SRTCP packet: at its end with AES-GCM (RFC 7714 section 9.3), before the tag otherwise.
    pub(super) fn rtcp_word(&self, packet: &[u8]) -> Option<[u8; 4]> {
        match self {
            Self::Gcm(_) => packet.last_chunk().copied(),
            Self::CmSha1(_) => CmSha1::rtcp_word(packet),
        }
    }

    /// Verifies, decrypts in place, and says where the clear compound packet ends.
    pub(super) fn open_rtcp(
        &self,
        index: PacketIndex,
        packet: &mut [u8],
    ) -> Result<usize, Refused> {
        match self {
            Self::Gcm(gcm) => gcm.open_rtcp(index, packet),
            Self::CmSha1(cm) => cm.open_rtcp(index, packet),
        }
    }
}
