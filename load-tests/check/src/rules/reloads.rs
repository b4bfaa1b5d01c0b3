//! What a blocking reload was answered with.

use crate::catalog::Rule;
use crate::playlist::media::Media;
use crate::report::Notes;

/// What was asked for (draft-pantos-hls-rfc8216bis section 6.2.5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `_HLS_msn`.
    pub msn: Option<u64>,
    /// `_HLS_part`.
    pub part: Option<u64>,
    /// `_HLS_skip`.
    pub skip: Skip,
}

/// Which delta update is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Skip {
    /// None.
    #[default]
    No,
    /// `_HLS_skip=YES`.
    Yes,
    /// `_HLS_skip=v2`.
    V2,
}

/// A playlist that came for these directives.
pub fn judge(media: &Media, asked: Directives, notes: &mut Notes<'_>) {
    let Some(msn) = asked.msn.filter(|_| !media.is_ended) else {
        return;
    };
    let has = media.has(msn, asked.part);
    notes.check(Rule::Lb01, None, has, || {
        format!(
            "segment {msn}, part {:?} was awaited, and is not there",
            asked.part
        )
    });
    let Some(part) = asked.part else {
        return;
    };
    let segment = media.segment(msn).filter(|segment| segment.is_whole());
    let n_parts = segment.map_or(0, |segment| segment.parts.len() as u64);
    if n_parts > 0 && part >= n_parts {
        let next = msn.saturating_add(1);
        notes.check(Rule::Lb03, None, media.has(next, Some(0)), || {
            format!("segment {msn} has {n_parts} parts, {part} was awaited, and {next} has none")
        });
    }
}
