//! What leaves a playlist, and how that is counted.

use crate::catalog::Rule;
use crate::playlist::media::Media;
use crate::playlist::segment::Segment;
use crate::report::Notes;

use super::promises::target;

/// A playlist after another of the same rendition. `false`: its numbers cannot be held against the other's.
pub fn judge(old: &Media, new: &Media, notes: &mut Notes<'_>) -> bool {
    let is_counted = numbers(old, new, notes);
    if is_counted {
        discontinuities(old, new, notes);
    }
    let n_removed = new.msn.saturating_sub(old.msn);
    if n_removed > 0
        && is_counted
        && let Some(target) = target(new)
    {
        let left = new.length();
        notes.check(Rule::Lh22, None, left >= target * 3, || {
            format!("{n_removed} segments were removed, and {left:?} are left")
        });
    }
    if let Some(kind) = &old.playlist_type {
        let is_same = old.edge() == new.edge() && new.msn == old.msn;
        let is_kept = n_removed == 0 && (kind != "VOD" || is_same);
        notes.check(Rule::Lh25, None, is_kept, || {
            format!("a playlist of type {kind} was changed")
        });
    }
    if old.is_ended {
        let stays = new.is_ended && new.edge() == old.edge();
        notes.check(Rule::Lh19, None, stays, || {
            "the playlist had ended, and goes on".to_owned()
        });
    }
    is_counted
}

/// A URI that moves to another number was moved by a removal that was not counted.
fn numbers(old: &Media, new: &Media, notes: &mut Notes<'_>) -> bool {
    let mut is_counted = new.msn >= old.msn;
    notes.check(Rule::Lh21, None, is_counted, || {
        format!("{} was {}", new.msn, old.msn)
    });
    let is_other = |segment: &&Segment| {
        let known = old.segment(segment.msn);
        known.is_some_and(|known| known.is_whole() && known.uri != segment.uri)
    };
    let moved = new.whole().filter(is_other).find_map(|segment| {
        let before = old
            .whole()
            .find(|before| before.uri == segment.uri && before.byte_range == segment.byte_range)?;
        Some((segment, before.msn))
    });
    if let Some((segment, before)) = moved {
        is_counted = false;
        notes.check(Rule::Lh21, Some(segment.line), false, || {
            format!(
                "{:?} is number {}, and was {before}",
                segment.uri, segment.msn
            )
        });
    }
    is_counted
}

fn discontinuities(old: &Media, new: &Media, notes: &mut Notes<'_>) {
    let is_risen = new.discontinuity_sequence >= old.discontinuity_sequence;
    notes.check(Rule::Lh21d, None, is_risen, || {
        format!(
            "{} was {}",
            new.discontinuity_sequence, old.discontinuity_sequence
        )
    });
    let mut kept = new
        .segments
        .iter()
        .filter_map(|s| Some((s, old.segment(s.msn)?)));
    let counted_otherwise = kept.find(|(segment, before)| {
        segment.is_discontinuous == before.is_discontinuous
            && segment.discontinuity_sequence != before.discontinuity_sequence
    });
    if is_risen && let Some((segment, before)) = counted_otherwise {
        notes.check(Rule::Lh21d, Some(segment.line), false, || {
            let (now, then) = (
                segment.discontinuity_sequence,
                before.discontinuity_sequence,
            );
            format!(
                "segment {} has the sequence {now}, and had {then}",
                segment.msn
            )
        });
    }
}
