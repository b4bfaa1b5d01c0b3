//! Preload hints of one playlist.

use crate::catalog::Rule;
use crate::playlist::media::Media;
use crate::report::Notes;

/// One playlist.
pub fn judge(media: &Media, notes: &mut Notes<'_>) {
    if media.is_ended {
        let hint = media.hints.first();
        notes.check(
            Rule::Lp04,
            hint.map(|hint| hint.line),
            hint.is_none(),
            || "a hint, and the playlist has ended".to_owned(),
        );
        return;
    }
    for hint in &media.hints {
        let same = media.hints.iter().filter(|other| other.kind == hint.kind);
        notes.check(Rule::Lp05, Some(hint.line), same.count() == 1, || {
            format!("more than one hint of a {}", hint.kind)
        });
    }
    if media.is_low_latency() {
        let hints_part = media.hints.iter().any(|hint| hint.kind == "PART");
        notes.check(Rule::Lp10, None, hints_part, || {
            "no part is hinted".to_owned()
        });
    }
}
