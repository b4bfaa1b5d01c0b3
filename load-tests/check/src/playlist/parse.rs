//! Reads a media playlist (draft-pantos-hls-rfc8216bis section 4). Tags that are not known are ignored, as section 6.3.1 says; all
//! else that is not as it should be becomes a [`Fault`].

use std::mem;

use crate::catalog::Rule;

use super::attributes::Attributes;
use super::date_time::DateTime;
use super::decimal;
use super::fault::Fault;
use super::media::Media;
use super::segment::{Map, Segment};

mod lists;

/// Most lines that are read; the rest is a fault. Two hours of one-second segments with their parts are 60,000.
const LINES_MAX: usize = 200_000;

/// Tags that stand in a playlist once (section 4.4.3).
const ONCE: [&str; 10] = [
    "EXTM3U",
    "EXT-X-VERSION",
    "EXT-X-TARGETDURATION",
    "EXT-X-MEDIA-SEQUENCE",
    "EXT-X-DISCONTINUITY-SEQUENCE",
    "EXT-X-ENDLIST",
    "EXT-X-PLAYLIST-TYPE",
    "EXT-X-I-FRAMES-ONLY",
    "EXT-X-PART-INF",
    "EXT-X-SERVER-CONTROL",
];
/// Tags of multivariant playlists (section 4.4.6).
const OF_MULTIVARIANT: [&str; 3] = [
    "EXT-X-STREAM-INF",
    "EXT-X-MEDIA",
    "EXT-X-I-FRAME-STREAM-INF",
];

/// Reads a text.
pub fn media(text: &str) -> Media {
    let mut parser = Parser::default();
    for (line, text) in (1..).zip(text.lines()).take(LINES_MAX) {
        parser.line(line, text);
    }
    if text.lines().nth(LINES_MAX).is_some() {
        parser.fault(
            Rule::Pl02,
            LINES_MAX,
            "there are more lines than anybody reads",
        );
    }
    parser.finish()
}

#[derive(Default)]
struct Parser {
    media: Media,
    /// The segment whose URI is still to come.
    pending: Segment,
    seen: Vec<&'static str>,
    map: Option<Map>,
    key: Option<String>,
    /// Whether the last tags were keys: those of one segment apply together.
    is_in_keys: bool,
}

impl Parser {
    fn fault(&mut self, rule: Rule, line: usize, what: impl Into<String>) {
        self.media.faults.push(Fault::new(rule, line, what));
    }

    fn needs_version(&mut self, version: u64, line: usize, what: &'static str) {
        if self
            .media
            .version_needed
            .is_none_or(|(most, ..)| most < version)
        {
            self.media.version_needed = Some((version, line, what));
        }
    }

    fn line(&mut self, line: usize, text: &str) {
        self.media.n_lines = line;
        if line == 1 && text != "#EXTM3U" {
            self.fault(Rule::Pl01, line, format!("the first line is {text:?}"));
        }
        match text.strip_prefix('#') {
            Some(tag) if tag.starts_with("EXT") => {
                let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
                self.once(line, name);
                self.tag(line, name, value);
            }
            Some(_) => {}
            None if text.trim().is_empty() => {}
            None => self.uri(line, text),
        }
    }

    fn once(&mut self, line: usize, name: &str) {
        let Some(tag) = ONCE.into_iter().find(|tag| *tag == name) else {
            return;
        };
        if self.seen.contains(&tag) {
            self.fault(Rule::Pl03, line, format!("{tag} once more"));
        }
        self.seen.push(tag);
    }

