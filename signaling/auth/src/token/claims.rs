//! What a token says.

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;

use crate::grant::Verb;

/// Our name in `aud`. A token whose audience is another, or others without us, is invalid (RFC 7519 section 4.1.3).
pub const AUDIENCE: &str = "freshet";

/// Longest life of a token, in seconds. A token cannot be revoked, so a leaked one must die by itself; whoever needs
/// longer asks again. A token that claims more is refused, not shortened: its issuer must learn of it.
pub const TOKEN_LIFETIME_SECS_MAX: u64 = 3_600;

/// Longest `sub`, in characters: it appears in logs. A longer one makes the token invalid.
pub const SUBJECT_CHARS_MAX: usize = 128;

/// Most entries in `verbs`: there are two verbs.
const VERBS_MAX: usize = 2;

/// The claims as they stand in the token. A claim that is there twice, or has another JSON type, makes it invalid;
/// claims that are not ours are ignored (RFC 7519 section 4).
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: Audience,
    pub(crate) sub: String,
    pub(crate) stream: String,
    pub(crate) verbs: Vec<Verb>,
    pub(crate) exp: NumericDate,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub(crate) nbf: Option<NumericDate>,
}

/// Whom a token is for: us, alone or among others (RFC 7519 section 4.1.3).
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Audience(&'static str);

impl Audience {
    /// Nobody else.
    pub(crate) const US: Self = Self(AUDIENCE);
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Audience;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{AUDIENCE:?}, or an array of strings that holds it")
            }

            fn visit_str<E: de::Error>(self, one: &str) -> Result<Audience, E> {
                let is_us = one == AUDIENCE;
                is_us
                    .then_some(Audience::US)
                    .ok_or_else(|| E::custom("for somebody else"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut many: A) -> Result<Audience, A::Error> {
                let mut is_ours = false;
                while let Some(one) = many.next_element::<String>()? {
                    is_ours |= one == AUDIENCE;
                }
                is_ours
                    .then_some(Audience::US)
                    .ok_or_else(|| de::Error::custom("for others"))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// An optional claim that is there must be a date: `null` is not one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NumericDate>, D::Error> {
    NumericDate::deserialize(deserializer).map(Some)
}

/// A JSON number of seconds since 1970 (RFC 7519 section 2); a fraction is cut off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct NumericDate(pub(crate) u64);

/// Largest date read, in seconds: 2^53, where JSON numbers stop being exact (RFC 8259 section 6). A token with a later one is
/// invalid: what its issuer meant is not known.
const NUMERIC_DATE_MAX: u64 = 9_007_199_254_740_992;

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds since 1970")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<NumericDate, E> {
                if value <= NUMERIC_DATE_MAX {
                    Ok(NumericDate(value))
                } else {
                    Err(E::custom("out of range"))
                }
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<NumericDate, E> {
                if (0.0..=NUMERIC_DATE_MAX as f64).contains(&value) {
                    // In range by the line above: the cast cuts off a fraction and nothing else.
                    Ok(NumericDate(value as u64))
                } else {
                    Err(E::custom("out of range"))
                }
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// What a verified token permits: the claims, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Who.
    pub subject: String,
    /// On which stream.
    pub stream: RoomId,
    /// What: one or both.
    pub verbs: Vec<Verb>,
    /// Until when.
    pub expires: UnixTime,
}

/// Who a token is about: 1 to 128 printable ASCII characters, so that it can stand in a log line.
pub(crate) fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

/// One verb or both.
pub(crate) fn are_verbs(verbs: &[Verb]) -> bool {
    (1..=VERBS_MAX).contains(&verbs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_an_edge_where_numbers_stop_being_exact() {
        let read = |text: &str| {
            let date: Option<NumericDate> = serde_json::from_str(text).ok();
            date.map(|date| date.0)
        };
        for text in ["9007199254740992", "9007199254740992.0"] {
            assert_eq!(read(text), Some(1 << 53), "{text}");
        }
        for text in ["9007199254740993", "9007199254740994.0", "-1", "-0.5"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("1.9"), Some(1));
    }
}
