//! SDP as lines (RFC 8866): sections and attributes, nothing about what they mean.

use sfu_model::limits::SDP_LINE_BYTES_MAX;

/// Most lines of an SDP. A browser that offers every codec with simulcast sends about 300, or 120 a section: so many
/// that an offer with one m-line too many is told so, and not that it is long. The work that the engine has with an
/// offer grows with its lines: the worst that fit cost under 5 ms.
pub const SDP_LINES_MAX: usize = 4_096;

/// One line, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The letter before `=`.
    pub letter: u8,
    /// What follows `=`.
    pub value: &'a str,
}

impl<'a> Line<'a> {
    /// Name and value of an attribute line; a flag has an empty value.
    pub fn attribute(self) -> Option<(&'a str, &'a str)> {
        let is_attribute = self.letter == b'a';
        is_attribute.then(|| self.value.split_once(':').unwrap_or((self.value, "")))
    }
}

/// The lines of the session part, or of one media section after its m-line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines<'a>(Vec<Line<'a>>);

impl<'a> Lines<'a> {
    /// The lines in order.
    pub fn iter(&self) -> impl Iterator<Item = Line<'a>> + '_ {
        self.0.iter().copied()
    }

    /// All attributes, name and value.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.iter().filter_map(Line::attribute)
    }

    /// The values of the attributes with this name.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a str> + 's {
        let named = self.attributes().filter(move |(n, _)| *n == name);
        named.map(|(_, value)| value)
    }

    /// The first value of an attribute.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }

    /// Whether the attribute is there.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value of the first line with this letter.
    pub fn line(&self, letter: u8) -> Option<&'a str> {
        let mut lines = self.iter();
        lines.find(|line| line.letter == letter).map(|l| l.value)
    }
}

/// A media section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// `audio`, `video`, `application`, ...
    pub media: &'a str,
    /// 0 means rejected, unless the section is bundle-only (RFC 9143 section 6).
    pub port: &'a str,
    /// The transport profile.
    pub profile: &'a str,
    /// Payload types, separated by spaces.
    pub formats: &'a str,
    /// The lines that follow.
    pub lines: Lines<'a>,
}

/// A whole description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdp<'a> {
    /// What comes before the first m-line.
    pub session: Lines<'a>,
    /// In order.
    pub sections: Vec<Section<'a>>,
}

/// Why a body is no SDP. Peer misbehaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedSdp {
    /// There is nothing.
    #[error("the body is empty")]
    Empty,
    /// Not text.
    #[error("the body is not UTF-8, or holds a NUL or another control character")]
    NotText,
    /// A line over [`SDP_LINE_BYTES_MAX`].
    #[error("a line is longer than {SDP_LINE_BYTES_MAX} bytes")]
    LineTooLong,
    /// More than [`SDP_LINES_MAX`].
    #[error("there are more than {SDP_LINES_MAX} lines")]
    TooManyLines,
    /// A line that is not `letter=value`, or an m-line without its four parts.
    #[error("line {0} is not of the form letter=value")]
    BadLine(usize),
    /// No `v=0`, `o=` or `s=` where they must be.
    #[error("it does not begin with v=0, o= and s=: send the offer as the client made it")]
    BadStart,
}

impl<'a> Sdp<'a> {
    /// Reads a description that begins with `v=0`.
    pub fn parse(body: &'a [u8]) -> Result<Self, MalformedSdp> {
        let sdp = Self::parse_fragment(body)?;
        let starts: Vec<Line<'_>> = sdp.session.iter().take(3).collect();
        match starts.as_slice() {
            [v, o, s]
                if (v.letter, v.value) == (b'v', "0") && (o.letter, s.letter) == (b'o', b's') =>
            {
                Ok(sdp)
            }
            _ => Err(MalformedSdp::BadStart),
        }
    }

    /// Reads lines that need not begin with `v=0` (RFC 8840 section 9).
    pub fn parse_fragment(body: &'a [u8]) -> Result<Self, MalformedSdp> {
        let text = std::str::from_utf8(body).map_err(|_| MalformedSdp::NotText)?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(MalformedSdp::Empty);
        }
        let mut session = Lines::default();
        let mut sections: Vec<Section<'a>> = Vec::new();
        // RFC 8866 section 5: lines end with CRLF, and a reader should take LF too.
        for (n, raw) in text.split('\n').enumerate() {
            if n >= SDP_LINES_MAX {
                return Err(MalformedSdp::TooManyLines);
            }
            let line = parse_line(raw.strip_suffix('\r').unwrap_or(raw), n + 1)?;
            if line.letter == b'm' {
                sections.push(parse_media(line.value).ok_or(MalformedSdp::BadLine(n + 1))?);
            } else {
                let lines = sections.last_mut().map_or(&mut session, |s| &mut s.lines);
                lines.0.push(line);
            }
        }
        Ok(Self { session, sections })
    }

    /// The mids of the BUNDLE group, in its order (RFC 9143 section 5).
    pub fn bundle(&self) -> Option<Vec<&'a str>> {
        let groups = self.session.values("group");
        let mut bundles = groups.filter_map(|group| group.strip_prefix("BUNDLE"));
        bundles
            .next()
            .map(|mids| mids.split_ascii_whitespace().collect())
    }
}

