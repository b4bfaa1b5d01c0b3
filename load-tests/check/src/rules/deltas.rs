//! Delta updates.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::time::Instant;

use crate::catalog::Rule;
use crate::playlist::delta::{difference, reconstruct};
use crate::playlist::media::Media;
use crate::report::Notes;

use super::promises::target;

/// Rounding of as many durations as a playlist has.
const ROUNDING: Duration = Duration::from_millis(100);

/// A delta update came after `old`: what its reader has then.
pub fn judge(old: Option<&Media>, delta: &Media, notes: &mut Notes<'_>) -> Option<Media> {
    let line = delta.skips.first().map(|skip| skip.line);
    let until = delta
        .server_control
        .as_ref()
        .and_then(|control| control.can_skip_until);
    let can_skip = until.is_some() && !delta.is_ended;
    notes.check(Rule::Ld02, line, can_skip, || {
        "segments are skipped where CAN-SKIP-UNTIL is not said, or after the end".to_owned()
    });
    if let Some(until) = until {
        let left = delta.length();
        notes.check(Rule::Ld01, line, left + ROUNDING >= until, || {
            format!("{left:?} are left of what is younger than {until:?}")
        });
    }
    let old = old?;
    let is_listed = |id: &str| delta.date_ranges.iter().any(|range| range.id == id);
    if old.date_ranges.iter().any(|range| !is_listed(&range.id)) {
        let version = delta.version.unwrap_or(1);
        notes.check(Rule::Lh12, line, version >= 10, || {
            format!("date ranges are skipped under version {version}")
        });
    }
    match reconstruct(old, delta) {
        Ok(new) => Some(new),
        Err(what) => {
            notes.check(Rule::Ld06, line, false, || what);
            None
        }
    }
}

/// A whole playlist came where a delta update had been asked for, or could have been.
pub fn judge_whole(whole: &Media, was_delta_asked: bool, notes: &mut Notes<'_>) {
    let until = whole
        .server_control
        .as_ref()
        .and_then(|control| control.can_skip_until);
    let may_skip = until.is_some() && !whole.is_ended;
    if was_delta_asked && !may_skip {
        notes.check(Rule::Ld02, None, true, String::new);
    }
    let (Some(until), Some(target)) = (until, target(whole)) else {
        return;
    };
    if was_delta_asked && may_skip {
        // A server may see the boundary a segment from where it is seen here.
        let is_short = whole.length() <= until + target * 2;
        notes.check(Rule::Ld01, None, is_short, || {
            format!(
                "a delta update was asked for, and {:?} are listed",
                whole.length()
            )
        });
    }
}

/// When each date range of a rendition was first listed.
#[derive(Debug, Default)]
pub struct Ranges(BTreeMap<String, Instant>);

impl Ranges {
    /// A whole playlist came. What it no longer lists is forgotten.
    pub fn take(&mut self, media: &Media, at: Instant) {
        let ids = media.date_ranges.iter().map(|range| range.id.clone());
        let known = ids.map(|id| {
            let first = self.0.get(&id).copied().unwrap_or(at);
            (id, first)
        });
        self.0 = known.collect();
    }
}

/// A v2 delta came.
pub fn judge_v2(delta: &Media, ranges: &Ranges, at: Instant, notes: &mut Notes<'_>) {
    let until = delta
        .server_control
        .as_ref()
        .and_then(|control| control.can_skip_until);
    for range in &delta.date_ranges {
        if let (Some(until), Some(first)) = (until, ranges.0.get(&range.id)) {
            let age = at.saturating_since(*first);
            notes.check(Rule::Ld03, Some(range.line), age <= until, || {
                format!("{} was there {age:?} ago", range.id)
            });
        }
    }
    for skip in &delta.skips {
        notes.check(
            Rule::Ld04,
            Some(skip.line),
            skip.removed_date_ranges.is_some(),
            || "no RECENTLY-REMOVED-DATERANGES".to_owned(),
        );
    }
}

/// A whole playlist, and what a reader of a delta made: of the same moment, if they end with the same media.
pub fn judge_pair(made: &Media, whole: &Media, notes: &mut Notes<'_>) {
    if made.last_uri() == whole.last_uri() && made.is_ended == whole.is_ended {
        let what = difference(made, whole);
        notes.check(Rule::Ld06, None, what.is_none(), || {
            what.unwrap_or_default()
        });
    }
}
