//! Tags whose value is a list of attributes.

use std::mem;

use crate::catalog::Rule;
use crate::playlist::attributes::Attributes;
use crate::playlist::date_time::DateTime;
use crate::playlist::media::{DateRange, Hint, RenditionReport, Skip};
use crate::playlist::segment::{Map, Part};
use crate::playlist::server_control::ServerControl;

use super::Parser;

impl Parser {
    pub(super) fn list_tag(&mut self, line: usize, name: &str, text: &str, list: &Attributes) {
        match name {
            "EXT-X-SERVER-CONTROL" => {
                self.media.server_control = Some(ServerControl::new(line, list));
            }
            "EXT-X-PART-INF" => {
                self.media.part_target = list.seconds("PART-TARGET");
                self.require(line, self.media.part_target.is_some(), "PART-TARGET");
            }
            "EXT-X-PART" => self.part(line, list),
            "EXT-X-MAP" => self.map(line, list),
            "EXT-X-KEY" => self.key(line, text, list),
            "EXT-X-SKIP" => self.skip(line, list),
            "EXT-X-PRELOAD-HINT" => self.hint(line, list),
            "EXT-X-RENDITION-REPORT" => {
                let uri = list.quoted("URI");
                self.require(line, uri.is_some(), "URI");
                self.media.reports.push(RenditionReport {
                    line,
                    uri: uri.unwrap_or_default().to_owned(),
                    last_msn: list.integer("LAST-MSN"),
                    last_part: list.integer("LAST-PART"),
                });
            }
            "EXT-X-DATERANGE" => {
                let id = list.quoted("ID");
                self.require(line, id.is_some(), "ID");
                self.media.date_ranges.push(DateRange {
                    line,
                    id: id.unwrap_or_default().to_owned(),
                    start: list.quoted("START-DATE").and_then(DateTime::parse),
                    text: text.to_owned(),
                });
            }
            _ => {}
        }
    }

    fn require(&mut self, line: usize, is_there: bool, name: &str) {
        if !is_there {
            self.fault(
                Rule::Pl02,
                line,
                format!("{name} is missing, or is of another type"),
            );
        }
    }

    fn part(&mut self, line: usize, list: &Attributes) {
        let (Some(uri), Some(duration)) = (list.quoted("URI"), list.seconds("DURATION")) else {
            self.fault(Rule::Pl02, line, "a part without a URI or a DURATION");
            return;
        };
        if self.pending.parts.is_empty() && self.pending.line == 0 {
            self.pending.line = line;
        }
        self.pending.parts.push(Part {
            line,
            uri: uri.to_owned(),
            duration,
            is_independent: list.is_yes("INDEPENDENT"),
            is_gap: list.is_yes("GAP"),
            byte_range: list.quoted("BYTERANGE").map(str::to_owned),
        });
    }

    fn map(&mut self, line: usize, list: &Attributes) {
        self.needs_version(
            if self.media.is_i_frames_only { 5 } else { 6 },
            line,
            "EXT-X-MAP",
        );
        if !self.pending.parts.is_empty() {
            self.pending.late_tags.push(line);
        }
        self.require(line, list.quoted("URI").is_some(), "URI");
        self.map = list.quoted("URI").map(|uri| Map {
            uri: uri.to_owned(),
            byte_range: list.quoted("BYTERANGE").map(str::to_owned),
        });
        self.pending.has_own_map = true;
    }

    fn key(&mut self, line: usize, text: &str, list: &Attributes) {
        if !self.pending.parts.is_empty() {
            self.pending.late_tags.push(line);
        }
        if list.bare("IV").is_some() {
            self.needs_version(2, line, "IV of EXT-X-KEY");
        }
        if list.quoted("KEYFORMAT").is_some() || list.quoted("KEYFORMATVERSIONS").is_some() {
            self.needs_version(5, line, "KEYFORMAT");
        }
        let method = list.bare("METHOD");
        self.require(line, method.is_some(), "METHOD");
        let is_none = method == Some("NONE");
        if !is_none && list.quoted("URI").is_none() {
            self.fault(Rule::Lh28, line, "a key without a URI");
        }
        let before = mem::take(&mut self.key).filter(|_| self.is_in_keys);
        self.key =
            (!is_none).then(|| before.map_or(text.to_owned(), |keys| format!("{keys}\n{text}")));
        self.is_in_keys = true;
    }

    fn skip(&mut self, line: usize, list: &Attributes) {
        let n_segments = list.integer("SKIPPED-SEGMENTS");
        self.require(line, n_segments.is_some(), "SKIPPED-SEGMENTS");
        let removed = list.quoted("RECENTLY-REMOVED-DATERANGES");
        // Version 10 is for a delta that replaces date ranges (section 8), which an empty list does not show.
        let is_10 = removed.is_some_and(|ids| !ids.is_empty());
        self.needs_version(if is_10 { 10 } else { 9 }, line, "EXT-X-SKIP");
        let ids = |text: &str| {
            let ids = text.split('\t').filter(|id| !id.is_empty());
            ids.map(str::to_owned).collect()
        };
        self.media.skips.push(Skip {
            line,
            n_segments: n_segments.unwrap_or_default(),
            removed_date_ranges: removed.map(ids),
        });
    }

    fn hint(&mut self, line: usize, list: &Attributes) {
        let (kind, uri) = (list.bare("TYPE"), list.quoted("URI"));
        self.require(line, kind.is_some() && uri.is_some(), "TYPE or URI");
        self.media.hints.push(Hint {
            line,
            kind: kind.unwrap_or_default().to_owned(),
            uri: uri.unwrap_or_default().to_owned(),
            start: list.integer("BYTERANGE-START"),
        });
    }
}
