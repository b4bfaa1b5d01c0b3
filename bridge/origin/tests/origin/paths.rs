//! Paths that name nothing (S13): no decoding, no normalising, no disk.

use bridge_origin::path::{Path, View};
use bridge_origin::request::Tree;
use bridge_packager::part::PartIndex;
use bridge_packager::playlist::uri::MediaFile;
use bridge_packager::segment::{InitNumber, MediaSequenceNumber};

use crate::stream::Stream;

#[test]
fn what_has_a_name_is_found_by_it() {
    let media = |file| Path::Media {
        rendition: "720p",
        epoch: "k3x9",
        file,
    };
    let playlist = |view| Path::Playlist {
        rendition: "720p",
        view,
    };
    for (path, expected) in [
        ("multivariant.m3u8", Path::Multivariant(View::Live)),
        ("dvr.m3u8", Path::Multivariant(View::Dvr)),
        ("thumbnail.jpg", Path::Thumbnail),
        ("720p/live.m3u8", playlist(View::Live)),
        ("720p/dvr.m3u8", playlist(View::Dvr)),
        (
            "720p/k3x9/init-3.mp4",
            media(MediaFile::Init(InitNumber(3))),
        ),
        (
            "720p/k3x9/0.m4s",
            media(MediaFile::Segment(MediaSequenceNumber(0))),
        ),
        (
            "720p/k3x9/41.7.m4s",
            media(MediaFile::Part(MediaSequenceNumber(41), PartIndex(7))),
        ),
    ] {
        assert_eq!(Path::parse(Tree::Hls, path), Some(expected), "{path}");
        assert_eq!(Path::parse(Tree::Dash, path), None, "{path}");
    }
    for (path, view) in [("manifest.mpd", View::Live), ("whole.mpd", View::Dvr)] {
        assert_eq!(Path::parse(Tree::Dash, path), Some(Path::Mpd(view)));
        assert_eq!(Path::parse(Tree::Hls, path), None);
    }
}

#[test]
fn what_has_no_name_is_404_however_it_is_spelled() {
    let mut stream = Stream::with_parts(9);
    for path in [
        "",
        "/",
        "//",
        ".",
        "..",
        "../",
        "../../etc/passwd",
        "720p/../720p/live.m3u8",
        "./720p/live.m3u8",
        "720p//live.m3u8",
        "/720p/live.m3u8",
        "720p/live.m3u8/",
        "720p/live%2Em3u8",
        "720p%2Flive.m3u8",
        "%37%32%30p/live.m3u8",
        "720p/%2e%2e/live.m3u8",
        "720p/%252e%252e/1.m4s",
        "720p\\live.m3u8",
        "720p/live.m3u8\0",
        "720p/live.m3u8\0.m4s",
        "720p/LIVE.m3u8",
        "720p/live.m3u8;x",
        "720p/live.m3u8#x",
        "720p/k3x9/",
        "720p/k3x9/1",
        "720p/k3x9/.m4s",
        "720p/k3x9/1..m4s",
        "720p/k3x9/.1.m4s",
        "720p/k3x9/01.m4s",
        "720p/k3x9/1.01.m4s",
        "720p/k3x9/+1.m4s",
        "720p/k3x9/-1.m4s",
        "720p/k3x9/1.-1.m4s",
        "720p/k3x9/1.m4s/",
        "720p/k3x9/1.m4s.m4s",
        "720p/k3x9/1.2.3.m4s",
        "720p/k3x9/init-.mp4",
        "720p/k3x9/init-00.mp4",
        "720p/k3x9/init-0.m4s",
        "720p/k3x9/init-4294967296.mp4",
        "720p/k3x9/1.4294967296.m4s",
        "720p/k3x9/18446744073709551616.m4s",
        "720p/k3x9/../1.m4s",
        "720p/k3x9/\u{661}.m4s",
        "thumbnail.jpg/",
        "thumbnail.png",
        "dash:",
        "dash:../hls",
        "dash:manifest.mpd/",
        "1080p/live.m3u8",
        "1080p/k3x9/1.m4s",
    ] {
        assert_eq!(stream.status(path), 404, "{path:?}");
    }
}
