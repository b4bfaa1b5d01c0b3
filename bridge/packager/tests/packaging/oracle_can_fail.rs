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

/// Ways to spoil the second of two good playlists.
const SPOILS: [(&str, Spoil); 21] = [
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
    ("another version", |t| {
        t.replace("EXT-X-VERSION:6", "EXT-X-VERSION:9")
    }),
    ("a discontinuity after the first part", |t| {
        behind_a_part(t, "#EXT-X-DISCONTINUITY")
    }),
    ("an init section after the first part", |t| {
        behind_a_part(t, "#EXT-X-MAP")
    }),
    ("a date after the first part", |t| {
        behind_a_part(t, "#EXT-X-PROGRAM-DATE-TIME:")
    }),
    ("a gap that only its parts tell of", |t| gap_of_parts(t)),
];

#[test]
fn each_thing_that_players_stumble_over_is_found() {
    let (old, new) = good();
    for (what, spoil) in SPOILS {
        let spoiled = spoil(&new);
        assert_ne!(spoiled, new, "{what} is not there to be spoiled");
        assert!(!is_good(&old, &spoiled), "{what} is not found");
    }
}

#[test]
fn a_gap_is_told_of_by_its_parts_and_by_its_segment() {
    let judged = |text: &str| {
        let text = text.to_owned();
        catch_unwind(move || parts(&read(&text))).is_ok()
    };
    let (_, new) = good();
    let half = gap_of_parts(&new);
    assert!(!judged(&half), "{half}");
    let whole = gap_of_segment(&half);
    assert!(judged(&whole), "{whole}");
    let segment_alone = gap_of_segment(&new);
    assert!(!judged(&segment_alone), "{segment_alone}");
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

/// Moves the last line that begins so behind the part after it.
fn behind_a_part(text: &str, start: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().rposition(|line| line.starts_with(start));
    let line = lines.remove(at.unwrap());
    let later = &lines[at.unwrap()..];
    let part = later.iter().position(|l| l.starts_with("#EXT-X-PART:"));
    lines.insert(at.unwrap() + part.unwrap() + 1, line);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The lines of the last segment that is whole, its parts among them: what is before, these, what is after.
fn last_whole(text: &str) -> (&str, &str, &str) {
    let end = text.rfind(".m4s\n").unwrap() + ".m4s\n".len();
    let begin = text[..end - 1].rfind("\n#EXT-X-PROGRAM-DATE-TIME:");
    let (before, rest) = text.split_at(begin.unwrap() + 1);
    let (own, after) = rest.split_at(end - before.len());
    (before, own, after)
}

/// The parts of the last whole segment say that they are missing.
fn gap_of_parts(text: &str) -> String {
    let (before, own, after) = last_whole(text);
    let lines = own.lines().map(|line| {
        let gap = if line.starts_with("#EXT-X-PART:") {
            ",GAP=YES"
        } else {
            ""
        };
        format!("{line}{gap}\n")
    });
    let own: String = lines.collect();
    format!("{before}{own}{after}")
}

/// The last whole segment itself does.
fn gap_of_segment(text: &str) -> String {
    let (before, own, after) = last_whole(text);
    format!("{before}#EXT-X-GAP\n{own}{after}")
}
