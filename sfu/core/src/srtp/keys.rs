//! From what the handshake exported to session keys (RFC 5764 section 4.2, RFC 3711 section 4.3).

use std::fmt;

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use crate::srtp::profile::Profile;

/// Why there are no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Misuse: the exporter was asked for another profile's length.
    #[error("keying material of {actual_bytes} bytes, where the profile takes {wanted_bytes}")]
    Length {
        /// What the profile needs.
        wanted_bytes: usize,
        /// What there was.
        actual_bytes: usize,
    },
    /// Internal: the crypto library refused a key of the right length.
    #[error("the crypto library refused a key")]
    Refused,
}

/// What the DTLS exporter gave: both sides' keys, then both sides' salts. Good for one pair of contexts.
#[cfg_attr(test, derive(PartialEq))]
pub struct KeyingMaterial(Zeroizing<Vec<u8>>);

impl KeyingMaterial {
    /// Keeps a copy that is wiped when it is dropped.
    pub fn from_exporter(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The client's master key and salt, and the server's.
    pub(super) fn masters(&self, profile: Profile) -> Result<(Master, Master), KeyError> {
        let wrong_length = KeyError::Length {
            wanted_bytes: profile.keying_bytes(),
            actual_bytes: self.0.len(),
        };
        if self.0.len() != profile.keying_bytes() {
            return Err(wrong_length);
        }
        let (keys, salts) = self.0.split_at(2 * profile.key_bytes());
        let (client_key, server_key) = keys.split_at(profile.key_bytes());
        let (client_salt, server_salt) = salts.split_at(profile.salt_bytes());
        Ok((
            Master::new(client_key, client_salt)?,
            Master::new(server_key, server_salt)?,
        ))
    }
}

impl fmt::Debug for KeyingMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyingMaterial(***)")
    }
}

/// What a derived key is for (RFC 3711 section 4.3.2).
#[derive(Clone, Copy)]
pub(super) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
    /// Our own, of no standard: tells one sealer from another. It is not sent.
    Brand = 0xff,
}

/// The labels of the keys of one protocol.
#[derive(Clone, Copy)]
pub(super) struct Labels {
    pub(super) encryption: Label,
    pub(super) authentication: Label,
    pub(super) salt: Label,
}

pub(super) const RTP: Labels = Labels {
    encryption: Label::RtpEncryption,
    authentication: Label::RtpAuthentication,
    salt: Label::RtpSalt,
};

pub(super) const RTCP: Labels = Labels {
    encryption: Label::RtcpEncryption,
    authentication: Label::RtcpAuthentication,
    salt: Label::RtcpSalt,
};

/// One side's master key and salt, as the pseudo-random function that session keys come from.
pub(super) struct Master {
    prf: EncryptingKey,
    /// The salt at the left of a counter block. Twelve bytes stand where fourteen begin (RFC 7714 section 11).
    salt: Zeroizing<[u8; 16]>,
}

impl Master {
    pub(super) fn new(key: &[u8], salt: &[u8]) -> Result<Self, KeyError> {
        // AES-256 derives with AES-256 (RFC 6188 section 3).
        let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
        let key = UnboundCipherKey::new(algorithm, key).map_err(|_| KeyError::Refused)?;
        let prf = EncryptingKey::ctr(key).map_err(|_| KeyError::Refused)?;
        let mut padded = Zeroizing::new([0; 16]);
        for (slot, byte) in padded.iter_mut().zip(salt) {
            *slot = *byte;
        }
        Ok(Self { prf, salt: padded })
    }

    /// The key, salt or tag for a label. Keys are derived once: the key derivation rate is zero, as everywhere.
    pub(super) fn derive(&self, label: Label, key: &mut [u8]) -> Result<(), KeyError> {
        // The label stands before the 48 bits of the index, of which a rate of zero makes nothing, and the 16 that count
        // blocks.
        let counter = u128::from_be_bytes(*self.salt) ^ (label as u128) << 64;
        key.fill(0);
        let counter = EncryptionContext::Iv128(FixedLength::from(counter.to_be_bytes()));
        let stream = self.prf.less_safe_encrypt(key, counter);
        stream.map(drop).map_err(|_| KeyError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srtp::tests::hex;

    /// RFC 3711 appendix B.3.
    #[test]
    fn keys_are_derived_as_in_the_rfc() {
        let key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
        let master = Master::new(&key, &salt).unwrap();
        let derive = |label, n_bytes| {
            let mut key = vec![0xff; n_bytes];
            master.derive(label, &mut key).unwrap();
            key
        };
        assert_eq!(
            derive(Label::RtpEncryption, 16),
            hex("C61E7A93744F39EE10734AFE3FF7A087")
        );
        assert_eq!(
            derive(Label::RtpSalt, 14),
            hex("30CBBC08863D8C85D49DB34A9AE1")
        );
        assert_eq!(
            derive(Label::RtpAuthentication, 94),
            hex(concat!(
                "CEBE321F6FF7716B6FD4AB49AF256A15",
                "6D38BAA48F0A0ACF3C34E2359E6CDBCE",
                "E049646C43D9327AD175578EF7227098",
                "6371C10C9A369AC2F94A8C5FBCDDDC25",
                "6D6E919A48B610EF17C2041E47403576",
                "6B68642C59BBFC2F34DB60DBDFB2"
            ))
        );
    }

    #[test]
    fn material_of_another_length_makes_no_keys() {
        for profile in Profile::ALL {
            let wanted_bytes = profile.keying_bytes();
            for actual_bytes in [0, wanted_bytes - 1, wanted_bytes + 1] {
                let material = KeyingMaterial::from_exporter(&vec![1; actual_bytes]);
                assert_eq!(
                    material.masters(profile).map(drop),
                    Err(KeyError::Length {
                        wanted_bytes,
                        actual_bytes
                    })
                );
            }
        }
    }

    #[test]
    fn material_is_not_printed() {
        let material = KeyingMaterial::from_exporter(b"a secret");
        assert_eq!(format!("{material:?}"), "KeyingMaterial(***)");
    }
}
