//! The frames of one stream, over all tracks and encodings of its publisher, and of those who publish it later.

use std::collections::VecDeque;

use sfu_model::codec::MediaKind;
use sfu_model::id::TrackId;
use sfu_model::layer::SPATIAL_LAYERS_MAX;
use sfu_model::packet::Packet;
use sfu_model::time::Instant;

use crate::config::Config;
use crate::counters::Counters;
use crate::depacketize::opus::OPUS_CLOCK_RATE;
use crate::event::Event;
use crate::medium::{Medium, Moved, PictureEncoding, SoundEncoding};
use crate::outbox::Outbox;
use crate::sound::Sound;
use crate::source::Source;
use crate::stage::{SourceState, Stage};
use crate::timeline::Timeline;

/// Tracks that have ended, whose packets may still be on their way between threads: those of four publishers.
const ENDED_TRACKS_MAX: usize = 8;

/// Packets in, timed frames out.
#[derive(Debug)]
pub struct Frames {
    config: Config,
    /// `None` before the first packet.
    timeline: Option<Timeline>,
    audio: Medium<SoundEncoding>,
    video: Medium<PictureEncoding>,
    /// Of the tracks that ended last.
    ended: VecDeque<TrackId>,
    outbox: Outbox,
    counters: Counters,
}

impl Frames {
    /// A stream that begins with the first packet.
    pub fn new(config: Config) -> Self {
        let ranks = 0..SPATIAL_LAYERS_MAX;
        let sources = ranks.map(|rank| SourceState::new(Source::Video { rank }));
        Self {
            config,
            timeline: None,
            audio: Medium::new(OPUS_CLOCK_RATE, vec![SourceState::new(Source::Audio)]),
            video: Medium::new(90_000, sources.collect()),
            ended: VecDeque::new(),
            outbox: Outbox::default(),
            counters: Counters::default(),
        }
    }

    /// A packet as the SFU's `publish` made it, in whatever order the network and repairs brought it.
    pub fn handle_packet(&mut self, packet: &Packet, now: Instant) {
        if self.ended.contains(&packet.track) {
            self.counters.packets_foreign += 1;
            return;
        }
        let timeline = *self
            .timeline
            .get_or_insert_with(|| Timeline::new(packet.captured_at));
        match packet.codec.kind() {
            MediaKind::Audio => self.handle_sound(packet, timeline, now),
            MediaKind::Video => self.handle_picture(packet, timeline, now),
        }
    }

    /// Gives up what was waited for long enough, and makes silence where no sound comes.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some(timeline) = self.timeline else {
            return;
        };
        let (audio, video) = (&mut self.audio, &mut self.video);
        for encoding in &mut audio.encodings {
            let Some(source) = audio.sources.first_mut() else {
                continue;
            };
            encoding.sound.advance(&mut Stage {
                timeline,
                clock: &mut audio.clock,
                source,
                outbox: &mut self.outbox,
                counters: &mut self.counters,
                now,
            });
        }
        for encoding in &mut video.encodings {
            let rank = encoding.rank.map(usize::from);
            let Some(source) = rank.and_then(|rank| video.sources.get_mut(rank)) else {
                continue;
            };
            encoding.pictures.advance(&mut Stage {
                timeline,
                clock: &mut video.clock,
                source,
                outbox: &mut self.outbox,
                counters: &mut self.counters,
                now,
            });
        }
    }

    /// The publisher's session has ended: what it did not finish is forgotten, and no silence is made in its place. Whoever
    /// comes next goes on with the same sources on the same timeline.
    pub fn handle_publisher_gone(&mut self, now: Instant) {
        self.handle_timeout(now);
        for track in [self.audio.end(), self.video.end()].into_iter().flatten() {
            self.note_ended(track);
        }
    }

    /// What is next to know. To be asked until it is `None` after each call.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.pop()
    }

    /// When [`Self::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timeline = self.timeline?;
        let rate = self.audio.clock.rate;
        let sounds = self.audio.encodings.iter();
        let sounds = sounds.filter_map(|e| e.sound.poll_timeout(timeline, rate));
        // One without a rank waits for its next packet.
        let pictures = self.video.encodings.iter().filter(|e| e.rank.is_some());
        let pictures = pictures.filter_map(|e| e.pictures.poll_timeout());
        sounds.chain(pictures).min()
    }

    /// What zero of the timeline is on our clock. `None` before the first packet.
    pub fn began_at(&self) -> Option<Instant> {
        Some(self.timeline?.instant(0, self.video.clock.rate))
    }

    /// What went nowhere, and why.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn handle_sound(&mut self, packet: &Packet, timeline: Timeline, now: Instant) {
        if self.audio.track != Some(packet.track) {
            self.begin_track(packet);
        }
        let audio = &mut self.audio;
        if audio.encodings.iter().all(|e| e.id != packet.encoding) {
            // A track of sound has one encoding.
            audio.encodings.clear();
            audio.encodings.push(SoundEncoding {
                id: packet.encoding,
                sound: Sound::new(packet, self.config.channels),
            });
        }
        let encoding = audio.encodings.first_mut();
        if let (Some(encoding), Some(source)) = (encoding, audio.sources.first_mut()) {
            encoding.sound.handle_packet(
                packet,
                &mut Stage {
                    timeline,
                    clock: &mut audio.clock,
                    source,
                    outbox: &mut self.outbox,
                    counters: &mut self.counters,
                    now,
                },
            );
        }
    }

    fn handle_picture(&mut self, packet: &Packet, timeline: Timeline, now: Instant) {
        if self.video.track != Some(packet.track) {
            self.begin_track(packet);
        }
        let video = &mut self.video;
        let Some(moved) = video.claim(packet) else {
            self.counters.packets_foreign += 1;
            return;
        };
        let rank = packet.layer.spatial;
        let encoding = video.encodings.iter_mut().find(|e| e.id == packet.encoding);
        let source = video.sources.get_mut(usize::from(rank));
        if let (Some(encoding), Some(source)) = (encoding, source) {
            let mut stage = Stage {
                timeline,
                clock: &mut video.clock,
                source,
                outbox: &mut self.outbox,
                counters: &mut self.counters,
                now,
            };
            if moved == Moved::FromAnotherRank {
                encoding.pictures.move_to_another_source(&mut stage);
            }
            encoding.pictures.handle_packet(packet, &mut stage);
        }
    }

    /// A track of another publisher, or of the same one after a reconnect: its clocks are new.
    fn begin_track(&mut self, packet: &Packet) {
        let track = Some(packet.track);
        let ended = match packet.codec.kind() {
            MediaKind::Audio => {
                let ended = self.audio.end();
                self.audio.track = track;
                ended
            }
            MediaKind::Video => {
                let ended = self.video.end();
                self.video.track = track;
                ended
            }
        };
        if let Some(ended) = ended {
            self.note_ended(ended);
        }
    }

    fn note_ended(&mut self, track: TrackId) {
        if self.ended.len() >= ENDED_TRACKS_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(track);
    }
}
