//! What tells one version of an object from another (RFC 9110 section 8.8.3).

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::encoding::Encoding;

/// The validator of an object, strong: equal ones are of equal bytes. It is no secret and guards nothing, so that 64 bits
/// of any hash do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag {
    hash: u64,
    encoding: Encoding,
}

impl ETag {
    /// Of a text, or of what names one thing for ever.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Self {
            hash: hasher.finish(),
            encoding: Encoding::Identity,
        }
    }

    /// Of the same object in an encoding, whose bytes are others (section 8.8.3.3).
    #[must_use]
    pub const fn encoded(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// Whether an `If-None-Match` field names it; weak or strong is the same there (section 13.1.2).
    pub fn is_in(&self, field: &str) -> bool {
        let own = self.to_string();
        let mut tags = field.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own)
    }

    /// Whether an `If-Range` field is it. A date is not: we give none away.
    pub fn is_strongly(&self, field: &str) -> bool {
        field.trim() == self.to_string()
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.encoding {
            Encoding::Identity => "",
            Encoding::Gzip => "-gz",
        };
        write!(f, "\"{:016x}{suffix}\"", self.hash)
    }
}
