//! Delta updates (draft-pantos-hls-rfc8216bis section 6.2.5.1): rows LD. What they leave out is the packager's; which playlist
//! answers is decided here.

use crate::stream::{Stream, text};

const LIVE: &str = "720p/live.m3u8";

/// A stream with more behind it than the skip boundary.
fn long() -> Stream {
    Stream::with_parts(45)
}

fn value_of(playlist: &str, tag: &str) -> Option<u64> {
    let line = playlist.lines().find_map(|line| line.strip_prefix(tag))?;
    line.split(',').next()?.parse().ok()
}

fn skipped(playlist: &str) -> Option<u64> {
    value_of(playlist, "#EXT-X-SKIP:SKIPPED-SEGMENTS=")
}

fn uris(playlist: &str) -> Vec<&str> {
    playlist
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
}

#[test]
fn ld_01_old_segments_are_skipped_when_that_is_asked_for() {
    let mut stream = long();
    let whole = text(&stream.fetch(LIVE));
    for skip in ["YES", "v2"] {
        let delta = text(&stream.fetch(&format!("{LIVE}?_HLS_skip={skip}")));
        let n_skipped = skipped(&delta).expect("something is older than the boundary");
        assert!(n_skipped > 0);
        assert_eq!(uris(&delta), uris(&whole)[n_skipped as usize..]);
        assert!(delta.len() < whole.len());
    }
}

#[test]
fn ld_01_the_dvr_playlist_has_delta_updates_too() {
    let mut stream = long();
    let whole = text(&stream.fetch("720p/dvr.m3u8"));
    let delta = text(&stream.fetch("720p/dvr.m3u8?_HLS_skip=YES"));
    let n_skipped = skipped(&delta).expect("most of it is old");
    assert_eq!(uris(&delta), uris(&whole)[n_skipped as usize..]);
}

#[test]
fn ld_02_nothing_is_skipped_of_a_playlist_that_ended() {
    let mut stream = long();
    stream.end();
    for url in [LIVE, "720p/dvr.m3u8"] {
        let whole = text(&stream.fetch(url));
        assert_eq!(text(&stream.fetch(&format!("{url}?_HLS_skip=YES"))), whole);
        assert_eq!(skipped(&whole), None);
    }
}

#[test]
fn ld_02_who_waits_for_a_delta_when_the_stream_ends_gets_the_text_of_all_others() {
    let mut stream = long();
    let url = format!("{LIVE}?_HLS_msn=12");
    stream.hold(&url);
    stream.hold(&format!("{url}&_HLS_skip=YES"));
    stream.hold(&format!("{url}&_HLS_skip=v2"));
    let renders = stream.origin.stats().renders;
    stream.end();
    let texts: Vec<String> = stream
        .woken()
        .iter()
        .map(|woken| text(&woken.response))
        .collect();
    assert_eq!(texts.len(), 3);
    assert!(texts.iter().all(|text| *text == texts[0]));
    assert_eq!(stream.origin.stats().renders, renders + 1);
}

#[test]
fn ld_03_and_ld_04_there_are_no_date_ranges_to_skip_or_to_report() {
    let mut stream = long();
    for query in ["", "?_HLS_skip=v2"] {
        let playlist = text(&stream.fetch(&format!("{LIVE}{query}")));
        assert!(!playlist.contains("#EXT-X-DATERANGE"));
        assert!(!playlist.contains("CAN-SKIP-DATERANGES"));
        let removed = playlist.split("RECENTLY-REMOVED-DATERANGES=").nth(1);
        assert!(removed.is_none_or(|removed| removed.starts_with("\"\"\n")));
        assert_eq!(removed.is_some(), query.ends_with("v2"), "{playlist}");
    }
}

#[test]
fn ld_05_tags_that_are_not_of_segments_stay() {
    let mut stream = long();
    let whole = text(&stream.fetch(LIVE));
    let delta = text(&stream.fetch(&format!("{LIVE}?_HLS_skip=YES")));
    for tag in [
        "#EXT-X-TARGETDURATION",
        "#EXT-X-SERVER-CONTROL",
        "#EXT-X-PART-INF",
        "#EXT-X-RENDITION-REPORT",
        "#EXT-X-PRELOAD-HINT",
    ] {
        let lines = |text: &str| -> Vec<String> {
            text.lines()
                .filter(|l| l.starts_with(tag))
                .map(str::to_owned)
                .collect()
        };
        assert!(!lines(&whole).is_empty(), "{tag}");
        assert_eq!(lines(&whole), lines(&delta));
    }
}

#[test]
fn ld_06_skipping_changes_no_sequence_number_and_an_old_playlist_makes_a_delta_whole() {
    let mut stream = long();
    for _ in 0..24 {
        let old = text(&stream.fetch(LIVE));
        stream.part();
        let new = text(&stream.fetch(LIVE));
        let delta = text(&stream.fetch(&format!("{LIVE}?_HLS_skip=YES")));
        let first = |text: &str| value_of(text, "#EXT-X-MEDIA-SEQUENCE:").unwrap();
        assert_eq!(first(&new), first(&delta));
        let discontinuities = |text: &str| value_of(text, "#EXT-X-DISCONTINUITY-SEQUENCE:");
        assert_eq!(discontinuities(&new), discontinuities(&delta));
        let n_removed = (first(&new) - first(&old)) as usize;
        let n_skipped = skipped(&delta).unwrap() as usize;
        let old_uris = uris(&old);
        let mut rebuilt = old_uris[n_removed..n_removed + n_skipped].to_vec();
        rebuilt.extend(uris(&delta));
        assert_eq!(rebuilt, uris(&new));
    }
}

#[test]
fn ld_07_a_delta_can_be_waited_for() {
    let mut stream = long();
    let url = format!("{LIVE}?_HLS_msn=11&_HLS_part=1");
    let whole = stream.hold(&url);
    let delta = stream.hold(&format!("{url}&_HLS_skip=YES"));
    assert_ne!(whole, delta);
    stream.part();
    let woken = stream.woken();
    assert_eq!(woken.len(), 2);
    for woken in woken {
        let playlist = text(&woken.response);
        assert!(playlist.contains("k3x9/11.1.m4s"));
        assert_eq!(skipped(&playlist).is_some(), woken.group == delta);
    }
}

#[test]
fn ld_08_a_playlist_with_nothing_old_is_whole() {
    let mut stream = Stream::with_parts(9);
    let whole = text(&stream.fetch(LIVE));
    assert_eq!(text(&stream.fetch(&format!("{LIVE}?_HLS_skip=YES"))), whole);
}
