//! How fast a playlist grows. Only what is certain is found: media that was not there a while after the media before it was.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::catalog::Rule;
use crate::playlist::media::{Edge, Media};
use crate::report::Notes;

use super::promises::target;

/// What a network and two schedulers add to a cadence.
const TOLERANCE: Duration = Duration::from_millis(250);

/// When a playlist grew.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    edge: Edge,
    segment_at: Instant,
    part_at: Instant,
    /// When it was last seen to have no more than that.
    seen_at: Instant,
    is_ended: bool,
}

impl Pace {
    /// The first playlist of a rendition.
    pub fn new(media: &Media, at: Instant) -> Self {
        Self {
            edge: media.edge(),
            segment_at: at,
            part_at: at,
            seen_at: at,
            is_ended: media.is_ended,
        }
    }

    /// Another playlist. `is_held`: it came as soon as what it has was there.
    pub fn judge(&mut self, media: &Media, at: Instant, is_held: bool, notes: &mut Notes<'_>) {
        let edge = media.edge();
        // Up to then nothing had come.
        let silent_until = |has_grown: bool| match has_grown && !is_held {
            true => self.seen_at,
            false => at,
        };
        let is_over = self.is_ended || media.is_ended;
        let has_segment = edge.msn > self.edge.msn;
        if let (Some(target), false) = (target(media), is_over) {
            let waited = silent_until(has_segment).saturating_since(self.segment_at);
            let limit = target * 3 / 2;
            notes.check(Rule::Lh16, None, waited <= limit + TOLERANCE, || {
                format!("no segment for {waited:?}, which is more than {limit:?}")
            });
        }
        let has_part = edge > self.edge;
        if let (Some(limit), false) = (media.part_target, is_over) {
            let waited = silent_until(has_part).saturating_since(self.part_at);
            notes.check(Rule::Lh16p, None, waited <= limit + TOLERANCE, || {
                format!("no part for {waited:?}, which is more than {limit:?}")
            });
        }
        if has_segment {
            self.segment_at = at;
        }
        if has_part {
            self.part_at = at;
        }
        self.edge = self.edge.max(edge);
        self.seen_at = at;
        self.is_ended = media.is_ended;
    }
}
