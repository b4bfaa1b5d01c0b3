//! The keys that sign URLs, and the check.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;

use super::country::Country;
use super::network::Network;
use super::terms::{Asker, Terms, UrlRefusal};
use crate::limits::{URL_LIFETIME_SECS_MAX, URL_TOKEN_BYTES_MAX};

/// Shortest key, in bytes: the length of the hash (RFC 2104 section 3 discourages less).
pub const URL_KEY_BYTES_MIN: usize = 32;

/// A key that signs URLs.
#[derive(Clone)]
pub struct UrlKey(hmac::Key);

/// Why bytes are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key for URLs has at least {URL_KEY_BYTES_MIN} bytes")]
pub struct ShortUrlKey;

/// What a signed URL is to say.
#[derive(Clone, Debug)]
pub struct UrlRequest {
    /// Which stream it plays.
    pub stream: RoomId,
    /// For how long; a second to a week.
    pub lifetime: Duration,
    /// From which addresses; `None` for any.
    pub network: Option<Network>,
    /// From which country; `None` for any.
    pub country: Option<Country>,
}

/// The caller asks for no time, or for too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signed URL lives 1 to {URL_LIFETIME_SECS_MAX} seconds")]
pub struct UrlLifetime;

/// The segment of a path that lets its holder play.
pub struct UrlToken(SecretString);

impl UrlToken {
    /// The segment itself, to be handed to its holder.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for UrlToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlToken(***)")
    }
}

impl fmt::Debug for UrlKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlKey(***)")
    }
}

impl UrlKey {
    /// Wraps bytes that a CSPRNG drew.
    pub fn new(secret: &[u8]) -> Result<Self, ShortUrlKey> {
        if secret.len() < URL_KEY_BYTES_MIN {
            return Err(ShortUrlKey);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// Signs the token of a URL.
    pub fn sign(&self, request: &UrlRequest, unix_now: UnixTime) -> Result<UrlToken, UrlLifetime> {
        let secs = request.lifetime.as_secs();
        if !(1..=URL_LIFETIME_SECS_MAX).contains(&secs) {
            return Err(UrlLifetime);
        }
        let terms = Terms {
            expires: UnixTime(unix_now.0.saturating_add(secs)),
            network: request.network,
            country: request.country,
        };
        let text = terms.to_text();
        let tag = hmac::sign(&self.0, &signed(request.stream.as_str(), &text));
        let tag = URL_SAFE_NO_PAD.encode(tag);
        Ok(UrlToken(SecretString::from(format!("{text}.{tag}"))))
    }
}

/// What the signature is over. A name holds no NUL, so that no two pairs of stream and text run together to the same bytes.
fn signed(stream: &str, text: &str) -> Vec<u8> {
    [
        b"freshet signed url 1\0",
        stream.as_bytes(),
        b"\0",
        text.as_bytes(),
    ]
    .concat()
}

/// The keys that URLs are checked with: the one that signs, and the one before it while its URLs live.
#[derive(Clone, Debug)]
pub struct UrlKeys {
    current: UrlKey,
    previous: Option<UrlKey>,
}

impl UrlKeys {
    /// These.
    pub const fn new(current: UrlKey, previous: Option<UrlKey>) -> Self {
        Self { current, previous }
    }

    /// Signs the token of a URL with the one that signs.
    pub fn sign(&self, request: &UrlRequest, unix_now: UnixTime) -> Result<UrlToken, UrlLifetime> {
        self.current.sign(request, unix_now)
    }

    /// Whether the token lets `asker` play a stream. First the signature, in time that does not depend on where it differs:
    /// nothing is said, or read, of a token that is not ours.
    pub fn check(
        &self,
        token: &str,
        stream: &str,
        asker: Asker,
        unix_now: UnixTime,
    ) -> Result<Terms, UrlRefusal> {
        let text = self.verified(token, stream).ok_or(UrlRefusal::Signature)?;
        let terms = Terms::from_text(text).ok_or(UrlRefusal::Signature)?;
        terms.admit(asker, unix_now)?;
        Ok(terms)
    }

    /// The text of a token that one of the keys signed.
    fn verified<'t>(&self, token: &'t str, stream: &str) -> Option<&'t str> {
        if token.len() > URL_TOKEN_BYTES_MAX {
            return None;
        }
        let (text, tag) = token.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let message = signed(stream, text);
        let is_by = |key: &UrlKey| hmac::verify(&key.0, &message, &tag).is_ok();
        let is_ours = is_by(&self.current) || self.previous.as_ref().is_some_and(is_by);
        is_ours.then_some(text)
    }
}
