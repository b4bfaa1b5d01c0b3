//! Pictures at 30 a second and Opus, from a clock, through a packager.

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::config::{Config, Windows};
use bridge_packager::dates::Zero;
use bridge_packager::event::Event;
use bridge_packager::latency::LatencyMode;
use bridge_packager::packager::Packager;
use bridge_packager::rendition::RenditionName;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};

pub(crate) const EPOCH: &str = "0a1b2c3d";

/// One rendition, and the frame that comes next.
struct Lane {
    name: RenditionName,
    format: Arc<Format>,
    /// Ticks of a frame.
    step: u64,
    /// A keyframe every so many.
    keyframes: u64,
    n_frames: u64,
}

pub(crate) struct Stream {
    packager: Packager,
    lanes: Vec<Lane>,
}

/// Of libx264, High profile, level 3.1, 1280x720.
const SPS: [u8; 27] = [
    0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
    0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60, 0x80,
];

impl Stream {
    pub(crate) fn new(unix: Duration) -> Self {
        let config = Config {
            latency: LatencyMode::Low,
            epoch: Arc::from(EPOCH),
            zero: Zero {
                at: Instant::START,
                unix,
            },
            windows: Windows::default(),
        };
        let mut packager = Packager::new(config, Instant::START);
        let pictures = Format::H264 {
            sps: Box::new(SPS),
            pps: Box::new([0x68, 0xeb, 0xe3, 0xcb]),
            size: Dimensions {
                width: 1280,
                height: 720,
            },
        };
        let lanes = [
            ("720p", MediaKind::Video, pictures, 3_000, 60),
            (
                "opus",
                MediaKind::Audio,
                Format::Opus {
                    channels: 2,
                    pre_skip: 312,
                },
                960,
                1,
            ),
        ];
        let lanes = lanes.map(|(name, kind, format, step, keyframes)| {
            let name = RenditionName::parse(name).unwrap();
            packager.add_rendition(name.clone(), kind).unwrap();
            Lane {
                name,
                format: Arc::new(format),
                step,
                keyframes,
                n_frames: 0,
            }
        });
        Self {
            packager,
            lanes: lanes.into(),
        }
    }

    /// Everything up to now: frames at their times, and timeouts between.
    pub(crate) fn run_until(&mut self, now: Instant) -> Vec<Event> {
        while let Some((at, index)) = self.next_frame().filter(|(at, _)| *at <= now) {
            self.expire(at);
            let lane = &mut self.lanes[index];
            let is_keyframe = lane.n_frames.is_multiple_of(lane.keyframes);
            let frame = Frame {
                time: MediaTime(lane.n_frames * lane.step),
                captured_at: at,
                is_keyframe,
                discontinuity: None,
                format: Arc::clone(&lane.format),
                data: Arc::from(vec![0_u8; if is_keyframe { 9_000 } else { 300 }]),
            };
            lane.n_frames += 1;
            self.packager.handle_frame(&lane.name, &frame, at);
        }
        self.expire(now);
        std::iter::from_fn(|| self.packager.poll_event()).collect()
    }

    /// The publisher is gone for good.
    pub(crate) fn end(&mut self, now: Instant) -> Vec<Event> {
        self.packager.handle_end(now);
        std::iter::from_fn(|| self.packager.poll_event()).collect()
    }

    fn expire(&mut self, now: Instant) {
        while let Some(due) = self.packager.poll_timeout().filter(|due| *due <= now) {
            self.packager.handle_timeout(due);
        }
    }

    fn next_frame(&self) -> Option<(Instant, usize)> {
        let lanes = self.lanes.iter().enumerate();
        let due = lanes.map(|(index, lane)| {
            let ticks = lane.n_frames * lane.step;
            (
                Instant::START + lane.format.clock_rate().duration(ticks),
                index,
            )
        });
        due.min()
    }
}
