//! From when on a media playlist answers its request: blocking reload (draft-pantos-hls-rfc8216bis section 6.2.5.2).

use std::time::Duration;

use bridge_packager::playlist::media::Media;
use bridge_packager::playlist::server_control::ServerControl;

use crate::directives::Directives;
use crate::path::View;

/// A place in a rendition, in the order in which it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Number of the segment.
    pub segment: u64,
    /// Which part of it, or all of it.
    pub part: Reach,
}

/// How much of a segment: all of it comes after each of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Up to this part.
    Part(u64),
    /// The segment, finished.
    Whole,
}

impl Position {
    /// Before all others.
    pub const FIRST: Self = Self::part(0, 0);
    /// After all others.
    pub const LAST: Self = Self {
        segment: u64::MAX,
        part: Reach::Whole,
    };

    /// A part.
    pub const fn part(segment: u64, part: u64) -> Self {
        Self {
            segment,
            part: Reach::Part(part),
        }
    }

    /// Where a playlist of this view must have come to, as its directives say. The DVR view lists no parts, so that only
    /// whole segments can be waited for. `None`: anywhere.
    pub fn wanted(directives: &Directives, view: View) -> Option<Self> {
        let part = match (directives.part, view) {
            (Some(part), View::Live) => Reach::Part(part),
            (None, _) | (_, View::Dvr) => Reach::Whole,
        };
        let segment = directives.segment?;
        Some(Self { segment, part })
    }
}

/// What a request for a playlist comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The playlist has what was asked for.
    Ready,
    /// It is answered once this is there.
    Hold(Position),
    /// It is so far ahead that it cannot be meant: 400.
    TooFar,
}

impl Reload {
    /// Whether a playlist of this view answers a request that wants this, or nothing in particular.
    pub fn now(view: View, wanted: Option<Position>, media: &Media) -> Self {
        match wanted {
            _ if media.is_ended => Self::Ready,
            Some(wanted) => Self::of(wanted, media),
            // Nothing of it can be played yet, and players take an empty playlist for an error.
            None if view == View::Dvr && media.segments.is_empty() => Self::Hold(Position {
                segment: media.next_part().0.0,
                part: Reach::Whole,
            }),
            None => Self::Ready,
        }
    }

    /// Whether a playlist has come to where it is wanted.
    pub fn of(wanted: Position, media: &Media) -> Self {
        let (open, n_parts) = media.next_part();
        let (open, n_parts) = (open.0, u64::from(n_parts.0));
        // The last finished segment's number plus two: the one after the open one.
        if wanted.segment > open.saturating_add(1) {
            return Self::TooFar;
        }
        let Reach::Part(part) = wanted.part else {
            return if wanted.segment < open {
                Self::Ready
            } else {
                Self::Hold(wanted)
            };
        };
        if wanted.segment < open {
            // Past the last part of a finished segment means the first of the next one.
            let is_next = wanted.segment.saturating_add(1) == open;
            let is_past = is_next && last_has_at_most(media, part);
            return if is_past && n_parts == 0 {
                Self::Hold(Position::part(open, 0))
            } else {
                Self::Ready
            };
        }
        let n_there = if wanted.segment == open { n_parts } else { 0 };
        if part < n_there {
            return Self::Ready;
        }
        // How many parts after the last one there is; those that the open segment may still get are not counted.
        let ahead = part.saturating_sub(n_there).saturating_add(1);
        if ahead > advance_part_limit(&media.server_control) {
            return Self::TooFar;
        }
        Self::Hold(wanted)
    }
}

fn last_has_at_most(media: &Media, n_parts: u64) -> bool {
    let last = media.segments.last();
    last.is_some_and(|last| last.parts.len() as u64 <= n_parts)
}

/// How many parts ahead of the last one may be asked for: three divided by the part target if that is shorter than a
/// second, otherwise three (section 6.2.5.2).
pub fn advance_part_limit(control: &ServerControl) -> u64 {
    let target = control.part_target.max(Duration::from_millis(1));
    if target >= Duration::from_secs(1) {
        return 3;
    }
    let limit = Duration::from_secs(3).as_nanos() / target.as_nanos();
    u64::try_from(limit).unwrap_or(u64::MAX)
}
