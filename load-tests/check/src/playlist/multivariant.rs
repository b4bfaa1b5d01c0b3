//! A multivariant playlist (draft-pantos-hls-rfc8216bis section 4.4.6).

use crate::catalog::Rule;

use super::attributes::Attributes;
use super::fault::Fault;

/// What a multivariant playlist says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multivariant {
    /// `EXT-X-STREAM-INF`.
    pub variants: Vec<Variant>,
    /// `EXT-X-MEDIA`.
    pub renditions: Vec<Rendition>,
    /// What cannot be read as it should.
    pub faults: Vec<Fault>,
}

/// A variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Where it stands.
    pub line: usize,
    /// Its media playlist.
    pub uri: String,
    /// `CODECS`, each.
    pub codecs: Vec<String>,
    /// `RESOLUTION`.
    pub has_resolution: bool,
    /// `AUDIO`: the group of its sound.
    pub audio: Option<String>,
}

/// A rendition that variants refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// Where it stands.
    pub line: usize,
    /// `TYPE`.
    pub kind: String,
    /// `GROUP-ID`.
    pub group: String,
    /// Its media playlist; `None`: its media is in the variant's.
    pub uri: Option<String>,
    /// `CHANNELS`, the number before any slash.
    pub channels: Option<u64>,
    /// What it has in common with its like in other groups: all other attributes, in the order of their names.
    pub common: Attributes,
}

/// Whether a text is a multivariant playlist: it names variants.
pub fn is_multivariant(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("#EXT-X-STREAM-INF"))
}

/// Reads a text.
pub fn multivariant(text: &str) -> Multivariant {
    let mut out = Multivariant::default();
    let mut pending: Option<(usize, Attributes)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        if number == 1 && line != "#EXTM3U" {
            out.fault(Rule::Pl01, number, format!("the first line is {line:?}"));
        }
        if let Some(list) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            if pending.is_some() {
                out.fault(Rule::Pl04, number, "a variant without a URI");
            }
            pending = out.list(number, list).map(|list| (number, list));
            if let Some((_, list)) = &pending
                && list.integer("BANDWIDTH").is_none()
            {
                out.fault(
                    Rule::Pl02,
                    number,
                    "BANDWIDTH is missing, or is no whole number",
                );
            }
        } else if let Some(list) = line.strip_prefix("#EXT-X-MEDIA:") {
            out.rendition(number, list);
        } else if line.starts_with("#EXTINF") || line.starts_with("#EXT-X-TARGETDURATION") {
            out.fault(Rule::Pl05, number, "a tag of media playlists");
        } else if !line.starts_with('#') && !line.trim().is_empty() {
            match pending.take() {
                Some((at, list)) => out.variants.push(Variant::new(at, line, &list)),
                None => out.fault(Rule::Pl04, number, format!("{line} is no variant's")),
            }
        }
    }
    if let Some((line, _)) = pending {
        out.fault(Rule::Pl04, line, "a variant without a URI");
    }
    out
}

impl Variant {
    fn new(line: usize, uri: &str, list: &Attributes) -> Self {
        let codecs = list.quoted("CODECS").unwrap_or_default().split(',');
        let codecs = codecs.map(str::trim).filter(|codec| !codec.is_empty());
        Self {
            line,
            uri: uri.to_owned(),
            codecs: codecs.map(str::to_owned).collect(),
            has_resolution: list.bare("RESOLUTION").is_some(),
            audio: list.quoted("AUDIO").map(str::to_owned),
        }
    }
}

impl Multivariant {
    fn fault(&mut self, rule: Rule, line: usize, what: impl Into<String>) {
        self.faults.push(Fault::new(rule, line, what));
    }

    fn list(&mut self, line: usize, text: &str) -> Option<Attributes> {
        match Attributes::parse(text) {
            Ok(list) => Some(list),
            Err(what) => {
                self.fault(Rule::Pl02, line, what);
                None
            }
        }
    }

    fn rendition(&mut self, line: usize, text: &str) {
        let Some(list) = self.list(line, text) else {
            return;
        };
        let (Some(kind), Some(group)) = (list.bare("TYPE"), list.quoted("GROUP-ID")) else {
            self.fault(Rule::Pl02, line, "a rendition without TYPE or GROUP-ID");
            return;
        };
        let channels = list
            .quoted("CHANNELS")
            .and_then(|text| text.split('/').next());
        self.renditions.push(Rendition {
            line,
            kind: kind.to_owned(),
            group: group.to_owned(),
            uri: list.quoted("URI").map(str::to_owned),
            channels: channels.and_then(super::decimal::integer),
            common: list.without(&["GROUP-ID", "URI", "CHANNELS"]),
        });
    }
}
