//! A stream of which nothing comes for a while in the middle.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bridge_packager::config::{Config, Windows};
use bridge_packager::dates::Zero;
use bridge_packager::event::Event;
use bridge_packager::latency::LatencyMode;
use bridge_packager::packager::Packager;
use bridge_packager::rendition::RenditionName;
use sfu_model::frame::Frame;
use sfu_model::time::{Instant, MediaTime};

use crate::encoded::Encoded;
use crate::ffmpeg::tmp;

pub(crate) struct Standstill {
    pub(crate) path: PathBuf,
    pub(crate) n_stand_ins: u64,
    /// Frames that no decoder could begin at.
    pub(crate) n_dropped: u64,
}

/// Packages what was encoded, as fast as it is played, with a pause before the frame of this number.
pub(crate) fn standstill(
    encoded: &Encoded,
    name: &str,
    next: usize,
    pause: Duration,
) -> Standstill {
    let zero = Zero {
        at: Instant::START,
        unix: Duration::from_secs(1_700_000_000),
    };
    let config = Config {
        latency: LatencyMode::Low,
        epoch: Arc::from("0a1b2c3d"),
        zero,
        windows: Windows::default(),
    };
    let mut packager = Packager::new(config, Instant::START);
    let rendition = RenditionName::parse("main").unwrap();
    let kind = encoded.format.kind();
    packager.add_rendition(rendition.clone(), kind).unwrap();
    let mut bytes = Vec::new();
    let mut now = Instant::START;
    for frame in frames(encoded, next, pause) {
        now = frame.captured_at;
        while let Some(due) = packager.poll_timeout().filter(|at| *at < now) {
            packager.handle_timeout(due);
        }
        packager.handle_frame(&rendition, &frame, now);
        collect(&mut packager, &mut bytes);
    }
    packager.handle_end(now);
    collect(&mut packager, &mut bytes);
    let path = tmp(&format!("{name}-standstill.mp4"));
    std::fs::write(&path, bytes).unwrap();
    let stats = packager.stats();
    assert_eq!((stats.gap_parts, stats.discontinuities), (0, 0));
    Standstill {
        path,
        n_stand_ins: stats.stand_in_parts,
        n_dropped: stats.frames_before_keyframe,
    }
}

fn frames(encoded: &Encoded, next: usize, pause: Duration) -> impl Iterator<Item = Frame> {
    let format = Arc::new(encoded.format.clone());
    let rate = format.clock_rate();
    let each = match format.size() {
        Some(_) => rate.ticks(Duration::from_secs(1)) / 30,
        None => u64::from(encoded.samples_per_packet),
    };
    (0..).zip(&encoded.frames).map(move |(number, frame)| {
        let pause = if number < next { Duration::ZERO } else { pause };
        let time = number as u64 * each + rate.ticks(pause);
        Frame {
            time: MediaTime(time),
            captured_at: Instant::START + rate.duration(time),
            is_keyframe: frame.is_keyframe,
            discontinuity: None,
            format: Arc::clone(&format),
            data: frame.data.as_slice().into(),
        }
    })
}

fn collect(packager: &mut Packager, out: &mut Vec<u8>) {
    while let Some(event) = packager.poll_event() {
        if let Event::Init { bytes, .. } | Event::Part { bytes, .. } = event {
            out.extend(bytes);
        }
    }
}
