//! What a path names. One object has one path: nothing is decoded, normalised or looked up on a disk.

use bridge_packager::part::PartIndex;
use bridge_packager::segment::{InitNumber, MediaSequenceNumber};

use crate::request::Tree;

/// An object of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path<'a> {
    /// `multivariant.m3u8`, `dvr.m3u8`.
    Multivariant(View),
    /// `manifest.mpd`.
    Mpd,
    /// `thumbnail.jpg`.
    Thumbnail,
    /// `{rendition}/live.m3u8`, `{rendition}/dvr.m3u8`.
    Playlist {
        /// Of which rendition.
        rendition: &'a str,
        /// Which.
        view: View,
    },
    /// `{rendition}/{epoch}/{file}`.
    Media {
        /// Of which rendition.
        rendition: &'a str,
        /// Of which life of the stream.
        epoch: &'a str,
        /// Which.
        file: File,
    },
}

/// Which of the two playlists of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// The live edge, with parts.
    Live,
    /// The whole window, without.
    Dvr,
}

/// A file of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `init-{n}.mp4`.
    Init(InitNumber),
    /// `{msn}.m4s`.
    Segment(MediaSequenceNumber),
    /// `{msn}.{part}.m4s`.
    Part(MediaSequenceNumber, PartIndex),
}

impl<'a> Path<'a> {
    /// Reads a path. `None`: nothing can have this name.
    pub fn parse(tree: Tree, path: &'a str) -> Option<Self> {
        if tree == Tree::Dash {
            return (path == "manifest.mpd").then_some(Self::Mpd);
        }
        let Some((rendition, rest)) = path.split_once('/') else {
            return match path {
                "multivariant.m3u8" => Some(Self::Multivariant(View::Live)),
                "dvr.m3u8" => Some(Self::Multivariant(View::Dvr)),
                "thumbnail.jpg" => Some(Self::Thumbnail),
                _ => None,
            };
        };
        let playlist = |view| Some(Self::Playlist { rendition, view });
        match rest {
            "live.m3u8" => playlist(View::Live),
            "dvr.m3u8" => playlist(View::Dvr),
            _ => {
                let (epoch, file) = rest.split_once('/')?;
                let file = File::parse(file)?;
                Some(Self::Media {
                    rendition,
                    epoch,
                    file,
                })
            }
        }
    }
}

impl File {
    fn parse(name: &str) -> Option<Self> {
        if let Some(number) = name.strip_prefix("init-") {
            let number = number.strip_suffix(".mp4").and_then(number_of)?;
            return Some(Self::Init(InitNumber(u32::try_from(number).ok()?)));
        }
        let numbers = name.strip_suffix(".m4s")?;
        let Some((segment, part)) = numbers.split_once('.') else {
            return Some(Self::Segment(MediaSequenceNumber(number_of(numbers)?)));
        };
        let part = u32::try_from(number_of(part)?).ok()?;
        Some(Self::Part(
            MediaSequenceNumber(number_of(segment)?),
            PartIndex(part),
        ))
    }
}

/// A number as we write it: digits without a zero in front, so that no file has a second name that a cache would keep
/// beside the first.
fn number_of(digits: &str) -> Option<u64> {
    let is_ours = digits == "0" || !digits.starts_with('0');
    let is_digits = digits.bytes().all(|b| b.is_ascii_digit());
    (is_ours && is_digits).then(|| digits.parse().ok())?
}
