//! Making tokens.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;

use super::claims::{
    self, Audience, Claims, NumericDate, SUBJECT_CHARS_MAX, TOKEN_LIFETIME_SECS_MAX,
};
use super::verify::{HS256_SECRET_BYTES_MIN, InvalidKey};
use crate::grant::Verb;

/// A key that signs tokens. The algorithm belongs to the key.
pub struct SigningKey {
    algorithm: Algorithm,
    key: EncodingKey,
}

impl SigningKey {
    /// HS256 (RFC 7518 section 3.2) with a secret of at least [`HS256_SECRET_BYTES_MIN`] bytes.
    pub fn hs256(secret: &[u8]) -> Result<Self, InvalidKey> {
        if secret.len() < HS256_SECRET_BYTES_MIN {
            return Err(InvalidKey::ShortSecret);
        }
        Ok(Self {
            algorithm: Algorithm::HS256,
            key: EncodingKey::from_secret(secret),
        })
    }

    /// EdDSA (RFC 8037) with an Ed25519 private key: PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn eddsa_pem(pem: &[u8]) -> Result<Self, InvalidKey> {
        let key = EncodingKey::from_ed_pem(pem).map_err(|_| InvalidKey::NotEd25519Private)?;
        Ok(Self {
            algorithm: Algorithm::EdDSA,
            key,
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, ***)", self.algorithm)
    }
}

/// What a token is to say.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Who.
    pub subject: String,
    /// On which stream.
    pub stream: RoomId,
    /// What: one or both.
    pub verbs: Vec<Verb>,
    /// For how long; 1 s to an hour.
    pub lifetime: Duration,
}

/// A signed token.
pub struct Token(SecretString);

impl Token {
    /// The token itself, to be handed to its holder.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// Why a token is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The caller asks for no time, or for too much.
    #[error("a token lives 1 to {TOKEN_LIFETIME_SECS_MAX} seconds")]
    Lifetime,
    /// The caller names nobody, or too much.
    #[error("a subject is 1 to {SUBJECT_CHARS_MAX} printable ASCII characters")]
    Subject,
    /// The caller asks for nothing, or for something twice.
    #[error("a token permits publish, play, or both")]
    Verbs,
    /// The key cannot sign.
    #[error("the signing key does not work")]
    Key,
}

/// Makes a token that starts now.
pub fn issue(
    key: &SigningKey,
    request: &TokenRequest,
    unix_now: UnixTime,
) -> Result<Token, IssueError> {
    let lifetime_secs = request.lifetime.as_secs();
    if !(1..=TOKEN_LIFETIME_SECS_MAX).contains(&lifetime_secs) {
        return Err(IssueError::Lifetime);
    }
    if !claims::is_subject(&request.subject) {
        return Err(IssueError::Subject);
    }
    if !claims::are_verbs(&request.verbs) {
        return Err(IssueError::Verbs);
    }
    let claims = Claims {
        aud: Audience::US,
        sub: request.subject.clone(),
        stream: request.stream.as_str().to_owned(),
        verbs: request.verbs.clone(),
        exp: NumericDate(unix_now.0.saturating_add(lifetime_secs)),
        nbf: None,
    };
    jsonwebtoken::encode(&Header::new(key.algorithm), &claims, &key.key)
        .map(|text| Token(SecretString::from(text)))
        .map_err(|_| IssueError::Key)
}
