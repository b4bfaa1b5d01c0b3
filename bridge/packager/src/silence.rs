//! What becomes of a stream while nothing comes: time is told of as parts without media.

use sfu_model::time::Instant;

use crate::ladder::{Ladder, PAUSE_MAX};
use crate::slot::writers_mut;

impl Ladder {
    /// Nobody publishes any more.
    pub(crate) fn desert(&mut self, now: Instant) {
        for writer in writers_mut(&mut self.slots) {
            writer.finish_part(now, &mut self.outbox);
        }
        self.is_deserted = true;
    }

    /// Time without a publisher is told of from here on, in segments of its own.
    fn part_from_publisher(&mut self, now: Instant) {
        let ends = self.writers().map(|w| w.at(w.parts.starts_at())).max();
        if let Some(at) = ends.filter(|_| self.is_deserted) {
            self.clock.end_at(at, now);
        }
        self.is_deserted = false;
    }

    /// Does what is due without a frame.
    pub(crate) fn expire(&mut self, now: Instant) {
        if self
            .writers()
            .any(|writer| writer.patience.lag(now) > PAUSE_MAX)
        {
            self.skip_pause(now);
        }
        if self
            .writers()
            .any(|writer| writer.patience.deadline() <= now)
        {
            self.part_from_publisher(now);
        }
        for writer in writers_mut(&mut self.slots) {
            while writer.patience.deadline() <= now {
                let until = writer.at(writer.parts.ends_by());
                self.outbox.stats.late_cuts += self.clock.reach(until, now);
                writer.expire(&self.clock, &mut self.outbox);
            }
        }
    }
}
