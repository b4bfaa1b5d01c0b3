//! What `EXT-X-SERVER-CONTROL` and `EXT-X-PART-INF` promise, and what goes with it.

use std::time::Duration;

use crate::catalog::Rule;
use crate::playlist::media::Media;
use crate::report::Notes;

/// One playlist.
pub fn judge(media: &Media, notes: &mut Notes<'_>) {
    let first_part = media.segments.iter().flat_map(|s| &s.parts).next();
    if let Some(part) = first_part {
        notes.check(
            Rule::Lh01,
            Some(part.line),
            media.part_target.is_some(),
            || "a part, and no EXT-X-PART-INF".to_owned(),
        );
    }
    hold_backs(media, notes);
    skipping(media, notes);
    if media.part_target.is_some() && !media.is_ended {
        let can = media
            .server_control
            .as_ref()
            .is_some_and(|c| c.can_block_reload);
        let line = media.server_control.as_ref().map(|control| control.line);
        notes.check(Rule::Lh05, line, can, || {
            "parts without CAN-BLOCK-RELOAD=YES".to_owned()
        });
        let has_date = media.segments.iter().any(|s| s.date_time.is_some());
        let is_delta = !media.skips.is_empty();
        notes.check(Rule::Lc03, None, has_date || is_delta, || {
            "no segment has a PROGRAM-DATE-TIME".to_owned()
        });
    }
}

fn hold_backs(media: &Media, notes: &mut Notes<'_>) {
    let control = media.server_control.as_ref();
    let line = control.map(|control| control.line);
    if let Some(target) = media.part_target {
        let hold_back = control.and_then(|control| control.part_hold_back);
        let is_enough = |times: u32| hold_back.is_some_and(|hold_back| hold_back >= target * times);
        notes.check(Rule::Lh02, line, is_enough(2), || {
            format!("PART-HOLD-BACK is {hold_back:?}, and PART-TARGET {target:?}")
        });
        if is_enough(2) {
            notes.check(Rule::Lh02s, line, is_enough(3), || {
                format!("PART-HOLD-BACK is {hold_back:?}, and PART-TARGET {target:?}")
            });
        }
    }
    if let Some(hold_back) = control.and_then(|control| control.hold_back)
        && let Some(target) = target(media)
    {
        notes.check(Rule::Lh03, line, hold_back >= target * 3, || {
            format!("HOLD-BACK is {hold_back:?}, and the target duration {target:?}")
        });
    }
}

fn skipping(media: &Media, notes: &mut Notes<'_>) {
    let Some(control) = &media.server_control else {
        return;
    };
    if control.can_skip_date_ranges && control.can_skip_until.is_none() {
        notes.check(Rule::Lh04, Some(control.line), false, || {
            "CAN-SKIP-DATERANGES without CAN-SKIP-UNTIL".to_owned()
        });
    }
    if let (Some(until), Some(target)) = (control.can_skip_until, target(media)) {
        notes.check(Rule::Lh04, Some(control.line), until >= target * 6, || {
            format!("CAN-SKIP-UNTIL is {until:?}, and the target duration {target:?}")
        });
    }
}

/// The target duration.
pub(crate) fn target(media: &Media) -> Option<Duration> {
    media
        .target_duration
        .map(|seconds| Duration::from_secs(seconds.min(u64::from(u32::MAX))))
}
