//! URIs of a stream's media and playlists: written here for playlists, and read here for whoever serves them.
//!
//! All that a media playlist names is relative to `/hls/{stream}/{rendition}/`. The epoch, drawn at random for each life of
//! a stream, makes what a URI means immutable: numbers begin anew with the next life, and caches keep the last one's.

use std::fmt;

use crate::part::PartIndex;
use crate::rendition::RenditionName;
use crate::segment::{InitNumber, MediaSequenceNumber};

/// The live media playlist.
pub const LIVE: &str = "live.m3u8";
/// The media playlist of the whole DVR window.
pub const DVR: &str = "dvr.m3u8";
/// The multivariant playlist of the live media playlists.
pub const MULTIVARIANT: &str = "multivariant.m3u8";
/// The multivariant playlist of the DVR media playlists.
pub const MULTIVARIANT_DVR: &str = "dvr.m3u8";

/// Longest epoch in bytes: 128 bits in hexadecimal.
const EPOCH_BYTES_MAX: usize = 32;

/// A media file of one rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaFile {
    /// `init-{n}.mp4`.
    Init(InitNumber),
    /// `{msn}.m4s`.
    Segment(MediaSequenceNumber),
    /// `{msn}.{part}.m4s`.
    Part(MediaSequenceNumber, PartIndex),
}

impl MediaFile {
    /// Reads the name of a file, in the one spelling that is written: anything else is no file of ours.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(name) = name.strip_suffix(".mp4") {
            let number = decimal(name.strip_prefix("init-")?)?;
            return Some(Self::Init(InitNumber(u32::try_from(number).ok()?)));
        }
        let name = name.strip_suffix(".m4s")?;
        Some(match name.split_once('.') {
            None => Self::Segment(MediaSequenceNumber(decimal(name)?)),
            Some((segment, part)) => Self::Part(
                MediaSequenceNumber(decimal(segment)?),
                PartIndex(u32::try_from(decimal(part)?).ok()?),
            ),
        })
    }
}

impl fmt::Display for MediaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init(number) => write!(f, "init-{}.mp4", number.0),
            Self::Segment(number) => write!(f, "{}.m4s", number.0),
            Self::Part(number, index) => write!(f, "{}.{}.m4s", number.0, index.0),
        }
    }
}

/// What is below `/hls/{stream}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamFile<'p> {
    /// `multivariant.m3u8`.
    Multivariant,
    /// `dvr.m3u8`: the multivariant playlist of the DVR media playlists.
    MultivariantDvr,
    /// `{rendition}/live.m3u8`.
    Live(RenditionName),
    /// `{rendition}/dvr.m3u8`.
    Dvr(RenditionName),
    /// `{rendition}/{epoch}/{file}`.
    Media {
        /// Of which rendition.
        rendition: RenditionName,
        /// Of which life of the stream.
        epoch: &'p str,
        /// Which.
        file: MediaFile,
    },
}

impl<'p> StreamFile<'p> {
    /// Reads the path after `/hls/{stream}/`, without query and not percent-decoded: nothing that we write needs encoding.
    pub fn parse(path: &'p str) -> Option<Self> {
        let mut names = path.split('/');
        let first = names.next()?;
        let Some(second) = names.next() else {
            return match first {
                MULTIVARIANT => Some(Self::Multivariant),
                MULTIVARIANT_DVR => Some(Self::MultivariantDvr),
                _ => None,
            };
        };
        let rendition = RenditionName::parse(first)?;
        let third = names.next();
        if names.next().is_some() {
            return None;
        }
        match (second, third) {
            (LIVE, None) => Some(Self::Live(rendition)),
            (DVR, None) => Some(Self::Dvr(rendition)),
            (epoch, Some(file)) if is_epoch(epoch) => Some(Self::Media {
                rendition,
                epoch,
                file: MediaFile::parse(file)?,
            }),
            _ => None,
        }
    }
}

/// Can this be an epoch? Letters and digits, as they stand in URLs unencoded.
pub fn is_epoch(name: &str) -> bool {
    let is_short = (1..=EPOCH_BYTES_MAX).contains(&name.len());
    is_short && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A number without sign and leading zeros: one file has one name.
fn decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    let is_shortest = text == "0" || !text.starts_with('0');
    (is_plain && is_shortest).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file() -> impl Strategy<Value = MediaFile> {
        prop_oneof![
            any::<u32>().prop_map(|n| MediaFile::Init(InitNumber(n))),
            any::<u64>().prop_map(|n| MediaFile::Segment(MediaSequenceNumber(n))),
            any::<(u64, u32)>()
                .prop_map(|(n, part)| MediaFile::Part(MediaSequenceNumber(n), PartIndex(part))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(file in file()) {
            prop_assert_eq!(MediaFile::parse(&file.to_string()), Some(file));
            let path = format!("720p/0123abcd/{file}");
            let rendition = RenditionName::parse("720p").unwrap();
            let media = StreamFile::Media { rendition, epoch: "0123abcd", file };
            prop_assert_eq!(StreamFile::parse(&path), Some(media));
        }

        #[test]
        fn a_file_has_one_name(name in "(init-)?[0-9+ -]{0,4}(\\.[0-9]{0,3})?\\.(m4s|mp4)") {
            if let Some(file) = MediaFile::parse(&name) {
                prop_assert_eq!(file.to_string(), name);
            }
        }

        #[test]
        fn no_path_of_chance_is_a_panic(path in ".{0,60}") {
            let _ = StreamFile::parse(&path);
        }
    }

    #[test]
    fn playlists_have_their_places() {
        let rendition = || RenditionName::parse("aac").unwrap();
        let table = [
            ("multivariant.m3u8", Some(StreamFile::Multivariant)),
            ("dvr.m3u8", Some(StreamFile::MultivariantDvr)),
            ("aac/live.m3u8", Some(StreamFile::Live(rendition()))),
            ("aac/dvr.m3u8", Some(StreamFile::Dvr(rendition()))),
        ];
        for (path, file) in table {
            assert_eq!(StreamFile::parse(path), file, "{path}");
        }
    }

    #[test]
    fn nothing_leads_out_of_a_stream() {
        let table = [
            "",
            "/",
            "aac",
            "aac/",
            "../aac/live.m3u8",
            "aac/../live.m3u8",
            "aac/../0.m4s",
            "aac/%2e%2e/0.m4s",
            "aac/e/x/0.m4s",
            "aac//0.m4s",
            "aac/e/00.m4s",
            "aac/e/-1.m4s",
            "aac/e/0.0.0.m4s",
            "aac/e/0..m4s",
            "aac/e/18446744073709551616.m4s",
            "aac/e/init-4294967296.mp4",
            "AAC/live.m3u8",
            "aac/live.m3u8/",
        ];
        for path in table {
            assert_eq!(StreamFile::parse(path), None, "{path}");
        }
    }
}
