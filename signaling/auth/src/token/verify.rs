//! Reading tokens that anybody may have made.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;

use super::claims::{self, AUDIENCE, Claims, Permit, TOKEN_LIFETIME_SECS_MAX};
use crate::limits::TOKEN_BYTES_MAX;

/// Shortest HS256 secret, in bytes: "a key of the same size as the hash output or larger" (RFC 7518 section 3.2).
pub const HS256_SECRET_BYTES_MIN: usize = 32;

/// Most keys that tokens are checked against: every one costs a forger's request a signature check. Four are an HS256
/// secret and three issuers, or an issuer who rotates.
pub const VERIFYING_KEYS_MAX: usize = 4;

/// Why a key is no key. The operator must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// An HMAC secret that can be guessed.
    #[error("an HS256 secret needs at least {HS256_SECRET_BYTES_MIN} random bytes")]
    ShortSecret,
    /// Another kind of key, or none.
    #[error("not an Ed25519 public key in PEM (`-----BEGIN PUBLIC KEY-----`)")]
    NotEd25519Public,
    /// Another kind of key, or none.
    #[error("not an Ed25519 private key in PEM (`-----BEGIN PRIVATE KEY-----`)")]
    NotEd25519Private,
    /// More keys than are tried.
    #[error("at most {VERIFYING_KEYS_MAX} keys")]
    TooMany,
}

/// A key that tokens are checked against, with the one algorithm that it is for: the header of a token chooses neither.
pub struct VerifyingKey {
    key: DecodingKey,
    validation: Validation,
}

impl VerifyingKey {
    /// HS256 with a secret of at least [`HS256_SECRET_BYTES_MIN`] bytes.
    pub fn hs256(secret: &[u8]) -> Result<Self, InvalidKey> {
        if secret.len() < HS256_SECRET_BYTES_MIN {
            return Err(InvalidKey::ShortSecret);
        }
        Ok(Self {
            key: DecodingKey::from_secret(secret),
            validation: pinned(Algorithm::HS256),
        })
    }

    /// EdDSA with an Ed25519 public key in PEM, as `openssl pkey -pubout` writes it.
    pub fn eddsa_pem(pem: &[u8]) -> Result<Self, InvalidKey> {
        let key = DecodingKey::from_ed_pem(pem).map_err(|_| InvalidKey::NotEd25519Public)?;
        Ok(Self {
            key,
            validation: pinned(Algorithm::EdDSA),
        })
    }

    fn open(&self, token: &str) -> Option<Claims> {
        let opened = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).ok()?;
        // RFC 7515 section 4.1.11: an extension that must be understood, and is not, makes the token invalid.
        let is_plain = opened.header.crit.is_none() && opened.header.zip.is_none();
        let typ = opened.header.typ.as_deref();
        let is_jwt = typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        (is_plain && is_jwt).then_some(opened.claims)
    }
}

/// What the library checks: signature under exactly this algorithm, and the audience. It would read the clock for
/// the dates, so those are checked in [`Verifier::verify`] against the caller's time.
fn pinned(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    validation.set_audience(&[AUDIENCE]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({:?}, ***)", self.validation.algorithms)
    }
}

/// Why a token permits nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not ours: malformed, forged, for somebody else, or with claims that we do not accept.
    #[error("not a token of this server")]
    Invalid,
    /// Ours, but it is over.
    #[error("the token has expired")]
    Expired,
}

/// Every key that tokens are checked against.
#[derive(Debug, Default)]
pub struct Verifier {
    keys: Vec<VerifyingKey>,
}

impl Verifier {
    /// Without a key no token opens anything.
    pub fn new(keys: Vec<VerifyingKey>) -> Result<Self, InvalidKey> {
        if keys.len() > VERIFYING_KEYS_MAX {
            return Err(InvalidKey::TooMany);
        }
        Ok(Self { keys })
    }

    /// What the token permits at `unix_now`. A token is over in the second that `exp` names, without leeway: the
    /// issuer chose the lifetime, and a clock that differs by more than it can spare needs repair.
    pub fn verify(&self, token: &str, unix_now: UnixTime) -> Result<Permit, TokenError> {
        let permit = self.verify_but_for_its_end(token, unix_now)?;
        if permit.expires <= unix_now {
            return Err(TokenError::Expired);
        }
        Ok(permit)
    }

    /// What the token permits, or did until it was over.
    pub(crate) fn verify_but_for_its_end(
        &self,
        token: &str,
        unix_now: UnixTime,
    ) -> Result<Permit, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let claims = self
            .keys
            .iter()
            .find_map(|key| key.open(token))
            .ok_or(TokenError::Invalid)?;
        let stream = RoomId::parse(&claims.stream).map_err(|_| TokenError::Invalid)?;
        let latest = unix_now.0.saturating_add(TOKEN_LIFETIME_SECS_MAX);
        let is_early = claims.nbf.is_some_and(|nbf| nbf.0 > unix_now.0);
        if !claims::is_subject(&claims.sub)
            || !claims::are_verbs(&claims.verbs)
            || claims.exp.0 > latest
            || is_early
        {
            return Err(TokenError::Invalid);
        }
        let expires = UnixTime(claims.exp.0);
        Ok(Permit {
            subject: claims.sub,
            stream,
            verbs: claims.verbs,
            expires,
        })
    }
}
