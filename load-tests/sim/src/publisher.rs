//! A scripted publisher: a camera with one or three encoders, a microphone, and a browser's manners towards keyframe
//! requests.

use std::time::{Duration, SystemTime};

use sfu_model::codec::{Codec, MediaKind};
use sfu_model::packet::Dimensions;
use sfu_model::time::Instant;
use str0m::media::MediaTime;
use str0m::rtp::{AbsCaptureTime, ExtensionValues};

use crate::layers::Scalability;
use crate::payload::red::Earlier;
use crate::session::{BrowserSession, Section};
use crate::source::{AUDIO_INTERVAL, Encoder, Made, Silence, Source};
use crate::stamp::Stamp;

/// The rids of a simulcast publisher, low to high.
pub const RIDS: [&str; 3] = ["q", "h", "f"];

/// What a publisher sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Camera {
    /// The video codec; none for a radio.
    pub video: Option<Codec>,
    /// Three encodings instead of one.
    pub is_simulcast: bool,
    /// The layers inside each of its encodings.
    pub mode: Scalability,
    /// With a microphone.
    pub has_audio: bool,
    /// Which carries each frame twice (RFC 2198), as of a browser that was told to prefer that.
    pub sends_red: bool,
    /// Its pictures say when they were captured, and the first of them how long they may be held back.
    pub says_times: bool,
    /// Time between two pictures.
    pub frame_interval: Duration,
    /// Packets of a picture of the largest encoding that is no keyframe.
    pub packets_per_frame: u16,
    /// Bytes of a video packet's payload.
    pub payload_bytes: usize,
}

/// Constrained Baseline 3.1, non-interleaved: what every browser offers.
pub const H264: Codec = Codec::H264 {
    profile_level_id: 0x42_e01f,
    packetization_mode: 1,
};

/// The video codecs that a publisher may use.
pub const VIDEO_CODECS: [Codec; 4] = [
    Codec::Vp8,
    H264,
    Codec::Vp9 { profile_id: 0 },
    Codec::Av1 { profile: 0 },
];

impl Camera {
    /// 25 pictures a second and sound, one encoding of about 600 kbit/s.
    pub fn new(video: Codec) -> Self {
        Self {
            video: Some(video),
            is_simulcast: false,
            mode: Scalability::NONE,
            has_audio: true,
            sends_red: false,
            says_times: false,
            frame_interval: Duration::from_millis(40),
            packets_per_frame: 3,
            payload_bytes: 1_000,
        }
    }

    /// 30 pictures a second and sound, one encoding of 1.5 Mbit/s: what a path is tried with.
    pub fn live(video: Codec) -> Self {
        Self {
            frame_interval: Duration::from_nanos(1_000_000_000 / 30),
            packets_per_frame: 6,
            payload_bytes: 1_040,
            ..Self::new(video)
        }
    }

    /// The same with three encodings.
    #[must_use]
    pub fn simulcast(self) -> Self {
        Self {
            is_simulcast: true,
            ..self
        }
    }

    /// The same with layers inside its only encoding. VP8 and H.264 have no spatial ones.
    #[must_use]
    pub fn scalable(self, mode: Scalability) -> Self {
        Self { mode, ..self }
    }

    /// Codecs that its session offers.
    pub fn codecs(&self) -> Vec<Codec> {
        let audio = self.has_audio.then_some(Codec::Opus);
        audio.into_iter().chain(self.video).collect()
    }

    fn rids(&self) -> &'static [&'static str] {
        if self.is_simulcast { &RIDS } else { &[] }
    }

    /// The sections of its offer.
    pub fn sections(&self) -> Vec<Section> {
        let audio = self
            .has_audio
            .then(|| Section::Send(MediaKind::Audio, Vec::new()));
        let video = self
            .video
            .map(|_| Section::Send(MediaKind::Video, self.rids().to_vec()));
        audio.into_iter().chain(video).collect()
    }

    fn encoders(&self) -> Vec<Encoder> {
        let audio = self.has_audio.then_some(Encoder {
            codec: Codec::Opus,
            rank: 0,
            dimensions: Dimensions {
                width: 0,
                height: 0,
            },
            mode: Scalability::NONE,
            frame_interval: AUDIO_INTERVAL,
            packets_per_frame: 1,
            payload_bytes: 80,
        });
        let ranks = if self.is_simulcast { 0..3_u8 } else { 2..3 };
        let video = ranks.filter_map(|rank| {
            // 320x176, 640x352, 1280x704: whole macroblocks at every size.
            let scale = 1_u16 << rank;
            Some(Encoder {
                codec: self.video?,
                rank,
                dimensions: Dimensions {
                    width: 320 * scale,
                    height: 176 * scale,
                },
                mode: self.mode,
                frame_interval: self.frame_interval,
                // A third of the next larger one, about as browsers divide a bitrate.
                packets_per_frame: (self.packets_per_frame / 3_u16.pow(2 - u32::from(rank))).max(1),
                payload_bytes: self.payload_bytes,
            })
        });
        audio.into_iter().chain(video).collect()
    }
}

/// Changes a packet that an encoder made, before it is sent.
pub type Fault = fn(Encoder, &mut Made);

/// A publisher at work.
#[derive(Debug)]
pub struct Publisher {
    camera: Camera,
    sources: Vec<Source>,
    /// The last frame of sound.
    last_sound: Option<Made>,
    /// What its packetizer does wrong, to every packet.
    pub fault: Option<Fault>,
    /// Keyframe requests that reached it: when, and of which rank.
    pub keyframe_requests: Vec<(Instant, u8)>,
}

