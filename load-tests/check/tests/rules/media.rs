//! Every rule about media: fragments that keep it, and some that break it.

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::fmp4::{Sample, chunk, init_section};
use freshet_check::catalog::Rule;
use freshet_check::checker::{Checker, Snapshot};
use freshet_check::playlist::multivariant::multivariant;
use freshet_check::playlist::parse;
use freshet_check::playlist::segment::{Map, Part};
use freshet_check::rules::reloads::Directives;
use mp4_atom::{Decode as _, Encode as _, Ftyp, Moof, Moov};
use sfu_model::codec::MediaKind;
use sfu_model::frame::Format;
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};
use url::Url;

const MULTIVARIANT: &str = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",CHANNELS=\"2\",URI=\"audio.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001f,opus\",AUDIO=\"a\"\nvideo.m3u8\n";

fn url(name: &str) -> Url {
    Url::parse("http://corpus.invalid/")
        .unwrap()
        .join(name)
        .unwrap()
}

fn map(name: &str) -> Map {
    Map {
        uri: name.into(),
        byte_range: None,
    }
}

fn pictures(height: u16) -> Vec<u8> {
    let format = Format::H264 {
        sps: Box::new([0x67, 0x42, 0xe0, 0x1f, 1, 0x80]),
        pps: Box::new([0x68, 0xce, 0x3c]),
        size: Dimensions {
            width: 1280,
            height,
        },
    };
    init_section(&format).unwrap().to_vec()
}

fn sound(channels: u8) -> Vec<u8> {
    init_section(&Format::Opus {
        channels,
        pre_skip: 312,
    })
    .unwrap()
    .to_vec()
}

/// Fifteen pictures of a thirtieth of a second; which of them are keyframes.
fn half_a_second(keyframes: &[usize]) -> Vec<u8> {
    let samples: Vec<Sample> = (0..15)
        .map(|index| Sample {
            duration: 3_000,
            is_keyframe: keyframes.contains(&index),
            data: Arc::from([0, 0, 0, 1, 7].as_slice()),
        })
        .collect();
    chunk(1, MediaTime(0), MediaKind::Video, &samples, None, false).to_vec()
}

fn part(is_independent: bool) -> Part {
    Part {
        line: 9,
        uri: "v/0.0.m4s".into(),
        duration: Duration::from_millis(500),
        is_independent,
        is_gap: false,
        byte_range: None,
    }
}

fn broken(checker: &Checker) -> Vec<Rule> {
    checker.report().broken().collect()
}

fn after_part(part: &Part, bytes: &[u8]) -> Vec<Rule> {
    let mut checker = Checker::default();
    checker.handle_init(&url("video.m3u8"), &map("v/init.mp4"), &pictures(720));
    checker.handle_part(&url("video.m3u8"), part, &map("v/init.mp4"), bytes);
    assert!(
        checker
            .report()
            .row(Rule::Mb01)
            .is_some_and(|row| row.n_checked == 2)
    );
    broken(&checker)
}

fn after_init(name: &str, bytes: &[u8]) -> Vec<Rule> {
    let mut checker = Checker::default();
    checker.handle_multivariant(&url("multivariant.m3u8"), multivariant(MULTIVARIANT));
    checker.handle_init(&url(name), &map("init.mp4"), bytes);
    broken(&checker)
}

#[test]
fn what_a_packager_writes_keeps_the_rules() {
    assert_eq!(after_part(&part(true), &half_a_second(&[0])), []);
    assert_eq!(after_part(&part(false), &half_a_second(&[])), []);
    assert_eq!(after_init("video.m3u8", &pictures(720)), []);
    assert_eq!(after_init("audio.m3u8", &sound(2)), []);
}

#[test]
fn bytes_that_are_no_boxes_are_found() {
    let whole = half_a_second(&[0]);
    for end in [0, 7, 20, whole.len() - 1] {
        assert_eq!(
            after_part(&part(true), &whole[..end]),
            [Rule::Mb01],
            "{end} bytes"
        );
    }
    let init = pictures(720);
    assert_eq!(
        after_init("video.m3u8", &init[..init.len() - 1]),
        [Rule::Mb01]
    );
}

#[test]
fn a_part_that_is_independent_in_name_only_is_found() {
    assert_eq!(after_part(&part(true), &half_a_second(&[])), [Rule::Mb02]);
    // Wherever it is in the part.
    assert_eq!(after_part(&part(true), &half_a_second(&[3])), []);
}

#[test]
fn a_keyframe_that_is_not_said_is_found() {
    assert_eq!(after_part(&part(false), &half_a_second(&[0])), [Rule::Lh08]);
    assert_eq!(after_part(&part(false), &half_a_second(&[3])), [Rule::Lh08]);
}

#[test]
fn a_part_that_lasts_otherwise_than_it_says_is_found() {
    let long = Part {
        duration: Duration::from_millis(533),
        ..part(true)
    };
    assert_eq!(after_part(&long, &half_a_second(&[0])), [Rule::Mb06]);
}

#[test]
fn a_segment_that_is_not_its_parts_is_found() {
    let parts: [&[u8]; 2] = [b"one", b"two"];
    for (segment, expected) in [
        (&b"onetwo"[..], vec![]),
        (b"onetw", vec![Rule::Lh10]),
        (b"twoone", vec![Rule::Lh10]),
    ] {
        let mut checker = Checker::default();
        checker.handle_segment(&url("video.m3u8"), &parts, segment);
        assert_eq!(broken(&checker), expected, "{segment:?}");
    }
}

#[test]
fn sound_that_lost_a_channel_is_found() {
    assert_eq!(after_init("audio.m3u8", &sound(1)), [Rule::Mb04]);
}

