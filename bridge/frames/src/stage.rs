//! What the encodings of a stream share while one of them works.

use sfu_model::frame::{Discontinuity, Frame};
use sfu_model::time::Instant;

use crate::counters::Counters;
use crate::discontinuity::Breaks;
use crate::event::Event;
use crate::outbox::Outbox;
use crate::source::Source;
use crate::sync::media_clock::{MediaClock, media_time};
use crate::sync::relation::Located;
use crate::timeline::Timeline;
use crate::warning::{Warned, Warning};

/// What a source keeps when its encodings are replaced.
#[derive(Debug)]
pub(crate) struct SourceState {
    source: Source,
    /// The time of the last frame that began.
    last: Option<i64>,
    breaks: Breaks,
    warned: Warned,
}

impl SourceState {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            last: None,
            breaks: Breaks::default(),
            warned: Warned::default(),
        }
    }

    /// The next frame does not follow the last. The first of a source follows nothing.
    pub(crate) fn mark(&mut self, discontinuity: Discontinuity) {
        if self.last.is_some() {
            self.breaks.mark(discontinuity);
        }
    }

    pub(crate) const fn last(&self) -> Option<i64> {
        self.last
    }
}

/// Everything that an encoding may change beside itself.
pub(crate) struct Stage<'a> {
    pub(crate) timeline: Timeline,
    pub(crate) clock: &'a mut MediaClock,
    pub(crate) source: &'a mut SourceState,
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) counters: &'a mut Counters,
    pub(crate) now: Instant,
}

impl Stage<'_> {
    /// A frame begins. Its time is this, or just after the last one's where it would not be later.
    pub(crate) fn begin(&mut self, time: i64) -> i64 {
        let least = self.source.last.map_or(0, |last| last.saturating_add(1));
        let time = time.max(least);
        self.source.last = Some(time);
        self.outbox.push(Event::Begins {
            source: self.source.source,
            time: media_time(time),
            follows: self.source.breaks.let_follow(),
        });
        time
    }

    /// A frame that has begun is whole; it takes what there is to say about the one before it.
    pub(crate) fn emit(&mut self, mut frame: Frame) {
        frame.discontinuity = self.source.breaks.take();
        self.outbox.push(Event::Frame {
            source: self.source.source,
            frame,
        });
    }

    pub(crate) fn want_keyframe(&mut self) {
        self.outbox.push(Event::KeyframeWanted {
            source: self.source.source,
        });
    }

    /// What is wrong with its publisher's clocks, which may stop while nothing is sent.
    pub(crate) fn tell(&mut self, located: Located) {
        if located.is_after_pause {
            return;
        }
        if located.has_jumped {
            self.warn(Warning::BrokenTimestamps);
        }
        if located.is_distrusted {
            self.warn(Warning::UntrustedReports);
        }
    }

    pub(crate) fn warn(&mut self, warning: Warning) {
        if self.source.warned.admits(warning, self.now) {
            self.outbox.push(Event::Warning {
                source: self.source.source,
                warning,
            });
        }
    }
}