impl Publisher {
    /// A publisher whose stamps carry this number. It sends from its connection on.
    pub fn new(camera: Camera, number: u32, seed: u64, now: Instant) -> Self {
        let sources = camera
            .encoders()
            .into_iter()
            .map(|encoder| Source::new(encoder, number, seed, now))
            .collect();
        Self {
            camera,
            sources,
            last_sound: None,
            fault: None,
            keyframe_requests: Vec::new(),
        }
    }

    /// It sends several encodings.
    pub fn is_simulcast(&self) -> bool {
        self.camera.is_simulcast
    }

    /// When its next frame is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.sources.iter().map(Source::poll_timeout).min()
    }

    /// Sends the frames that are due; what an encoder makes before the transport is up goes nowhere.
    ///
    /// The session is to be drained after each of its streams: all that are written go out in no fixed order, and what the
    /// engine numbers across them (transport-wide) with them.
    pub fn send(
        &mut self,
        session: &mut BrowserSession,
        is_connected: bool,
        now: Instant,
        mut drain: impl FnMut(&mut BrowserSession),
    ) {
        let is_simulcast = self.camera.is_simulcast;
        for source in &mut self.sources {
            if !is_connected {
                source.skip(now);
                continue;
            }
            let encoder = source.encoder();
            let rid = rid_of(is_simulcast, encoder);
            let due = source.poll(now);
            let is_due = !due.is_empty();
            for mut made in due {
                if let Some(fault) = self.fault {
                    fault(encoder, &mut made);
                }
                if self.camera.says_times && encoder.codec.kind() == MediaKind::Video {
                    let times = times(&made, now);
                    session.write_timed((encoder.codec, rid), (made, times), now);
                    continue;
                }
                if !self.camera.sends_red || encoder.codec != Codec::Opus {
                    session.write(encoder.codec, rid, made, now);
                    continue;
                }
                let last = self.last_sound.replace(made.clone());
                let earlier = last.as_ref().map(|last| Earlier {
                    offset: made.timestamp.wrapping_sub(last.timestamp),
                    payload: &last.payload,
                });
                session.write_red(made, earlier, now);
            }
            if is_due {
                drain(session);
            }
        }
    }

    /// Lets every video encoding be repaired.
    pub fn keep_for_repair(&self, session: &mut BrowserSession) {
        for encoder in self.sources.iter().map(Source::encoder) {
            session.keep_for_repair(
                encoder.codec.kind(),
                rid_of(self.camera.is_simulcast, encoder),
            );
        }
    }

    /// The node asks: the next frame of that encoding is a keyframe.
    pub fn on_keyframe_requested(&mut self, rid: Option<&str>, now: Instant) {
        let is_simulcast = self.camera.is_simulcast;
        for source in &mut self.sources {
            let encoder = source.encoder();
            let is_meant = rid_of(is_simulcast, encoder) == rid;
            if encoder.codec.kind() == MediaKind::Video && is_meant {
                source.wants_keyframe = true;
                self.keyframe_requests.push((now, encoder.rank));
            }
        }
    }

    /// Stops an encoding, or lets it go on with a keyframe, as bandwidth adaptation does.
    pub fn pause(&mut self, rank: u8, is_paused: bool) {
        for source in &mut self.sources {
            let encoder = source.encoder();
            if encoder.codec.kind() == MediaKind::Video && encoder.rank == rank {
                source.is_paused = is_paused;
                source.wants_keyframe |= !is_paused;
            }
        }
    }

    /// Makes pictures of another size from the next one on, which is a keyframe.
    pub fn resize(&mut self, rank: u8, dimensions: Dimensions) {
        for source in &mut self.sources {
            let encoder = source.encoder();
            if encoder.codec.kind() == MediaKind::Video && encoder.rank == rank {
                source.resize(dimensions);
            }
        }
    }

    /// Says nothing for a while, as an encoder with discontinuous transmission does (RFC 7587 section 3.1.3).
    pub fn fall_silent(&mut self, silence: Option<Silence>) {
        for source in &mut self.sources {
            if source.encoder().codec == Codec::Opus {
                source.silence = silence;
            }
        }
    }

    /// Keyframes that it made, of all encodings.
    pub fn n_keyframes(&self) -> u32 {
        self.sources.iter().map(|s| s.n_keyframes).sum()
    }
}

/// How long pictures may be held back, in hundredths of a second, as the first of them say.
pub const PLAYOUT_DELAY: (u64, u64) = (1, 30);

/// What the header of a picture's first packet says.
fn times(made: &Made, captured_at: Instant) -> ExtensionValues {
    let mut times = ExtensionValues::default();
    let Some(stamp) = Stamp::read(&made.payload).filter(|stamp| stamp.packet_index == 0) else {
        return times;
    };
    times.abs_capture_time = Some(AbsCaptureTime {
        capture_time: wall_time(captured_at),
        clock_offset: Some(0),
    });
    if stamp.frame < 3 {
        times.play_delay_min = Some(MediaTime::from_hundredths(PLAYOUT_DELAY.0));
        times.play_delay_max = Some(MediaTime::from_hundredths(PLAYOUT_DELAY.1));
    }
    times
}

/// A moment by the clock of a publisher whose time began with ours.
pub fn wall_time(at: Instant) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(at.as_nanos())
}

fn rid_of(is_simulcast: bool, encoder: Encoder) -> Option<&'static str> {
    let is_named = is_simulcast && encoder.codec.kind() == MediaKind::Video;
    RIDS.get(usize::from(encoder.rank))
        .copied()
        .filter(|_| is_named)
}
