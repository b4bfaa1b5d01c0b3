//! The end of a frame: a whole one is told, and what is lost of one is what the next ones need.

use sfu_model::frame::{Discontinuity, Frame};

use super::{Begun, Phase, Pictures};
use crate::depacketize::whole::{Refusal, Whole};
use crate::format_changes::Verdict;
use crate::stage::Stage;
use crate::sync::media_clock::media_time;
use crate::warning::Warning;

/// So many frames in a row that ended with a marker are of a sender that marks each: one without was cut short.
const MARKED_FRAMES: u32 = 8;

/// Keyframes that are asked for, a second apart while pictures come, before the studio is told that none comes: the answer to
/// one or two may be lost.
const ASKED_IN_VAIN: u32 = 5;

impl Pictures {
    /// All packets of the frame are here.
    pub(super) fn finish(&mut self, is_marked: bool, stage: &mut Stage<'_>) {
        let Some(begun) = self.begun else { return };
        let is_cut_short = !is_marked && self.n_marked >= MARKED_FRAMES;
        match self.depacketizer.frame(self.gathered.packets()) {
            // Its slices may follow in packets of the same time.
            Err(Refusal::Empty) => self.gathered.clear(),
            Err(Refusal::CutShort) if !is_marked => self.lose(stage),
            _ if is_cut_short => self.lose(stage),
            Ok(whole) => {
                self.forget_frame();
                self.ended = Some(begun.rtp);
                self.judge(whole, begun, stage);
            }
            Err(Refusal::Malformed | Refusal::CutShort) => {
                stage.warn(Warning::Malformed);
                self.lose(stage);
            }
            Err(Refusal::NoParameterSets) => {
                stage.warn(Warning::NoParameterSets);
                self.lose(stage);
            }
        }
    }

    fn judge(&mut self, whole: Whole, begun: Begun, stage: &mut Stage<'_>) {
        if self.phase == Phase::Beginning && !whole.is_keyframe {
            return self.lose(stage);
        }
        match self
            .formats
            .judge(&whole.format, whole.is_keyframe, stage.now)
        {
            Verdict::Taken => {}
            Verdict::PutOff | Verdict::Misplaced => {
                stage.warn(Warning::ChangingFormat);
                return self.lose(stage);
            }
        }
        if self.formats.are_many(stage.now) {
            stage.warn(Warning::ChangingFormat);
        }
        if let Some(milli_fps) = self.pace.count(begun.captured_at) {
            stage.warn(Warning::FewPictures { milli_fps });
        }
        self.phase = Phase::Flowing;
        self.asked_at = None;
        stage.counters.frames += 1;
        stage.emit(Frame {
            time: media_time(begun.time),
            captured_at: begun.captured_at,
            is_keyframe: whole.is_keyframe,
            discontinuity: None,
            format: whole.format,
            data: whole.data,
        });
    }

    /// Something is missing that the next frames need.
    pub(super) fn lose(&mut self, stage: &mut Stage<'_>) {
        stage.counters.frames_dropped += u64::from(self.begun.is_some());
        self.forget_frame();
        self.phase = Phase::Seeking;
        self.n_marked = 0;
        self.pace.restart();
        stage.source.mark(Discontinuity::Lost);
    }

    pub(super) fn forget_frame(&mut self) {
        self.begun = None;
        self.gathered.clear();
    }

    /// Asks for a keyframe.
    pub(super) fn ask(&mut self, stage: &mut Stage<'_>) {
        if self.phase == Phase::Seeking && self.asked_at.is_none() {
            self.asked_at = Some(stage.now);
            if self.n_asked >= ASKED_IN_VAIN {
                stage.warn(Warning::NoKeyframe);
            }
            self.n_asked = self.n_asked.saturating_add(1);
            stage.want_keyframe();
        }
    }
}
