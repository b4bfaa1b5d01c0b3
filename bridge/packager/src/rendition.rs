//! One version of one medium of a stream, with a media playlist of its own.

use std::fmt;
use std::sync::Arc;

use sfu_model::codec::{ClockRate, MediaKind};
use sfu_model::packet::Dimensions;

use crate::segment::InitNumber;

/// The name of a rendition, a segment of its URLs: `720p`, `360p`, `aac`, `opus`. `^[a-z0-9]{1,16}$`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RenditionName(Arc<str>);

/// Longest name of a rendition, in bytes: names are made of a height or a codec, and stand in every URL.
pub const RENDITION_NAME_BYTES_MAX: usize = 16;

impl RenditionName {
    /// Checks a name. `None`: it is no name of a rendition.
    pub fn parse(name: &str) -> Option<Self> {
        let fits = (1..=RENDITION_NAME_BYTES_MAX).contains(&name.len());
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        (fits && name.bytes().all(letters)).then(|| Self(Arc::from(name)))
    }

    /// The name as it stands in URLs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RenditionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RenditionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RenditionName({})", self.0)
    }
}

/// What a multivariant playlist and an MPD say of a rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenditionOutline {
    /// Its name.
    pub name: RenditionName,
    /// Sound or pictures: they are never in one rendition.
    pub kind: MediaKind,
    /// Ticks per second of its times.
    pub clock_rate: ClockRate,
    /// The codec string (RFC 6381) of what it carries, for example `avc1.42e01f`: of all that is listed, the most that a
    /// decoder must know.
    pub codecs: Arc<str>,
    /// What its init sections are for, of those that listed segments need; oldest first.
    pub formats: Arc<[FormatOutline]>,
    /// Of pictures.
    pub size: Option<Dimensions>,
    /// Pictures a second as measured, in thousandths.
    pub milli_fps: Option<u32>,
    /// Channels of sound.
    pub channels: Option<u8>,
    /// Largest bit rate of segments in a row so far, bit/s (`BANDWIDTH`).
    pub peak_bps: u64,
    /// Mean bit rate of the segments so far, bit/s (`AVERAGE-BANDWIDTH`).
    pub average_bps: u64,
}

/// What one init section of a rendition is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatOutline {
    /// Which it is.
    pub init: InitNumber,
    /// The codec string (RFC 6381).
    pub codecs: Arc<str>,
    /// Of pictures.
    pub size: Option<Dimensions>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_an_edge_at_sixteen_bytes() {
        let name = |n_bytes| RenditionName::parse(&"a".repeat(n_bytes));
        assert!(name(0).is_none() && name(1).is_some());
        assert!(name(RENDITION_NAME_BYTES_MAX).is_some());
        assert!(name(RENDITION_NAME_BYTES_MAX + 1).is_none());
    }
}
