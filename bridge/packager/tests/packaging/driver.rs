//! A packager with a clock: frames and timeouts in order of time, and everything it says judged at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bridge_packager::config::{Config, Windows};
use bridge_packager::dates::Zero;
use bridge_packager::event::Event;
use bridge_packager::latency::LatencyMode;
use bridge_packager::packager::Packager;
use bridge_packager::playlist::media::Media;
use bridge_packager::rendition::{RenditionName, RenditionOutline};
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};

use crate::oracle::Oracle;

/// 2026-03-01T12:00:00Z, at the timeline's zero.
pub(crate) const UNIX: Duration = Duration::from_secs(1_772_366_400);

pub(crate) fn name(name: &str) -> RenditionName {
    RenditionName::parse(name).unwrap()
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn h264(height: u16) -> Arc<Format> {
    h264_with(height, 0)
}

/// Another value of `pps` is another format.
pub(crate) fn h264_with(height: u16, pps: u8) -> Arc<Format> {
    // Constrained baseline; only its bytes matter here.
    Arc::new(Format::H264 {
        sps: Box::new([0x67, 0x42, 0xe0, 0x1f, height.to_le_bytes()[0], 0x80]),
        pps: Box::new([0x68, 0xce, 0x3c, pps]),
        size: Dimensions {
            width: height / 9 * 16,
            height,
        },
    })
}

pub(crate) fn aac() -> Arc<Format> {
    // AAC-LC, 48 kHz, stereo.
    Arc::new(Format::Aac {
        config: Box::new([0x11, 0x90]),
        sample_rate: 48_000,
        channels: 2,
    })
}

pub(crate) fn opus() -> Arc<Format> {
    Arc::new(Format::Opus {
        channels: 2,
        pre_skip: 312,
    })
}

/// What reaches the packager.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Frame(RenditionName, Frame),
    Begins(RenditionName, MediaTime),
}

pub(crate) struct Driver {
    pub(crate) packager: Packager,
    pub(crate) now: Instant,
    /// The last playlist of each rendition.
    pub(crate) media: BTreeMap<String, Arc<Media>>,
    /// Every playlist, when it was told.
    pub(crate) history: Vec<(Instant, Arc<Media>)>,
    /// When a keyframe was wanted.
    pub(crate) wanted: Vec<Instant>,
    pub(crate) renditions: Arc<[RenditionOutline]>,
    pub(crate) n_inits: BTreeMap<String, u32>,
    pub(crate) oracle: Oracle,
    /// Answers a wish with a keyframe: set by streams that do.
    pub(crate) is_keyframe_owed: bool,
}

impl Driver {
    pub(crate) fn new(latency: LatencyMode, renditions: &[(&str, MediaKind)]) -> Self {
        let windows = Windows {
            live: Duration::from_secs(20),
            dvr: Duration::from_secs(40),
        };
        Self::with_windows(latency, renditions, windows)
    }

    pub(crate) fn with_windows(
        latency: LatencyMode,
        renditions: &[(&str, MediaKind)],
        windows: Windows,
    ) -> Self {
        let zero = Zero {
            at: Instant::START,
            unix: UNIX,
        };
        let config = Config {
            latency,
            epoch: Arc::from("0a1b2c3d"),
            zero,
            windows,
        };
        let mut packager = Packager::new(config, Instant::START);
        for (rendition, kind) in renditions {
            packager.add_rendition(name(rendition), *kind).unwrap();
        }
        Self {
            packager,
            now: Instant::START,
            media: BTreeMap::new(),
            history: Vec::new(),
            wanted: Vec::new(),
            renditions: Arc::from([]),
            n_inits: BTreeMap::new(),
            oracle: Oracle::default(),
            is_keyframe_owed: false,
        }
    }

    /// Time passes up to `now`, and every timeout on the way is kept.
    pub(crate) fn run_until(&mut self, now: Instant) {
        while let Some(due) = self.packager.poll_timeout().filter(|due| *due <= now) {
            self.now = self.now.max(due);
            self.packager.handle_timeout(self.now);
            self.collect();
            let next = self.packager.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "a timeout stays");
        }
        self.now = self.now.max(now);
    }

    pub(crate) fn input(&mut self, at: Instant, input: &Input) {
        self.run_until(at);
        match input {
            Input::Frame(rendition, frame) => self.packager.handle_frame(rendition, frame, at),
            Input::Begins(rendition, time) => self.packager.handle_begins(rendition, *time, at),
        }
        self.collect();
    }

    pub(crate) fn end(&mut self) {
        self.packager.handle_end(self.now);
        self.collect();
    }

    pub(crate) fn collect(&mut self) {
        while let Some(event) = self.packager.poll_event() {
            self.oracle.judge(self.now, &event);
            match event {
                Event::Playlist(media) => {
                    let name = media.rendition.as_str().to_owned();
                    self.media.insert(name, Arc::clone(&media));
                    self.history.push((self.now, media));
                }
                Event::Renditions(renditions) => self.renditions = renditions,
                Event::KeyframeWanted => {
                    self.wanted.push(self.now);
                    self.is_keyframe_owed = true;
                }
                Event::Init { rendition, .. } => {
                    *self.n_inits.entry(rendition.to_string()).or_default() += 1;
                }
                Event::Part { .. } | Event::Segment { .. } => {}
            }
        }
        self.oracle.judge_renditions(&self.media);
    }
}

/// A frame of so many ticks, captured when its time says.
pub(crate) fn frame(format: &Arc<Format>, ticks: u64, is_keyframe: bool) -> Frame {
    let at = format.clock_rate().duration(ticks);
    Frame {
        time: MediaTime(ticks),
        captured_at: Instant::START + at,
        is_keyframe,
        discontinuity: None,
        format: Arc::clone(format),
        data: Arc::from(vec![0_u8; if is_keyframe { 12_000 } else { 4_000 }]),
    }
}

pub(crate) fn with(discontinuity: Discontinuity, frame: Frame) -> Frame {
    Frame {
        discontinuity: Some(discontinuity),
        ..frame
    }
}
