//! One stream's job, wherever its worker is.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::frame::{Discontinuity, Frame};
use sfu_model::time::{Instant, MediaTime};

use super::restart::Crashes;
use crate::gate::Gate;
use crate::job::{Job, RUNGS_MAX, RungIndex, RungSet};

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) job: Job,
    pub(super) wanted: RungSet,
    /// In front of the worker's queue.
    pub(super) input: Gate,
    pub(super) watch: Watch,
    pub(super) crashes: Crashes,
    /// The processor does some of what the plan has a card do.
    pub(super) has_left_card: bool,
    /// Rungs whose next frame comes from a new encoder.
    encoder_changed: RungSet,
    /// The time of each rung's last frame: those of its next worker come after it.
    last: [Option<MediaTime>; RUNGS_MAX],
}

impl Slot {
    pub(super) fn new(job: Job) -> Self {
        Self {
            wanted: RungSet::first(n_rungs(&job)),
            job,
            input: Gate::closed(),
            watch: Watch::default(),
            crashes: Crashes::default(),
            has_left_card: false,
            encoder_changed: RungSet::NONE,
            last: [None; RUNGS_MAX],
        }
    }

    pub(super) fn handle_crash(&mut self, now: Instant) {
        self.crashes.handle_crash(now);
        self.has_left_card = false;
        self.input = Gate::closed();
        self.watch = Watch::default();
        self.encoder_changed = RungSet::first(n_rungs(&self.job));
    }

    /// Marks the first frame of a new encoder. `None`: its time is not after the last, as a broken worker's might be.
    pub(super) fn accept(&mut self, rung: RungIndex, mut frame: Frame) -> Option<Frame> {
        let is_sound = frame.kind() == MediaKind::Audio;
        if is_sound != matches!(self.job, Job::Sound(_)) {
            return None;
        }
        let last = self.last.get_mut(usize::from(rung.0))?;
        if last.is_some_and(|last| frame.time <= last) {
            return None;
        }
        if self.encoder_changed.has(rung) {
            if !frame.is_keyframe {
                return None;
            }
            self.encoder_changed = self.encoder_changed.without(rung);
            // A rung that never had a frame has nothing to be discontinuous with.
            if last.is_some() {
                frame.discontinuity = Some(Discontinuity::Encoder);
            }
        }
        *last = Some(frame.time);
        Some(frame)
    }
}

fn n_rungs(job: &Job) -> usize {
    match job {
        Job::Sound(_) => 1,
        Job::Pictures(pictures) => pictures.rungs.len(),
    }
}

/// A worker that lives and makes nothing of what it is given for this long is stuck in a codec: the longest that a picture
/// stays in any pipeline of ours is a few frames.
const STUCK_AFTER: Duration = Duration::from_secs(5);

/// Whether something comes out where something goes in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    unanswered_since: Option<Instant>,
}

impl Watch {
    pub(super) fn handle_input(&mut self, now: Instant) {
        self.unanswered_since.get_or_insert(now);
    }

    pub(super) fn handle_output(&mut self) {
        self.unanswered_since = None;
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.unanswered_since.map(|since| since + STUCK_AFTER)
    }

    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        self.timeout().is_some_and(|at| at <= now)
    }
}
