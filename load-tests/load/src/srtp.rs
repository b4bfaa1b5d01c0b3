//! Opening and sealing with a session's keys: an implementation that shares no code with any server of ours.

use str0m::crypto::dtls::SrtpProfile;
use webrtc_srtp::context::Context;
use webrtc_srtp::protection_profile::ProtectionProfile;

use crate::keys::Keys;

/// Why nothing can be opened or sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the handshake's SRTP profile is not known, or its keys are too short")]
pub struct NoKeys;

/// Both directions of a session.
pub struct Srtp {
    from_server: Context,
    to_server: Context,
}

impl std::fmt::Debug for Srtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Srtp")
    }
}

impl Srtp {
    /// From what the handshake gave.
    pub fn new(keys: &Keys) -> Result<Self, NoKeys> {
        let profile = match keys.profile {
            SrtpProfile::AEAD_AES_128_GCM => ProtectionProfile::AeadAes128Gcm,
            SrtpProfile::AEAD_AES_256_GCM => ProtectionProfile::AeadAes256Gcm,
            SrtpProfile::AES128_CM_SHA1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
            _ => return Err(NoKeys),
        };
        let (key, salt) = (profile.key_len(), profile.salt_len());
        let part = |from: usize, n: usize| keys.material.get(from..from + n).ok_or(NoKeys);
        let client = (part(0, key)?, part(2 * key, salt)?);
        let server = (part(key, key)?, part(2 * key + salt, salt)?);
        let context = |(key, salt): (&[u8], &[u8])| {
            Context::new(key, salt, profile, None, None).map_err(|_| NoKeys)
        };
        let (ours, theirs) = if keys.is_client {
            (client, server)
        } else {
            (server, client)
        };
        Ok(Self {
            from_server: context(theirs)?,
            to_server: context(ours)?,
        })
    }

    /// The payload of an RTP packet with a header of so many bytes; `None` when it is forged or damaged.
    pub fn open_rtp(&mut self, packet: &[u8], header_bytes: usize) -> Option<Vec<u8>> {
        let opened = self.from_server.decrypt_rtp(packet).ok()?;
        opened.get(header_bytes..).map(<[u8]>::to_vec)
    }

    /// A compound RTCP packet; `None` when it is forged or damaged.
    pub fn open_rtcp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let opened = self.from_server.decrypt_rtcp(packet).ok()?;
        Some(opened.to_vec())
    }

    /// An RTCP packet as it goes on the wire.
    pub fn seal_rtcp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let sealed = self.to_server.encrypt_rtcp(packet).ok()?;
        Some(sealed.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sender report without blocks.
    const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 9];

    fn keys(profile: SrtpProfile, is_client: bool) -> Keys {
        Keys {
            profile,
            is_client,
            material: (0..profile.keying_material_len())
                .map(|n| u8::try_from(n).unwrap())
                .collect(),
        }
    }

    #[test]
    fn each_side_opens_what_the_other_has_sealed() {
        for profile in [
            SrtpProfile::AEAD_AES_128_GCM,
            SrtpProfile::AEAD_AES_256_GCM,
            SrtpProfile::AES128_CM_SHA1_80,
        ] {
            let mut client = Srtp::new(&keys(profile, true)).unwrap();
            let mut server = Srtp::new(&keys(profile, false)).unwrap();
            let sealed = client.seal_rtcp(&REPORT).unwrap();
            assert_ne!(sealed.get(8..), REPORT.get(8..));
            let opened = server.open_rtcp(&sealed).unwrap();
            assert_eq!(opened, REPORT);
            assert_eq!(client.open_rtcp(&sealed), None);
        }
    }

    #[test]
    fn keys_that_are_too_short_give_no_context() {
        let mut keys = keys(SrtpProfile::AEAD_AES_128_GCM, true);
        keys.material.pop();
        assert_eq!(Srtp::new(&keys).err(), Some(NoKeys));
    }
}
