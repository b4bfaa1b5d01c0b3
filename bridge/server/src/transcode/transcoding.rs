//! One stream's jobs of the transcoder: what of its frames goes there, and what comes back.

use std::sync::Arc;

use bridge_frames::source::Source;
use bridge_packager::rendition::RenditionName;
use bridge_transcode::job::{
    Cadence, FrameRate, Job, Keyframes, PicturesJob, Rung, SoundJob, VIDEO_CLOCK,
};
use bridge_transcode::ladder::{Step, ladder};
use bridge_transcode::pool::action::Event;
use bridge_transcode::supervisor::event::SlotEvent;
use sfu_model::frame::{Discontinuity, Frame};
use sfu_model::time::{Instant, MediaTime};
use sfu_net::clock::Clock;

use super::job_slot::{Hindrance, JobSlot};
use super::picture_choice::{PictureChoice, Verdict};
use super::rungs::Rungs;
use super::sound_batch::SoundBatch;
use super::sound_filler::SoundFiller;
use super::{KEYFRAME_EVERY, Transcode};

/// Bit rate of the AAC: where AAC-LC of two channels is taken for transparent.
const SOUND_BPS: u32 = 128_000;

/// Pictures a second of every rung: what cameras of browsers give, and what level and bit rate of a rung are made for. What is
/// faster is halved, what is slower repeated.
const FRAME_RATE: FrameRate = FrameRate::clamp(30);

/// A keyframe that is wanted so shortly before one that comes of itself is that one, in ticks: 0.6 s. The packager asks for the
/// end of a segment from 0.4 s before it.
const KEYFRAME_NEAR: u64 = 54_000;

/// The jobs of a stream.
#[derive(Debug)]
pub(crate) struct Transcoding {
    sound: JobSlot,
    batch: SoundBatch,
    filler: SoundFiller,
    pictures: JobSlot,
    steps: Arc<[Step]>,
    choice: PictureChoice,
    rungs: Option<Rungs>,
    /// Of the last picture that was sent.
    time: MediaTime,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Encoded {
    /// AAC.
    Sound(Frame),
    /// A picture of a rendition.
    Pictures(RenditionName, Frame),
    /// The publisher should send a keyframe.
    KeyframeWanted,
    /// Its encoder of pictures is behind, or has ended and begins again.
    Trouble,
    /// What is expected of it is another than before.
    Changed,
}

/// What follows from a picture.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Follows {
    /// A keyframe of its source is to be asked for.
    pub(crate) wants_keyframe: bool,
    /// These renditions will come.
    pub(crate) begun: Vec<RenditionName>,
}

impl Transcoding {
    pub(crate) fn new(transcode: &Transcode, clock: Clock) -> Self {
        let slot = |what| JobSlot::new(what, transcode.supervisor.clone(), clock);
        Self {
            sound: slot("sound"),
            batch: SoundBatch::default(),
            filler: SoundFiller::new(),
            pictures: slot("pictures"),
            steps: Arc::clone(&transcode.steps),
            choice: PictureChoice::default(),
            rungs: None,
            time: MediaTime(0),
        }
    }

    /// Renditions of sound and of pictures that come of it.
    pub(crate) fn n_expected(&self) -> (usize, usize) {
        let rungs = self.rungs.as_ref().filter(|_| self.pictures.has_job());
        let n_rungs = rungs.map_or(0, |rungs| rungs.names().len());
        (usize::from(self.sound.has_job()), n_rungs)
    }

    /// A packet of Opus. The silence that takes the place of AAC that should be there by now.
    #[must_use]
    pub(crate) fn take_sound(&mut self, frame: Frame, now: Instant) -> Vec<Frame> {
        if self.sound.is_free(now) {
            let bit_rate_bps = SOUND_BPS;
            self.sound.open(Job::Sound(SoundJob { bit_rate_bps }));
        }
        let batch = self.batch.add(frame, now);
        self.send_sound(batch)
    }

    fn send_sound(&mut self, batch: Vec<Frame>) -> Vec<Frame> {
        let silence = batch.last().map(|packet| self.filler.reach(packet));
        for packet in batch {
            self.sound.send(packet);
        }
        silence.unwrap_or_default()
    }

    /// A picture that players cannot take as it is.
    pub(crate) fn take_picture(&mut self, source: Source, frame: Frame, now: Instant) -> Follows {
        let mut follows = Follows::default();
        let Source::Video { rank } = source else {
            return follows;
        };
        let kind = (rank, frame.is_keyframe);
        match self.choice.judge(kind, frame.time, now) {
            Verdict::Left => return follows,
            Verdict::NeedsKeyframe => {
                follows.wants_keyframe = true;
                return follows;
            }
            Verdict::Taken => {}
        }
        self.time = frame.time;
        let possible = self.possible(&frame);
        let is_outgrown = match &mut self.rungs {
            Some(rungs) if self.pictures.has_job() => rungs.is_outgrown_by(&possible, now),
            _ => false,
        };
        // A keyframe for a larger ladder is asked for by its worker, when that has it.
        if is_outgrown || self.pictures.is_free(now) {
            self.open(&frame, possible, now, &mut follows);
        }
        self.pictures.send(frame);
        follows
    }