fn parse_line(raw: &str, number: usize) -> Result<Line<'_>, MalformedSdp> {
    if raw.len() > SDP_LINE_BYTES_MAX {
        return Err(MalformedSdp::LineTooLong);
    }
    if raw.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
        return Err(MalformedSdp::NotText);
    }
    match raw.split_once('=') {
        Some((letter, value)) => match letter.as_bytes() {
            [letter] if letter.is_ascii_lowercase() => Ok(Line {
                letter: *letter,
                value,
            }),
            _ => Err(MalformedSdp::BadLine(number)),
        },
        None => Err(MalformedSdp::BadLine(number)),
    }
}

fn parse_media(value: &str) -> Option<Section<'_>> {
    let mut parts = value.splitn(4, ' ');
    let section = Section {
        media: parts.next()?,
        port: parts.next()?,
        profile: parts.next()?,
        formats: parts.next()?,
        lines: Lines::default(),
    };
    let port_ok = section.port.parse::<u16>().is_ok();
    let all_filled = !section.media.is_empty() && !section.profile.is_empty();
    (port_ok && all_filled && !section.formats.is_empty()).then_some(section)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

    fn parse(rest: &str) -> Result<(), MalformedSdp> {
        Sdp::parse(format!("{START}{rest}").as_bytes()).map(|_| ())
    }

    #[test]
    fn sections_hold_their_own_lines() {
        let text = format!(
            "{START}a=group:BUNDLE 0 1\r\nm=audio 9 P 1 2\r\na=mid:0\r\nm=video 0 P 3\r\na=x\r\n"
        );
        let sdp = Sdp::parse(text.as_bytes()).unwrap();
        assert_eq!(sdp.bundle(), Some(vec!["0", "1"]));
        assert_eq!(sdp.sections.len(), 2);
        assert_eq!(sdp.sections[0].formats, "1 2");
        assert_eq!(sdp.sections[0].lines.value("mid"), Some("0"));
        assert!(sdp.sections[1].lines.has("x") && !sdp.sections[0].lines.has("x"));
    }

    #[test]
    fn lines_may_end_with_lf_alone() {
        let text = START.replace("\r\n", "\n");
        assert!(Sdp::parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_no_sdp_says_why() {
        assert_eq!(Sdp::parse(b""), Err(MalformedSdp::Empty));
        assert_eq!(Sdp::parse(b"\r\n\r\n"), Err(MalformedSdp::Empty));
        assert_eq!(Sdp::parse(b"hello"), Err(MalformedSdp::BadLine(1)));
        assert_eq!(Sdp::parse(b"\xff\xfe"), Err(MalformedSdp::NotText));
        assert_eq!(Sdp::parse(b"v=0\r\ns=-\r\n"), Err(MalformedSdp::BadStart));
        assert_eq!(
            Sdp::parse(b"v=1\r\no=-\r\ns=-\r\n"),
            Err(MalformedSdp::BadStart)
        );
        assert_eq!(parse("a=x\0y\r\n"), Err(MalformedSdp::NotText));
        assert_eq!(parse("a=x\ry\r\n"), Err(MalformedSdp::NotText));
        assert_eq!(parse("a=x\r\n\r\na=y\r\n"), Err(MalformedSdp::BadLine(6)));
        assert_eq!(parse("A=x\r\n"), Err(MalformedSdp::BadLine(5)));
        for bad in [
            "m=audio",
            "m=audio 9 P",
            "m=audio x P 1",
            "m=audio 70000 P 1",
            "m= 9 P 1",
        ] {
            assert_eq!(
                parse(&format!("{bad}\r\n")),
                Err(MalformedSdp::BadLine(5)),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_line_has_an_edge_at_its_bound() {
        let line = |n: usize| format!("a={}\r\n", "x".repeat(n - 2));
        assert_eq!(parse(&line(SDP_LINE_BYTES_MAX - 1)), Ok(()));
        assert_eq!(parse(&line(SDP_LINE_BYTES_MAX)), Ok(()));
        assert_eq!(
            parse(&line(SDP_LINE_BYTES_MAX + 1)),
            Err(MalformedSdp::LineTooLong)
        );
    }

    #[test]
    fn the_number_of_lines_has_an_edge_at_its_bound() {
        let lines = |n: usize| "a=x\r\n".repeat(n - 4);
        assert_eq!(parse(&lines(SDP_LINES_MAX - 1)), Ok(()));
        assert_eq!(parse(&lines(SDP_LINES_MAX)), Ok(()));
        assert_eq!(
            parse(&lines(SDP_LINES_MAX + 1)),
            Err(MalformedSdp::TooManyLines)
        );
    }
}
