//! Between a stream's stages and its jobs of the transcoder: what goes there, and what comes back.

use bridge_frames::source::Source;
use sfu_core::route::tracks::TrackOutline;
use sfu_model::time::Instant;

use crate::overture::Anew;
use crate::stages::Stages;
use crate::stream::Stream;
use crate::told::Told;
use crate::transcode::job_slot::Hindrance;
use crate::transcode::transcoding::{Encoded, Transcoding};

/// The jobs of one stream, where there is a transcoder.
#[derive(Debug)]
pub(crate) struct Encoding(Option<Transcoding>);

impl Encoding {
    pub(crate) fn new(transcoding: Option<Transcoding>) -> Self {
        Self(transcoding)
    }

    /// Is there a transcoder?
    pub(crate) const fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Why nothing comes of the pictures that it is given.
    pub(crate) fn hindrance(&self) -> Option<Hindrance> {
        self.0.as_ref()?.hindrance()
    }

    /// What comes back next; for ever nothing while there is no job.
    pub(crate) async fn next(&mut self) -> Encoded {
        match &mut self.0 {
            Some(transcoding) => transcoding.next().await,
            None => std::future::pending().await,
        }
    }

    /// Something came back. True: the publisher should send keyframes.
    #[must_use]
    pub(crate) fn handle_encoded(
        &self,
        encoded: Encoded,
        stages: &mut Stages,
        tracks: &[TrackOutline],
        now: Instant,
    ) -> bool {
        match encoded {
            Encoded::Sound(frame) => stages.handle_sound(&frame, tracks, now),
            Encoded::Pictures(name, frame) => stages.handle_picture(&name, &frame, tracks, now),
            Encoded::KeyframeWanted => return true,
            Encoded::Changed => self.expect(stages),
            Encoded::Trouble => stages.handle_trouble(now),
        }
        false
    }

    /// Gives the transcoder what is to be encoded anew.
    pub(crate) fn take(
        &mut self,
        told: &mut Told,
        stages: &mut Stages,
        (stream, tracks): (&Stream, &[TrackOutline]),
        now: Instant,
    ) {
        let Some(transcoding) = &mut self.0 else {
            return;
        };
        if told.has_passed_on {
            transcoding.handle_passed_on();
        }
        for frame in told.sounds.drain(..) {
            for silence in transcoding.take_sound(frame, now) {
                stages.handle_sound(&silence, tracks, now);
            }
        }
        let mut wants: Vec<Source> = Vec::new();
        for (source, frame) in told.pictures.drain(..) {
            let follows = transcoding.take_picture(source, frame, now);
            if follows.wants_keyframe {
                wants.push(source);
            }
            if !follows.begun.is_empty() {
                stages.begin_renditions(&follows.begun, now);
                stream.watch(&follows.begun);
            }
        }
        told.wants.append(&mut wants);
        // Pictures that are encoded here begin anew when their encoder is asked.
        if !stages.routes.passage.passes_on() {
            told.wants_all = told.wants_all && !transcoding.want_keyframe();
        }
        if let Some(at) = told.keyframe_at {
            transcoding.want_keyframe_at(at);
        }
        self.expect(stages);
    }

    /// Sends sound that waited for more, and lets rungs rest that nobody watches.
    pub(crate) fn handle_timeout(
        &mut self,
        stages: &mut Stages,
        (stream, tracks): (&Stream, &[TrackOutline]),
        now: Instant,
    ) {
        if let Some(transcoding) = &mut self.0 {
            for silence in transcoding.handle_sound_timeout(now) {
                stages.handle_sound(&silence, tracks, now);
            }
            for rendition in stream.take_asked() {
                transcoding.handle_asked(&rendition, now);
            }
            if let Some(wanted) = transcoding.news(now) {
                stages.routes.handle_demand(&wanted);
            }
            transcoding.tell_demand(|rung| stages.routes.needs(rung));
        }
    }

    fn expect(&self, stages: &mut Stages) {
        if let Some(transcoding) = &self.0 {
            let (n_sounds, n_pictures) = transcoding.n_expected();
            stages.expect(Anew {
                takes_pictures: true,
                n_sounds,
                n_pictures,
            });
        }
    }
}
