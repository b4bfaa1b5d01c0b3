//! What never changes while a stream lives.

use crate::catalog::Rule;
use crate::playlist::media::Media;
use crate::report::Notes;

/// A playlist after another of the same rendition.
pub fn judge(old: &Media, new: &Media, notes: &mut Notes<'_>) {
    notes.check(
        Rule::Lh13c,
        None,
        old.target_duration == new.target_duration,
        || format!("{:?} was {:?}", new.target_duration, old.target_duration),
    );
    if old.part_target.is_some() || new.part_target.is_some() {
        notes.check(Rule::Av01, None, old.part_target == new.part_target, || {
            format!("{:?} was {:?}", new.part_target, old.part_target)
        });
    }
    // An ended playlist promises nothing more.
    if let Some(control) = &old.server_control
        && !new.is_ended
    {
        let is_same = new
            .server_control
            .as_ref()
            .is_some_and(|new| new.promises_as(control));
        notes.check(Rule::Av02, Some(control.line), is_same, || {
            format!("{:?} was {control:?}", new.server_control)
        });
    }
}
