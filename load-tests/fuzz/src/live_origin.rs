//! The origin of a stream that is live: what its packager made of ten seconds of pictures and sound, told as time passes.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bridge_origin::config::{Config, Dash};
use bridge_origin::event::Event;
use bridge_origin::origin::Origin;
use bridge_packager::config::{Config as PackagerConfig, Windows};
use bridge_packager::dates::Zero;
use bridge_packager::event::Event as Packaged;
use bridge_packager::latency::LatencyMode;
use bridge_packager::packager::Packager;
use bridge_packager::rendition::RenditionName;
use bytes::Bytes;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};

const EPOCH: &str = "k3x9";

/// How long it is published, and how much of that is over when requests begin.
const LENGTH: Duration = Duration::from_secs(10);
const AGE: Duration = Duration::from_millis(5_200);

/// Pictures and packets of sound a second, and pictures from one keyframe to the next.
const PICTURES_PER_SECOND: u32 = 10;
const SOUNDS_PER_SECOND: u32 = 50;
const KEYFRAME_EVERY: u32 = 20;

/// One at a time.
pub(crate) struct LiveOrigin {
    pub(crate) origin: Origin,
    pub(crate) now: Instant,
    /// What the packager tells, and when.
    coming: VecDeque<(Instant, Packaged)>,
}

impl LiveOrigin {
    pub(crate) fn new() -> Self {
        let origin = Origin::new(Config {
            epoch: Arc::from(EPOCH),
            server_control: LatencyMode::Low.server_control(),
            has_disk: true,
            dash: Dash {
                base_uri: Arc::from("../../hls/demo/"),
                clock_uri: Arc::from("../../clock"),
            },
        });
        let mut live = Self {
            origin,
            now: Instant::START,
            coming: packaged().iter().cloned().collect(),
        };
        live.origin
            .handle_thumbnail(Bytes::from_static(b"\xff\xd8\xff"));
        while let Some(at) = live.next().filter(|at| *at <= Instant::START + AGE) {
            live.run_to(at);
            live.store();
        }
        live.now = Instant::START + AGE;
        live
    }

    /// When something happens next.
    pub(crate) fn next(&self) -> Option<Instant> {
        let told = self.coming.front().map(|(at, _)| *at);
        told.into_iter().chain(self.origin.poll_timeout()).min()
    }

    /// Lets it happen.
    pub(crate) fn run_to(&mut self, now: Instant) {
        self.now = self.now.max(now);
        while let Some((_, event)) = self.coming.pop_front_if(|(at, _)| *at <= now) {
            self.origin.handle_event(event, self.now);
        }
        if self.origin.poll_timeout().is_some_and(|at| at <= self.now) {
            self.origin.handle_timeout(self.now);
        }
    }

    /// Whatever it wants on disk is there at once.
    pub(crate) fn store(&mut self) {
        while let Some(event) = self.origin.poll_event() {
            if let Event::ToDisk { key, .. } = event {
                self.origin.handle_stored(&key);
            }
        }
    }
}

/// What the packager tells, made once: it is the same for every input.
fn packaged() -> &'static [(Instant, Packaged)] {
    static PACKAGED: OnceLock<Vec<(Instant, Packaged)>> = OnceLock::new();
    PACKAGED.get_or_init(package)
}

fn package() -> Vec<(Instant, Packaged)> {
    let name = |name| RenditionName::parse(name).expect("a name");
    let media = [
        (name("720p"), MediaKind::Video, pictures()),
        (name("opus"), MediaKind::Audio, sounds()),
    ];
    let config = PackagerConfig {
        latency: LatencyMode::Low,
        epoch: Arc::from(EPOCH),
        zero: Zero {
            at: Instant::START,
            unix: Duration::from_secs(1_772_366_400),
        },
        windows: Windows::default(),
    };
    let mut packager = Packager::new(config, Instant::START);
    let mut frames: Vec<(RenditionName, Frame)> = Vec::new();
    for (name, kind, of) in media {
        packager.add_rendition(name.clone(), kind).expect("two fit");
        frames.extend(of.into_iter().map(|frame| (name.clone(), frame)));
    }
    frames.sort_by_key(|(_, frame)| frame.captured_at);
    let mut told = Vec::new();
    for (name, frame) in &frames {
        let now = frame.captured_at;
        packager.handle_frame(name, frame, now);
        if packager.poll_timeout().is_some_and(|at| at <= now) {
            packager.handle_timeout(now);
        }
        told.extend(std::iter::from_fn(|| packager.poll_event()).map(|event| (now, event)));
    }
    let end = Instant::START + LENGTH;
    packager.handle_end(end);
    told.extend(std::iter::from_fn(|| packager.poll_event()).map(|event| (end, event)));
    told
}

fn pictures() -> Vec<Frame> {
    // Constrained Baseline 3.1, 1280x720.
    let format = Arc::new(Format::H264 {
        sps: Box::from(*b"\x67\x42\xc0\x1f\xda\x01\x40\x16\xe4"),
        pps: Box::from(*b"\x68\xce\x3c\x80"),
        size: Dimensions {
            width: 1_280,
            height: 720,
        },
    });
    frames(&format, PICTURES_PER_SECOND, |n| n % KEYFRAME_EVERY == 0)
}

fn sounds() -> Vec<Frame> {
    let format = Arc::new(Format::Opus {
        channels: 2,
        pre_skip: 312,
    });
    frames(&format, SOUNDS_PER_SECOND, |_| true)
}

fn frames(format: &Arc<Format>, per_second: u32, is_keyframe: fn(u32) -> bool) -> Vec<Frame> {
    let apart = Duration::from_secs(1) / per_second;
    let n_frames = u32::try_from(LENGTH.as_secs()).expect("it is short") * per_second;
    let frame = |n: u32| Frame {
        time: MediaTime(format.clock_rate().ticks(apart * n)),
        captured_at: Instant::START + apart * n,
        is_keyframe: is_keyframe(n),
        discontinuity: None,
        format: Arc::clone(format),
        data: Arc::from(*b"\x00\x00\x00\x02\x65\x88"),
    };
    (0..n_frames).map(frame).collect()
}
