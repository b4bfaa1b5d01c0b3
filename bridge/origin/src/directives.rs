//! What a player asks of a media playlist beside its name: delivery directives (draft-pantos-hls-rfc8216bis section 6.2.5).

use bridge_packager::playlist::skip::Skip;

/// The directives of a request. All else in a query belongs to somebody else, a token for example, and changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `_HLS_msn`: the answer lists this segment, or a part of it.
    pub segment: Option<u64>,
    /// `_HLS_part`: the answer lists this part of it.
    pub part: Option<u64>,
    /// `_HLS_skip`: old segments may be left out.
    pub skip: Skip,
}

/// Why directives mean nothing: 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectiveError {
    /// One is there twice: caches and we could disagree on which counts.
    Twice,
    /// It is no number, or one below zero.
    NoNumber,
    /// A part without its segment (section 6.2.5.2: MUST be 400).
    PartAlone,
}

impl Directives {
    /// Reads a query. Directives that we do not know are ignored, and so are values of `_HLS_skip` that we do not know: a
    /// whole playlist is always right.
    pub fn parse(query: Option<&str>) -> Result<Self, DirectiveError> {
        let (mut segment, mut part, mut skip) = (None, None, None);
        for item in query.unwrap_or_default().split('&') {
            let (name, value) = item.split_once('=').unwrap_or((item, ""));
            let slot = match name {
                "_HLS_msn" => &mut segment,
                "_HLS_part" => &mut part,
                "_HLS_skip" => &mut skip,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(DirectiveError::Twice);
            }
        }
        let segment = segment.map(number_of).transpose()?;
        let part = part.map(number_of).transpose()?;
        if part.is_some() && segment.is_none() {
            return Err(DirectiveError::PartAlone);
        }
        let skip = skip.and_then(Skip::parse).unwrap_or_default();
        Ok(Self {
            segment,
            part,
            skip,
        })
    }
}

/// A decimal number. One that is too large for any stream stays too large.
fn number_of(digits: &str) -> Result<u64, DirectiveError> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DirectiveError::NoNumber);
    }
    Ok(digits.parse().unwrap_or(u64::MAX))
}