    fn tag(&mut self, line: usize, name: &str, value: &str) {
        match name {
            "EXT-X-VERSION" => self.media.version = self.integer(line, value),
            "EXT-X-TARGETDURATION" => self.media.target_duration = self.integer(line, value),
            "EXT-X-MEDIA-SEQUENCE" => {
                self.media.msn = self.integer(line, value).unwrap_or_default();
                if !self.media.segments.is_empty() {
                    self.fault(Rule::Pl03, line, "MEDIA-SEQUENCE after the first segment");
                }
            }
            "EXT-X-DISCONTINUITY-SEQUENCE" => {
                self.media.discontinuity_sequence = self.integer(line, value).unwrap_or_default();
            }
            "EXT-X-PLAYLIST-TYPE" => self.media.playlist_type = Some(value.to_owned()),
            "EXT-X-ENDLIST" => self.media.is_ended = true,
            "EXT-X-I-FRAMES-ONLY" => {
                self.media.is_i_frames_only = true;
                self.needs_version(4, line, "EXT-X-I-FRAMES-ONLY");
            }
            "EXT-X-DISCONTINUITY"
            | "EXT-X-GAP"
            | "EXT-X-PROGRAM-DATE-TIME"
            | "EXT-X-BYTERANGE"
            | "EXTINF" => self.segment_tag(line, name, value),
            _ if OF_MULTIVARIANT.contains(&name) => {
                self.fault(Rule::Pl05, line, format!("{name} in a media playlist"));
            }
            _ if name.starts_with("EXT-X-") => match Attributes::parse(value) {
                Ok(list) => self.list_tag(line, name, value, &list),
                Err(what) if is_list(name) => self.fault(Rule::Pl02, line, what),
                Err(_) => {}
            },
            _ => {}
        }
    }

    fn integer(&mut self, line: usize, value: &str) -> Option<u64> {
        let number = decimal::integer(value);
        if number.is_none() {
            self.fault(Rule::Pl02, line, format!("{value:?} is no whole number"));
        }
        number
    }

    /// A tag that applies to the next segment.
    fn segment_tag(&mut self, line: usize, name: &str, value: &str) {
        if !self.pending.parts.is_empty()
            && matches!(name, "EXT-X-DISCONTINUITY" | "EXT-X-PROGRAM-DATE-TIME")
        {
            self.pending.late_tags.push(line);
        }
        match name {
            "EXT-X-DISCONTINUITY" => self.pending.is_discontinuous = true,
            "EXT-X-GAP" => self.pending.is_gap = true,
            "EXT-X-BYTERANGE" => {
                self.needs_version(4, line, "EXT-X-BYTERANGE");
                self.pending.byte_range = Some(value.to_owned());
            }
            "EXT-X-PROGRAM-DATE-TIME" => {
                self.pending.date_time = DateTime::parse(value);
                if self.pending.date_time.is_none() {
                    self.fault(Rule::Pl02, line, format!("{value:?} is no date and time"));
                }
            }
            _ => self.extinf(line, value),
        }
    }

    fn extinf(&mut self, line: usize, value: &str) {
        let (duration, _) = value.split_once(',').unwrap_or((value, ""));
        if duration.contains('.') {
            self.needs_version(3, line, "EXTINF with a fraction");
        }
        if self.pending.duration.is_some() {
            self.fault(Rule::Pl04, line, "a second EXTINF of one segment");
        }
        self.pending.duration = decimal::seconds(duration);
        self.pending.line = line;
        if self.pending.duration.is_none() || !value.contains(',') {
            self.fault(
                Rule::Pl02,
                line,
                format!("EXTINF:{value} is no duration and title"),
            );
        }
    }

    fn uri(&mut self, line: usize, uri: &str) {
        if self.pending.duration.is_none() {
            self.fault(Rule::Pl04, line, format!("{uri} has no EXTINF"));
        }
        self.pending.uri = Some(uri.to_owned());
        self.close();
    }

    fn close(&mut self) {
        let mut segment = mem::take(&mut self.pending);
        segment.map.clone_from(&self.map);
        segment.key.clone_from(&self.key);
        self.is_in_keys = false;
        self.media.segments.push(segment);
    }

    fn finish(mut self) -> Media {
        if self.pending.duration.is_some() {
            self.fault(Rule::Pl04, self.pending.line, "EXTINF without a URI");
            self.pending.duration = None;
        }
        if !self.pending.parts.is_empty() {
            self.close();
        }
        if self.media.target_duration.is_none() {
            let line = self.media.n_lines;
            self.fault(Rule::Pl03, line, "there is no TARGETDURATION");
        }
        self.media.number();
        self.media
    }
}

/// Tags whose value is a list of attributes: another value is a fault.
fn is_list(name: &str) -> bool {
    matches!(
        name,
        "EXT-X-SERVER-CONTROL"
            | "EXT-X-PART-INF"
            | "EXT-X-PART"
            | "EXT-X-MAP"
            | "EXT-X-KEY"
            | "EXT-X-SKIP"
            | "EXT-X-PRELOAD-HINT"
            | "EXT-X-RENDITION-REPORT"
            | "EXT-X-DATERANGE"
    )
}
