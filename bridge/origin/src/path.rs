//! What a path names. One object has one path: nothing is decoded, normalised or looked up on a disk.

use bridge_packager::playlist::uri::{DVR, LIVE, MULTIVARIANT, MULTIVARIANT_DVR, MediaFile};

use crate::request::Tree;

/// The MPD, below `/dash/{stream}/`.
const MPD: &str = "manifest.mpd";
/// The MPD of whole segments alone, beside it: for caches that give nothing away before they have all of it.
const MPD_WHOLE: &str = "whole.mpd";
/// The latest picture, below `/hls/{stream}/`.
pub const THUMBNAIL: &str = "thumbnail.jpg";

/// An object of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path<'a> {
    /// `multivariant.m3u8`, `dvr.m3u8`.
    Multivariant(View),
    /// `manifest.mpd`, `whole.mpd`.
    Mpd(View),
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
        file: MediaFile,
    },
}

/// Which of two playlists, or of two MPDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// The live edge, with parts; in an MPD, with segments that are being made.
    Live,
    /// The whole window, without.
    Dvr,
}

impl<'a> Path<'a> {
    /// Reads a path. `None`: nothing can have this name.
    pub fn parse(tree: Tree, path: &'a str) -> Option<Self> {
        if tree == Tree::Dash {
            return match path {
                MPD => Some(Self::Mpd(View::Live)),
                MPD_WHOLE => Some(Self::Mpd(View::Dvr)),
                _ => None,
            };
        }
        let Some((rendition, rest)) = path.split_once('/') else {
            return match path {
                MULTIVARIANT => Some(Self::Multivariant(View::Live)),
                MULTIVARIANT_DVR => Some(Self::Multivariant(View::Dvr)),
                THUMBNAIL => Some(Self::Thumbnail),
                _ => None,
            };
        };
        let playlist = |view| Some(Self::Playlist { rendition, view });
        match rest {
            LIVE => playlist(View::Live),
            DVR => playlist(View::Dvr),
            _ => {
                let (epoch, file) = rest.split_once('/')?;
                let file = MediaFile::parse(file)?;
                Some(Self::Media {
                    rendition,
                    epoch,
                    file,
                })
            }
        }
    }
}
