//! The oracle finds what players stumble over: a good playlist, and each way to spoil it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bridge_packager::latency::LatencyMode;
use bridge_packager::playlist::skip::Skip;

use crate::oracle::{alone, parts, reload};
use crate::reader::read;
use crate::streams::{Lane, Plan};

/// Two playlists in a row of a stream that goes well.
fn good() -> (String, String) {
    let plan = Plan {
        latency: LatencyMode::Low,
        lanes: vec![Lane::video("720p"), Lane::audio("aac")],
        length_ms: 30_000,
        reconnect: Some((27_000, true)),
        seed: 11,
    };
    let driver = plan.run();
    let of = driver.history.iter().map(|(_, media)| media);
    let video: Vec<_> = of.filter(|m| m.rendition.as_str() == "720p").collect();
    let last = video.len() - 1;
    (video[last - 1].live(Skip::No), video[last].live(Skip::No))
}

/// A way to make a playlist worse.
type Spoil = fn(&str) -> String;

fn is_good(old: &str, new: &str) -> bool {
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let (old, new) = (read(old), read(new));
        alone(&new);
        parts(&new);
        reload(&old, &new);
    }));
    judged.is_ok()
}

#[test]
fn what_is_good_is_found_good() {
    let (old, new) = good();
    assert!(is_good(&old, &new), "{old}\n{new}");
}

#[test]
fn each_thing_that_players_stumble_over_is_found() {
    let (old, new) = good();
    let spoil: [(&str, Spoil); 16] = [
        ("a part over the target", |t| {
            t.replacen("DURATION=0.500000", "DURATION=0.501000", 1)
        }),
        ("another part target", |t| {
            t.replace("PART-TARGET=0.500000", "PART-TARGET=0.533000")
        }),
        ("another hold-back", |t| {
            t.replace("PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.6")
        }),
        ("a hold-back below three parts", |t| {
            t.replace("HOLD-BACK=1.5", "HOLD-BACK=1.4")
        }),
        ("a short part", |t| shorten(t)),
        ("no hint", |t| without(t, "#EXT-X-PRELOAD-HINT")),
        ("a hint after the end", |t| format!("{t}#EXT-X-ENDLIST\n")),
        ("a number that goes back", |t| renumber(t, -1)),
        ("a number that jumps", |t| renumber(t, 1)),
        ("a discontinuity that is not counted", |t| {
            t.replace("Y-SEQUENCE:", "Y-SEQUENCE:1")
        }),
        ("a discontinuity that vanishes", |t| {
            without(t, "#EXT-X-DISCONTINUITY\n")
        }),
        ("no init section", |t| without(t, "#EXT-X-MAP")),
        ("no date", |t| without(t, "#EXT-X-PROGRAM-DATE-TIME:")),
        ("a date that moves", |t| t.replacen(".", ".9", 400)),
        ("another target duration", |t| {
            t.replace("TARGETDURATION:2", "TARGETDURATION:3")
        }),
        ("a segment that changes", |t| {
            t.replacen("#EXTINF:1.", "#EXTINF:0.", 1)
        }),
    ];
    for (what, spoil) in spoil {
        let spoiled = spoil(&new);
        assert_ne!(spoiled, new, "{what} is not there to be spoiled");
        assert!(!is_good(&old, &spoiled), "{what} is not found");
    }
}

/// Without lines that begin so.
fn without(text: &str, start: &str) -> String {
    let start = start.trim_end();
    let is_other = |line: &&str| match start {
        "#EXT-X-DISCONTINUITY" => *line != start,
        _ => !line.starts_with(start),
    };
    text.lines()
        .filter(is_other)
        .map(|line| format!("{line}\n"))
        .collect()
}

fn renumber(text: &str, by: i64) -> String {
    let (head, rest) = text.split_once("#EXT-X-MEDIA-SEQUENCE:").unwrap();
    let (number, rest) = rest.split_once('\n').unwrap();
    let number = number.parse::<i64>().unwrap() + by;
    format!("{head}#EXT-X-MEDIA-SEQUENCE:{number}\n{rest}")
}

/// Moves time from a part in the middle of a segment to the one before it, so that only one is too short.
fn shorten(text: &str) -> String {
    let is_middle = |line: &&str| line.contains("DURATION=0.5") && !line.contains("INDEPENDENT");
    let line = text.lines().find(is_middle).unwrap();
    text.replacen(line, &line.replace("DURATION=0.5", "DURATION=0.3"), 1)
}
