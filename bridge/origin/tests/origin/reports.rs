//! Rendition reports (draft-pantos-hls-rfc8216bis section 4.4.5.4): rows LR-01 to LR-03.

use std::sync::Arc;

use bridge_packager::event::Event as Packaged;
use bridge_packager::part::PartIndex;
use bridge_packager::playlist::media::{Media, Report};
use bridge_packager::segment::MediaSequenceNumber;
use proptest::prelude::*;

use crate::stream::{Stream, name, text};

/// What a playlist says of another rendition: segment and part.
fn report(playlist: &str, of: &str) -> Option<(u64, u32)> {
    let begin = format!("#EXT-X-RENDITION-REPORT:URI=\"../{of}/live.m3u8\",LAST-MSN=");
    let rest = playlist
        .lines()
        .find_map(|line| line.strip_prefix(&*begin))?;
    let (segment, part) = rest.split_once(",LAST-PART=")?;
    Some((segment.parse().ok()?, part.parse().ok()?))
}

/// Only this rendition's playlist, with what its packager knew of the other.
fn tell_one(stream: &mut Stream, rendition: &str, other: &str, last: (u64, u32)) {
    let media = stream.media(&name(rendition));
    stream.tell(Packaged::Playlist(Arc::new(Media {
        reports: Arc::from([Report {
            rendition: name(other),
            last: MediaSequenceNumber(last.0),
            last_part: Some(PartIndex(last.1)),
        }]),
        ..media
    })));
}

#[test]
fn a_report_is_of_now_also_when_the_other_rendition_got_its_part_later() {
    let mut stream = Stream::with_parts(9);
    // The pictures have their tenth part, and the sound is behind.
    stream.part_bytes();
    tell_one(&mut stream, "720p", "aac", (2, 0));
    let playlist = text(&stream.fetch("720p/live.m3u8"));
    assert_eq!(report(&playlist, "aac"), Some((2, 0)));
    tell_one(&mut stream, "aac", "720p", (2, 1));
    let playlist = text(&stream.fetch("720p/live.m3u8"));
    assert_eq!(report(&playlist, "aac"), Some((2, 1)), "{playlist}");
}

#[test]
fn what_the_packager_says_is_ahead_of_what_has_arrived_stays() {
    let mut stream = Stream::with_parts(9);
    stream.part_bytes();
    // Both have their part; the playlist of the sound is told of next.
    tell_one(&mut stream, "720p", "aac", (2, 1));
    let playlist = text(&stream.fetch("720p/live.m3u8"));
    assert_eq!(report(&playlist, "aac"), Some((2, 1)));
}

#[test]
fn lr_01_a_rendition_that_joined_since_is_reported() {
    let mut stream = Stream::begun(&["720p", "360p", "aac"]);
    stream.parts(9);
    let media = stream.media(&name("720p"));
    stream.tell(Packaged::Playlist(Arc::new(Media {
        reports: Arc::from([]),
        ..media
    })));
    let playlist = text(&stream.fetch("720p/live.m3u8"));
    for other in ["360p", "aac"] {
        assert_eq!(report(&playlist, other), Some((2, 0)), "{playlist}");
    }
    assert_eq!(report(&playlist, "720p"), None, "itself is no other");
}

proptest! {
    #[test]
    fn lr_03_what_is_reported_is_answered_at_once(n_parts in 1_u32..40, cut in any::<bool>()) {
        let mut stream = Stream::with_parts(n_parts);
        if cut && n_parts % 4 != 0 {
            stream.cut();
        }
        let last = if n_parts % 4 == 0 || cut { None } else { Some(n_parts % 4 - 1) };
        let (segment, part) = match last {
            Some(part) => (u64::from(n_parts / 4), part),
            None => (u64::from(n_parts.div_ceil(4)) - 1, (n_parts - 1) % 4),
        };
        for (of, other) in [("720p", "aac"), ("aac", "720p")] {
            tell_one(&mut stream, of, other, (0, 0));
            let playlist = text(&stream.fetch(&format!("{of}/live.m3u8")));
            prop_assert_eq!(report(&playlist, other), Some((segment, part)));
            let at = format!("{other}/live.m3u8?_HLS_msn={segment}&_HLS_part={part}");
            let next = text(&stream.fetch(&at));
            let part = format!("k3x9/{segment}.{part}.m4s");
            prop_assert!(next.contains(&format!("URI=\"{part}\"")), "{}", next);
            prop_assert_eq!(stream.status(&format!("{other}/{part}")), 200);
        }
    }
}
