//! From packets to what can be asked for, as a value: frames, the ladder, the packager.

use std::sync::Arc;

use bridge_frames::config::Config as FramesConfig;
use bridge_frames::event::Event as FromFrames;
use bridge_frames::frames::Frames;
use bridge_frames::source::Source;
use bridge_packager::config::{Config as PackagerConfig, Windows};
use bridge_packager::event::Event as Packaged;
use bridge_packager::latency::LatencyMode;
use bridge_packager::packager::Packager;
use bridge_packager::rendition::RenditionName;
use bridge_packager::segment_clock::Zero;
use sfu_core::route::tracks::TrackOutline;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Format, Frame};
use sfu_model::packet::Packet;
use sfu_model::time::{Instant, MediaTime, NtpTime};

use crate::ladder::{self, Ladder, Place};
use crate::overture::{Anew, Overture};
use crate::thumbnails::Thumbnails;
use crate::told::Told;
use crate::transcode::{AAC_FRAME_SAMPLES, KEYFRAME_EVERY};

/// The rendition of AAC that is made of the publisher's sound.
fn aac() -> Option<RenditionName> {
    RenditionName::parse("aac")
}

/// What does not change while a stream lives.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) epoch: Arc<str>,
    pub(crate) latency: LatencyMode,
    pub(crate) windows: Windows,
    /// The wall clock where our clock starts.
    pub(crate) ntp_anchor: NtpTime,
    /// There is a transcoder, which wants all sound, and pictures that are not passed on.
    pub(crate) transcodes: bool,
}

/// The stages of one stream.
#[derive(Debug)]
pub(crate) struct Stages {
    config: Config,
    frames: Frames,
    /// `None` until the timeline has begun.
    packager: Option<Packager>,
    ladder: Ladder,
    /// Of the largest pictures that are published.
    top_rank: u8,
    overture: Overture,
    thumbnails: Thumbnails,
    /// The transcoder makes pictures.
    has_rungs: bool,
    /// The last keyframe of theirs that the packager was told to expect, by its place among them.
    n_expected: u64,
    told: Told,
}

