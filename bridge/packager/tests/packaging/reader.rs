//! A strict reader of media playlists that shares nothing with their writer. A line that it does not know is a panic.

use std::collections::BTreeMap;

/// Durations are microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Playlist {
    pub(crate) version: u64,
    pub(crate) target_s: u64,
    /// The lines of `EXT-X-SERVER-CONTROL` and `EXT-X-PART-INF`.
    pub(crate) promises: Vec<String>,
    pub(crate) part_target: Option<u64>,
    pub(crate) can_skip_until: u64,
    pub(crate) first: u64,
    pub(crate) discontinuity_sequence: u64,
    pub(crate) skipped: Option<u64>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) open: Option<Segment>,
    /// What is told of a segment before its first part: that it begins with a discontinuity, and its map.
    pub(crate) upcoming: Option<Segment>,
    pub(crate) hint: Option<String>,
    /// Rendition URI, `LAST-MSN`, `LAST-PART`.
    pub(crate) reports: Vec<(String, u64, Option<u64>)>,
    pub(crate) is_ended: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) duration: u64,
    pub(crate) uri: String,
    pub(crate) is_discontinuous: bool,
    /// Where `EXT-X-MAP` stands before it.
    pub(crate) map: Option<String>,
    pub(crate) pdt: Option<String>,
    pub(crate) is_gap: bool,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) duration: u64,
    pub(crate) uri: String,
    pub(crate) is_independent: bool,
    pub(crate) is_gap: bool,
}

pub(crate) fn read(text: &str) -> Playlist {
    assert!(text.ends_with('\n'), "the last line has no end");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("#EXTM3U"));
    let mut playlist = Playlist::default();
    let mut segment = Segment::default();
    for line in lines {
        match line.split_once(':') {
            Some((tag, value)) if line.starts_with("#EXT") => {
                tag_with_value(&mut playlist, &mut segment, tag, value, line);
            }
            _ if line.starts_with("#EXT") => match line {
                "#EXT-X-DISCONTINUITY" => {
                    assert!(segment.parts.is_empty(), "{line} after a part");
                    segment.is_discontinuous = true;
                }
                "#EXT-X-GAP" => segment.is_gap = true,
                "#EXT-X-ENDLIST" => playlist.is_ended = true,
                _ => panic!("unknown: {line}"),
            },
            _ => {
                assert!(segment.duration > 0, "a segment without duration: {line}");
                segment.uri = line.to_owned();
                playlist.segments.push(std::mem::take(&mut segment));
            }
        }
    }
    if segment != Segment::default() {
        let has_begun = !segment.parts.is_empty();
        let is_told_early = segment.is_discontinuous && playlist.hint.is_some();
        assert!(has_begun || is_told_early, "tags of nothing at the end");
        let of = match has_begun {
            true => &mut playlist.open,
            false => &mut playlist.upcoming,
        };
        *of = Some(segment);
    }
    playlist
}

fn tag_with_value(
    playlist: &mut Playlist,
    segment: &mut Segment,
    tag: &str,
    value: &str,
    line: &str,
) {
    let number = || value.parse().unwrap();
    match tag {
        "#EXT-X-VERSION" => playlist.version = number(),
        "#EXT-X-TARGETDURATION" => playlist.target_s = number(),
        "#EXT-X-MEDIA-SEQUENCE" => playlist.first = number(),
        "#EXT-X-DISCONTINUITY-SEQUENCE" => playlist.discontinuity_sequence = number(),
        "#EXT-X-SERVER-CONTROL" => {
            playlist.promises.push(line.to_owned());
            playlist.can_skip_until = micros(&attributes(value)["CAN-SKIP-UNTIL"]);
        }
        "#EXT-X-PART-INF" => {
            playlist.promises.push(line.to_owned());
            playlist.part_target = Some(micros(&attributes(value)["PART-TARGET"]));
        }
        "#EXT-X-SKIP" => {
            assert_eq!(playlist.skipped, None, "a second EXT-X-SKIP");
            playlist.skipped = attributes(value)["SKIPPED-SEGMENTS"].parse().ok();
        }
        "#EXTINF" => segment.duration = micros(value.strip_suffix(',').unwrap()),
        "#EXT-X-PROGRAM-DATE-TIME" | "#EXT-X-MAP" => {
            assert!(segment.parts.is_empty(), "{tag} after a part");
            if tag == "#EXT-X-MAP" {
                segment.map = Some(attributes(value)["URI"].clone());
            } else {
                segment.pdt = Some(value.to_owned());
            }
        }
        "#EXT-X-PART" => segment.parts.push(part(value)),
        "#EXT-X-PRELOAD-HINT" => {
            let attributes = attributes(value);
            assert_eq!(attributes["TYPE"], "PART");
            assert_eq!(playlist.hint, None, "a second hint");
            playlist.hint = Some(attributes["URI"].clone());
        }
        "#EXT-X-RENDITION-REPORT" => {
            let attributes = attributes(value);
            let last_part = attributes
                .get("LAST-PART")
                .map(|part| part.parse().unwrap());
            let last = attributes["LAST-MSN"].parse().unwrap();
            playlist
                .reports
                .push((attributes["URI"].clone(), last, last_part));
        }
        _ => panic!("unknown: {line}"),
    }
}

