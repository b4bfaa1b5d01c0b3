//! The bytes that a request wants of a file (RFC 9110 section 14).

use std::ops::Range;

/// One range, before the length of the file is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ByteRange {
    /// `a-`, or `a-b` with both included.
    From(u64, Option<u64>),
    /// `-n`: the last so many.
    Last(u64),
}

impl ByteRange {
    /// Reads a `Range` field. `None`: it is answered with the whole, which is right for what cannot be read, for what is
    /// upside down, and for several ranges, of which a thousand would cost more than the file.
    pub fn parse(field: &str) -> Option<Self> {
        let (unit, range) = field.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = range.trim().split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(position_of(last)?)),
            (first, "") => Some(Self::From(position_of(first)?, None)),
            (first, last) => {
                let (first, last) = (position_of(first)?, position_of(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// The bytes of a file of this length. `None`: it has none of them (416).
    pub fn of(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => {
                let end = last.map_or(length, |last| last.saturating_add(1).min(length));
                first..end
            }
            Self::Last(n_bytes) => length.saturating_sub(n_bytes)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

/// Digits. A number too large for any file stays too large.
fn position_of(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}