impl Stages {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            frames: Frames::new(FramesConfig::default()),
            packager: None,
            ladder: Ladder::default(),
            top_rank: 0,
            overture: Overture::default(),
            thumbnails: Thumbnails::default(),
            has_rungs: false,
            n_expected: 0,
            told: Told::default(),
        }
    }

    /// A packet of the room, whose tracks these are.
    pub(crate) fn handle_packet(&mut self, packet: &Packet, tracks: &[TrackOutline], now: Instant) {
        self.frames.handle_packet(packet, now);
        self.top_rank = ladder::top_rank(tracks);
        self.package(now);
        self.collect(tracks, now);
    }

    pub(crate) fn handle_publisher_gone(&mut self, now: Instant) {
        self.frames.handle_publisher_gone(now);
        self.package(now);
        self.collect(&[], now);
    }

    pub(crate) fn handle_timeout(&mut self, tracks: &[TrackOutline], now: Instant) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.frames.poll_timeout()) {
            self.frames.handle_timeout(now);
        }
        self.package(now);
        if let Some(packager) = self.packager.as_mut().filter(|p| is_due(p.poll_timeout())) {
            packager.handle_timeout(now);
        }
        self.collect(tracks, now);
    }

    /// What the transcoder is to make from now on.
    pub(crate) fn expect(&mut self, anew: Anew) {
        self.overture.expect(anew);
        self.has_rungs = anew.n_pictures > 0;
    }

    /// Renditions of pictures that the transcoder begins to make, and such that it will make no more.
    pub(crate) fn change_renditions(
        &mut self,
        begun: &[RenditionName],
        over: &[RenditionName],
        now: Instant,
    ) {
        let Some(packager) = self.packager(now) else {
            return;
        };
        for name in over {
            packager.remove_rendition(name);
        }
        for name in begun {
            // One that is there goes on.
            let _ = packager.add_rendition(name.clone(), MediaKind::Video);
        }
    }

    /// A picture of a rung of the transcoder's ladder.
    pub(crate) fn handle_picture(
        &mut self,
        name: &RenditionName,
        frame: &Frame,
        tracks: &[TrackOutline],
        now: Instant,
    ) {
        if let Some(packager) = &mut self.packager {
            packager.handle_frame(name, frame, now);
        }
        self.collect(tracks, now);
    }

    /// A frame of AAC.
    pub(crate) fn handle_sound(&mut self, frame: &Frame, tracks: &[TrackOutline], now: Instant) {
        if let (Some(packager), Some(name)) = (&mut self.packager, aac()) {
            packager.handle_frame(&name, frame, now);
            // Its length is known: it need not wait for the next.
            let ends_at = MediaTime(frame.time.0.saturating_add(AAC_FRAME_SAMPLES));
            packager.handle_begins(&name, ends_at, now);
        }
        self.collect(tracks, now);
    }

    pub(crate) fn handle_end(&mut self, now: Instant) {
        if let Some(packager) = &mut self.packager {
            packager.handle_end(now);
        }
        self.collect(&[], now);
    }

    /// What there is to say.
    pub(crate) fn take(&mut self) -> Told {
        std::mem::take(&mut self.told)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let packager = self.packager.as_ref().and_then(Packager::poll_timeout);
        let times = [
            self.frames.poll_timeout(),
            packager,
            self.overture.poll_timeout(),
        ];
        times.into_iter().flatten().min()
    }

    /// From frames to the packager.
    fn package(&mut self, now: Instant) {
        while let Some(event) = self.frames.poll_event() {
            match event {
                FromFrames::Frame { source, frame } => self.place(source, frame, now),
                FromFrames::Begins {
                    source,
                    time,
                    follows: true,
                } => {
                    if let (Some(name), Some(packager)) =
                        (self.ladder.of(source), self.packager.as_mut())
                    {
                        packager.handle_begins(name, time, now);
                    }
                }
                FromFrames::Begins { .. } => {}
                FromFrames::KeyframeWanted { source } => self.told.wants.push(source),
                FromFrames::Warning { source, warning } => {
                    self.told.warnings.push((source, warning));
                }
            }
        }
    }

    /// From a frame to its rendition, to the transcoder, or to both.
    fn place(&mut self, source: Source, frame: Frame, now: Instant) {
        if let Some(keyframe) = self.thumbnails.choose(source, &frame, now) {
            self.told.keyframe = Some(keyframe);
        }
        let place = self.ladder.place(source, &frame, self.top_rank, now);
        let transcodes = self.config.transcodes;
        // Sound has come to a keyframe of pictures that are still being encoded.
        let is_clock = self.has_rungs && source == Source::Audio;
        let at = frame.format.clock_rate().duration(frame.time.0);
        let n_keyframes = at.as_secs() / KEYFRAME_EVERY.as_secs();
        let mut n_expected = self.n_expected;
        let Some(packager) = self.packager(now) else {
            return;
        };
        let name = match place {
            Place::Nowhere if transcodes => return self.told.pictures.push((source, frame)),
            Place::Nowhere | Place::Unknown => return,
            Place::Known(name) => name,
            Place::New(name, kind) => {
                // The ladder has fewer places than the packager.
                if let Some(aac) = aac().filter(|_| transcodes && kind == MediaKind::Audio) {
                    let _ = packager.add_rendition(aac, kind);
                }
                let _ = packager.add_rendition(name.clone(), kind);
                name
            }
        };
        if is_clock && n_keyframes > n_expected {
            packager.expect_keyframe(
                KEYFRAME_EVERY * u32::try_from(n_keyframes).unwrap_or(0),
                now,
            );
            n_expected = n_keyframes;
        }
        packager.handle_frame(&name, &frame, now);
        self.n_expected = n_expected;
        self.told.has_passed_on |= frame.kind() == MediaKind::Video;
        if transcodes && matches!(*frame.format, Format::Opus { .. }) {
            self.told.sounds.push(frame);
        }
    }

    /// The packager, which begins when the timeline has.
    fn packager(&mut self, now: Instant) -> Option<&mut Packager> {
        if self.packager.is_none() {
            let at = self.frames.began_at()?;
            let since_start = at.saturating_since(Instant::START);
            let unix = self
                .config
                .ntp_anchor
                .after(since_start)
                .nanos_since(NtpTime::UNIX_EPOCH);
            let config = PackagerConfig {
                latency: self.config.latency,
                epoch: Arc::clone(&self.config.epoch),
                zero: Zero {
                    at,
                    unix: std::time::Duration::from_nanos(u64::try_from(unix).unwrap_or(0)),
                },
                windows: self.config.windows,
            };
            self.packager = Some(Packager::new(config, now));
        }
        self.packager.as_mut()
    }

    fn collect(&mut self, tracks: &[TrackOutline], now: Instant) {
        let Some(packager) = &mut self.packager else {
            return;
        };
        while let Some(event) = packager.poll_event() {
            match event {
                Packaged::KeyframeWanted => self.told.wants_all = true,
                Packaged::Renditions(renditions) => {
                    let admitted = self.overture.admit(renditions, tracks, now);
                    self.told
                        .packaged
                        .extend(admitted.map(Packaged::Renditions));
                }
                event @ (Packaged::Init { .. }
                | Packaged::Part { .. }
                | Packaged::Segment { .. }
                | Packaged::Playlist(_)) => self.told.packaged.push(event),
            }
        }
        let released = self.overture.release(tracks, now);
        self.told
            .packaged
            .extend(released.map(Packaged::Renditions));
    }
}
