//! One of a publisher's encodings: what is known of it, and whether what is passed on of it is whole.

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::alignment::Alignment;
use sfu_model::frame::{Format, Frame};

use super::eligibility::Eligibility;
use super::profile;

/// An encoding that sent nothing for so long is not among those that flow.
const FLOWS_WITHIN: Duration = Duration::from_secs(2);
/// A keyframe to go on at is asked for no more often: its sender may be on its way to one.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// One encoding.
#[derive(Debug)]
pub(super) struct Encoding {
    pub(super) eligibility: Eligibility,
    format: Arc<Format>,
    /// What the packager has counted of it.
    seen: Alignment,
    /// A frame was not passed on: the next one that is must be a keyframe.
    pub(super) is_broken: bool,
    asked_at: Option<Duration>,
}

impl Encoding {
    /// With its first frame.
    pub(super) fn new(frame: &Frame, at: Duration) -> Self {
        Self {
            eligibility: Eligibility::new(at),
            format: Arc::clone(&frame.format),
            seen: Alignment::default(),
            is_broken: false,
            asked_at: None,
        }
    }

    /// A frame of it came. True: it should be looked at at once.
    pub(super) fn measure(&mut self, frame: &Frame, at: Duration) -> bool {
        if !Arc::ptr_eq(&self.format, &frame.format) && self.format != frame.format {
            self.format = Arc::clone(&frame.format);
            self.eligibility.handle_format_change(at);
        }
        let is_played =
            matches!(&*frame.format, Format::H264 { sps, .. } if profile::is_played(sps));
        let is_turned = self.eligibility.handle_profile(is_played);
        let is_next = frame.discontinuity.is_none();
        self.eligibility.handle_frame(at, is_next) || is_turned
    }

    /// Did it send something a moment ago?
    pub(super) fn flows(&self, at: Duration) -> bool {
        let last = self.eligibility.last_frame();
        last.is_some_and(|last| at.saturating_sub(last) < FLOWS_WITHIN)
    }

    /// May a keyframe be asked for? It counts as asked for then.
    pub(super) fn may_ask(&mut self, at: Duration) -> bool {
        let may = self.asked_at.is_none_or(|asked| at >= asked + ASK_EVERY);
        if may {
            self.asked_at = Some(at);
        }
        may
    }

    /// How the packager found its keyframes, since it has been there.
    pub(super) fn handle_alignment(&mut self, counted: Alignment) {
        let seen = std::mem::replace(&mut self.seen, counted);
        // What was counted while others were in its place, or nothing was, says nothing of it.
        if self.is_broken {
            return;
        }
        for _ in seen.n_aligned..counted.n_aligned {
            self.eligibility.handle_segment(true);
        }
        for _ in seen.n_misaligned..counted.n_misaligned {
            self.eligibility.handle_segment(false);
        }
    }
}
