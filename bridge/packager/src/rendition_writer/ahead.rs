//! What is known of segments that have not begun, and of those that follow.

use super::RenditionWriter;
use crate::playlist::media::Upcoming;
use crate::run;
use crate::segment_clock::{Cut, SegmentClock};

impl RenditionWriter {
    /// What is known of the open segment, as long as it has no part.
    pub(crate) fn upcoming(&self) -> Upcoming {
        let is_upcoming = self.segment.head().is_none() && self.segment.cut().is_discontinuous;
        match (is_upcoming, self.parts.is_empty()) {
            (false, _) => Upcoming::GoesOn,
            (true, false) => Upcoming::Anew(self.init),
            (true, true) => Upcoming::Unknown,
        }
    }

    /// Does the next segment begin at this time?
    pub(crate) fn is_cut_at(&self, time: u64, clock: &SegmentClock) -> bool {
        let next = clock.after(self.segment.cut().number);
        let reached = time.saturating_add(self.tolerance());
        next.is_some_and(|cut| self.ticks(cut.at) <= reached)
    }

    /// Is there a discontinuity of another rendition's between the open segment and this time?
    pub(crate) fn passes_break(&self, time: u64, clock: &SegmentClock) -> bool {
        let reached = time.saturating_add(self.tolerance());
        let broken = clock.next_break_at(self.segment.cut().number);
        broken.is_some_and(|at| self.ticks(at) <= reached)
    }

    /// A segment begins, which may be the first of a run.
    pub(super) fn begin_run(&mut self, cut: Cut) {
        if self.runs.last() != Some(&cut.run) && cut.run.first == cut.number {
            let first = self.window.segments().first();
            let first = first.map_or(cut.number, |first| first.head.number);
            self.runs = run::with(&self.runs, cut.run, first);
        }
    }
}