fn part(value: &str) -> Part {
    let attributes = attributes(value);
    let is = |name: &str| attributes.get(name).is_some_and(|value| value == "YES");
    Part {
        duration: micros(&attributes["DURATION"]),
        uri: attributes["URI"].clone(),
        is_independent: is("INDEPENDENT"),
        is_gap: is("GAP"),
    }
}

/// Names and values of an attribute list (section 4.2), values without their quotes.
pub(crate) fn attributes(mut text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once('=').unwrap();
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (value, rest) = quoted.split_once('"').unwrap();
                (value, rest.strip_prefix(',').unwrap_or(rest))
            }
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        let is_new = found.insert(name.to_owned(), value.to_owned()).is_none();
        assert!(is_new, "{name} twice");
        text = rest;
    }
    found
}

/// Decimal seconds, exactly.
pub(crate) fn micros(text: &str) -> u64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= 6, "{text} is finer than a microsecond");
    let fraction = format!("{fraction:0<6}");
    whole.parse::<u64>().unwrap() * 1_000_000 + fraction.parse::<u64>().unwrap()
}

impl Playlist {
    /// The number of a listed segment by its place.
    pub(crate) fn number(&self, index: usize) -> u64 {
        self.first + self.skipped.unwrap_or(0) + index as u64
    }

    /// How much is listed, parts of the open segment too.
    pub(crate) fn duration(&self) -> u64 {
        let open = self.open.iter().flat_map(|open| &open.parts);
        let open: u64 = open.map(|part| part.duration).sum();
        self.segments.iter().map(|s| s.duration).sum::<u64>() + open
    }

    /// The playlist that a delta update stands for, to who has the one before (section 6.2.5.1).
    pub(crate) fn reconstruct(&self, old: &Self) -> Self {
        let Some(skipped) = self.skipped else {
            return self.clone();
        };
        let from = usize::try_from(self.first - old.first).unwrap();
        let old = old.resolved();
        let kept = old.segments.iter().skip(from).take(skipped as usize);
        let mut segments: Vec<Segment> = kept.cloned().collect();
        assert_eq!(
            segments.len() as u64,
            skipped,
            "the old playlist lacks some"
        );
        segments.extend(self.segments.iter().cloned());
        Self {
            segments,
            skipped: None,
            ..self.clone()
        }
    }

    /// Each segment with the init section that applies to it.
    fn resolved(&self) -> Self {
        let mut all = self.clone();
        let mut map = None;
        for segment in all.segments.iter_mut().chain(&mut all.open) {
            map = segment.map.take().or(map);
            segment.map.clone_from(&map);
        }
        all
    }

    /// Without what a playlist may leave out later: parts of old segments.
    pub(crate) fn normalized(&self) -> Self {
        let mut all = self.resolved();
        all.version = 0;
        for segment in all.segments.iter_mut().chain(&mut all.open) {
            segment.parts.clear();
        }
        all
    }
}