#[test]
fn a_format_that_codecs_do_not_list_is_found() {
    for (codec, expected) in [
        ("vp09.00.10.08", vec![Rule::Lh27]),
        ("avc1.42e01e", vec![Rule::Lh27]),
        ("avc1.42e01f", vec![]),
        ("avc1.4d401f", vec![]),
        ("avc1.640033", vec![]),
    ] {
        let mut checker = Checker::default();
        let text = MULTIVARIANT.replace("avc1.64001f", codec);
        checker.handle_multivariant(&url("multivariant.m3u8"), multivariant(&text));
        checker.handle_init(&url("video.m3u8"), &map("init.mp4"), &pictures(720));
        assert_eq!(broken(&checker), expected, "{codec}");
    }
}

#[test]
fn a_profile_that_comes_later_is_nothing_that_codecs_could_list() {
    let mut checker = Checker::default();
    let text = MULTIVARIANT.replace("avc1.64001f", "avc1.42e01f");
    checker.handle_multivariant(&url("multivariant.m3u8"), multivariant(&text));
    let main = Format::H264 {
        sps: Box::new([0x67, 0x4d, 0x40, 0x28, 1, 0x80]),
        pps: Box::new([0x68, 0xce, 0x3c]),
        size: Dimensions {
            width: 1280,
            height: 720,
        },
    };
    let main = init_section(&main).unwrap();
    for (name, init) in [("init.mp4", &*pictures(720)), ("init-1.mp4", &main[..])] {
        checker.handle_init(&url("video.m3u8"), &map(name), init);
    }
    assert_eq!(broken(&checker), []);
    // Another codec is another format, whenever it comes.
    let mut checker = Checker::default();
    let text = MULTIVARIANT.replace("avc1.64001f", "vp09.00.10.08");
    checker.handle_multivariant(&url("multivariant.m3u8"), multivariant(&text));
    for name in ["init.mp4", "init-1.mp4"] {
        checker.handle_init(&url("video.m3u8"), &map(name), &main);
    }
    let row = checker.report().row(Rule::Lh27).unwrap();
    assert_eq!(row.n_broken, 2);
}

/// The boxes of an init section, changed.
fn changed(init: &[u8], change: impl FnOnce(&mut Moov)) -> Vec<u8> {
    let mut rest = init;
    let (ftyp, mut moov) = (
        Ftyp::decode(&mut rest).unwrap(),
        Moov::decode(&mut rest).unwrap(),
    );
    change(&mut moov);
    let mut bytes = Vec::new();
    ftyp.encode(&mut bytes).unwrap();
    moov.encode(&mut bytes).unwrap();
    bytes
}

#[test]
fn pictures_without_parameter_sets_are_found() {
    let bare = changed(&pictures(720), |moov| {
        let mp4_atom::Codec::Avc1(avc) = &mut moov.trak[0].mdia.minf.stbl.stsd.codecs[0] else {
            panic!("it is H.264");
        };
        avc.avcc.picture_parameter_sets.clear();
    });
    assert_eq!(after_init("video.m3u8", &bare), [Rule::Mb03]);
}

#[test]
fn muxed_tracks_that_begin_apart_are_found() {
    let init = changed(&pictures(720), |moov| {
        let mut rest = &sound(2)[..];
        Ftyp::decode(&mut rest).unwrap();
        let mut other = Moov::decode(&mut rest).unwrap().trak.remove(0);
        other.tkhd.track_id = 2;
        moov.trak.push(other);
    });
    for (begins, expected) in [(0, vec![]), (24_000, vec![Rule::Mb05])] {
        let mut bytes = Vec::new();
        let whole = half_a_second(&[0]);
        for (kind, of_box) in freshet_check::media::boxes::split(&whole).unwrap() {
            if &kind != b"moof" {
                bytes.extend_from_slice(of_box);
                continue;
            }
            let mut of_box = of_box;
            let mut moof = Moof::decode(&mut of_box).unwrap();
            let mut twin = moof.traf[0].clone();
            twin.tfhd.track_id = 2;
            twin.tfdt.as_mut().unwrap().base_media_decode_time = begins;
            moof.traf.push(twin);
            moof.encode(&mut bytes).unwrap();
        }
        let mut checker = Checker::default();
        checker.handle_init(&url("video.m3u8"), &map("v/init.mp4"), &init);
        checker.handle_part(&url("video.m3u8"), &part(true), &map("v/init.mp4"), &bytes);
        assert_eq!(broken(&checker), expected, "{begins}");
    }
}

#[test]
fn another_size_without_a_discontinuity_is_found() {
    let text = |tag: &str| {
        format!(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI=\"a.mp4\"\n#EXTINF:2.0,\n0.m4s\n\
             {tag}#EXT-X-MAP:URI=\"b.mp4\"\n#EXTINF:2.0,\n1.m4s\n"
        )
    };
    let judged = |second: u16, tag: &str| {
        let mut checker = Checker::default();
        checker.handle_init(&url("video.m3u8"), &map("a.mp4"), &pictures(720));
        checker.handle_init(&url("video.m3u8"), &map("b.mp4"), &pictures(second));
        checker.handle_snapshot(Snapshot {
            url: url("video.m3u8"),
            media: parse::media(&text(tag)),
            asked_at: Instant::START,
            at: Instant::START,
            wall: None,
            asked: Directives::default(),
        });
        checker.report().row(Rule::Lh18).map(|row| row.n_broken)
    };
    assert_eq!(judged(720, ""), Some(0), "the same format");
    assert_eq!(judged(360, ""), Some(1));
    assert_eq!(judged(360, "#EXT-X-DISCONTINUITY\n"), Some(0));
}