    fn possible(&self, frame: &Frame) -> Vec<Rung> {
        let size = frame.format.size();
        size.map_or_else(Vec::new, |size| ladder(&self.steps, size, FRAME_RATE))
    }

    fn open(&mut self, frame: &Frame, possible: Vec<Rung>, now: Instant, follows: &mut Follows) {
        let Some(source) = frame.format.size().filter(|_| !possible.is_empty()) else {
            return;
        };
        self.pictures.open(Job::Pictures(PicturesJob {
            source,
            cadence: Cadence::Constant(FRAME_RATE),
            keyframes: Keyframes::Every(u32::try_from(keyframe_ticks()).unwrap_or(u32::MAX)),
            rungs: possible.clone(),
        }));
        let rungs = Rungs::new(possible, now);
        follows.begun = rungs.names().to_vec();
        self.rungs = Some(rungs);
    }

    /// The publisher sends pictures that are passed on as they are.
    pub(crate) fn handle_passed_on(&mut self) {
        self.pictures.close();
        self.choice = PictureChoice::default();
    }

    /// All rungs should begin anew, to cut a segment. False: nothing encodes pictures here.
    pub(crate) fn want_keyframe(&self) -> bool {
        if !self.pictures.has_job() {
            return false;
        }
        let every = keyframe_ticks();
        let is_near = every - self.time.0 % every <= KEYFRAME_NEAR;
        if let Some(slot) = self.pictures.slot().filter(|_| !is_near) {
            // The next picture, whatever its time.
            slot.keyframe_at(MediaTime(0));
        }
        true
    }

    /// All rungs should begin anew with the first picture from this time on.
    pub(crate) fn want_keyframe_at(&self, at: MediaTime) {
        if let Some(slot) = self.pictures.slot() {
            slot.keyframe_at(at);
        }
    }

    /// Why nothing comes of the pictures that it is given.
    pub(crate) const fn hindrance(&self) -> Option<Hindrance> {
        self.pictures.hindrance()
    }

    /// Somebody asked for a rendition.
    pub(crate) fn handle_asked(&mut self, asked: &RenditionName, now: Instant) {
        if let Some(rungs) = &mut self.rungs {
            rungs.handle_asked(asked, now);
        }
    }

    /// Sends sound that nothing follows. The silence that takes the place of AAC that should be there by now.
    #[must_use]
    pub(crate) fn handle_sound_timeout(&mut self, now: Instant) -> Vec<Frame> {
        let batch = self.batch.handle_timeout(now);
        self.send_sound(batch)
    }

    /// The renditions that somebody wants, where they are others than before.
    pub(crate) fn news(&mut self, now: Instant) -> Option<Vec<RenditionName>> {
        self.pictures.slot()?;
        self.rungs.as_mut()?.news(now)
    }

    /// Lets rungs rest that nobody wants and nobody needs any more, and go on that somebody wants.
    pub(crate) fn tell_demand(&mut self, needs: impl Fn(&RenditionName) -> bool) {
        if let (Some(slot), Some(rungs)) = (self.pictures.slot(), &mut self.rungs)
            && let Some(made) = rungs.to_tell(needs).filter(|made| slot.want(*made))
        {
            rungs.handle_told(made);
        }
    }

    /// What comes back next; for ever nothing while there is no job.
    pub(crate) async fn next(&mut self) -> Encoded {
        loop {
            tokio::select! {
                event = self.sound.next() => match event {
                    SlotEvent::Frame(_, frame) => {
                        if let Some(frame) = self.filler.admit(as_sound(frame)) {
                            return Encoded::Sound(frame);
                        }
                    }
                    SlotEvent::State(_) => return Encoded::Changed,
                },
                event = self.pictures.next() => match event {
                    SlotEvent::Frame(rung, frame) => {
                        let name = self.rungs.as_ref().and_then(|rungs| rungs.name(rung));
                        if let Some(name) = name {
                            return Encoded::Pictures(name.clone(), frame);
                        }
                    }
                    SlotEvent::State(Event::KeyframeWanted) => return Encoded::KeyframeWanted,
                    SlotEvent::State(Event::Trouble(_) | Event::Restarting) => {
                        return Encoded::Trouble;
                    }
                    SlotEvent::State(_) => return Encoded::Changed,
                },
            }
        }
    }
}

/// The distance of keyframes on the clock of pictures.
fn keyframe_ticks() -> u64 {
    VIDEO_CLOCK.ticks(KEYFRAME_EVERY)
}

/// AAC of another encoder goes on where that of the one before it would, on the same timeline and with the same configuration:
/// a hole is between them, and nothing that pictures must be cut for.
fn as_sound(mut frame: Frame) -> Frame {
    frame.discontinuity = frame.discontinuity.map(|_| Discontinuity::Lost);
    frame
}
