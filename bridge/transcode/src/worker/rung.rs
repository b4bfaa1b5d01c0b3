//! One size of a ladder: scale, encode, and read from the bitstream what came out.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use gstreamer as gst;
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};
use sfu_net::clock::Clock;

use super::line::{Line, Reason, element, set};
use super::outlet::{Outlet, count};
use super::probe;
use crate::annex_b::access_unit;
use crate::capabilities::Role;
use crate::gate::{Gate, Passage};
use crate::job::{FrameRate, Rung, RungIndex, SlotId};
use crate::message::from_worker::{FromWorker, Trouble};

/// Pictures in front of an encoder, half a second of them, as a network that stood still may send at once. They are large, but
/// all rungs have the same.
const PICTURES_MAX: u64 = 15;

/// Pictures inside an encoder and in front of it.
const PENDING_MAX: usize = 32;

/// Keyframes come when they are forced, twice as often as this: it is what an encoder does when it was not told, in seconds.
const KEYFRAME_EVERY_S: u32 = 4;

/// A picture of this many pixels a second has an encoder of two threads, and each as many again one more.
const PIXEL_RATE_PER_THREAD: u32 = 1_280 * 720 * 60;

/// What a rung begins with.
#[derive(Debug)]
pub(super) struct Begin {
    pub(super) slot: SlotId,
    pub(super) index: RungIndex,
    pub(super) rung: Rung,
    pub(super) rate: FrameRate,
    pub(super) outlet: Outlet,
    pub(super) clock: Clock,
    /// Of its first frame.
    pub(super) discontinuity: Option<Discontinuity>,
}

/// What is known of a picture that an encoder has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    pub(super) at: gst::ClockTime,
    pub(super) time: MediaTime,
    pub(super) captured_at: Instant,
    /// When it came to this process, encoded.
    pub(super) came_at: Instant,
    pub(super) is_keyframe: bool,
    pub(super) follows_hole: bool,
}

/// A running encoder of one size.
#[derive(Debug)]
pub(super) struct RungEncoder {
    line: Line,
    pending: SyncSender<Picture>,
    caps: Option<gst::Caps>,
    owes_keyframe: bool,
    rate: FrameRate,
}

impl RungEncoder {
    /// Starts one.
    pub(super) fn start(
        begin: Begin,
        failed: impl Fn(Reason) + Send + Sync + 'static,
    ) -> Result<Self, Reason> {
        let (pending, pictures) = sync_channel(PENDING_MAX);
        let size = begin.rung.size;
        let rate = begin.rate;
        let scaled = gst::Caps::builder("video/x-raw")
            .field("width", i32::from(size.width))
            .field("height", i32::from(size.height))
            .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
            .build();
        let scale = element("videoscale")?;
        // A picture of another shape, as of a telephone that is turned, has bars beside it.
        set(&scale, "add-borders", "true")?;
        let filter = element("capsfilter")?;
        gst::prelude::ObjectExt::set_property(&filter, "caps", &scaled);
        let elements = [
            scale,
            filter,
            element("videoconvert")?,
            encoder(&begin.rung, rate)?,
        ];
        let caps = gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .field("profile", "main")
            .build();
        let mut frames = Frames::new(begin, pictures);
        let each = move |sample: gst::Sample| frames.handle_encoded(&sample);
        Ok(Self {
            line: Line::start(&elements, &caps, PICTURES_MAX, each, failed)?,
            pending,
            caps: None,
            owes_keyframe: false,
            rate,
        })
    }

    /// Gives it a picture. False: it was given up, since the encoder is behind; a keyframe that it was to be is the next.
    pub(super) fn push(&mut self, sample: &gst::Sample, mut picture: Picture) -> bool {
        picture.is_keyframe |= self.owes_keyframe;
        let is_taken = self.line.has_room() && self.pending.try_send(picture).is_ok();
        self.owes_keyframe = picture.is_keyframe && !is_taken;
        let (true, Some(buffer), Some(caps)) = (is_taken, sample.buffer(), sample.caps()) else {
            return false;
        };
        let mut caps = caps.to_owned();
        let rate = gst::Fraction::new(self.rate.fps().into(), 1);
        caps.make_mut().set("framerate", rate);
        if self.caps.as_ref() != Some(&caps) {
            self.line.set_caps(&caps);
            self.caps = Some(caps);
        }
        if picture.is_keyframe {
            self.line.force_keyframe();
        }
        let mut buffer = buffer.copy();
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(picture.at);
            buffer.set_dts(None);
            buffer.set_duration(gst::ClockTime::SECOND / u64::from(self.rate.fps().max(1)));
        }
        self.line.push(buffer);
        true
    }
}

/// An encoder that keeps nothing back, puts keyframes only where it is told, and holds its bit rate within a second.
fn encoder(rung: &Rung, rate: FrameRate) -> Result<gst::Element, Reason> {
    let name = probe::chosen(Role::EncodeH264).ok_or("no encoder of H.264")?;
    let encoder = element(name)?;
    let kbps = (rung.bit_rate_bps / 1_000).to_string();
    let bps = rung.bit_rate_bps.to_string();
    let pixel_rate = rung.size.area().saturating_mul(rate.fps().into());
    let threads = (1 + pixel_rate / PIXEL_RATE_PER_THREAD).to_string();
    let period = u32::from(rate.fps())
        .saturating_mul(KEYFRAME_EVERY_S)
        .to_string();
    let settings: &[(&str, &str)] = match name {
        "x264enc" => &[
            ("tune", "zerolatency"),
            ("speed-preset", "superfast"),
            ("bitrate", &kbps),
            ("vbv-buf-capacity", "1000"),
            ("key-int-max", &period),
            ("bframes", "0"),
            ("threads", &threads),
            ("option-string", "scenecut=0:open-gop=0"),
        ],
        "openh264enc" => &[
            ("bitrate", &bps),
            ("rate-control", "bitrate"),
            ("complexity", "low"),
            ("gop-size", &period),
            ("scene-change-detection", "false"),
            ("multi-thread", &threads),
        ],
        "nvh264enc" => &[
            ("bitrate", &kbps),
            ("rc-mode", "cbr"),
            ("preset", "low-latency-hq"),
            ("zerolatency", "true"),
            ("gop-size", &period),
            ("bframes", "0"),
        ],
        _ => &[
            ("bitrate", &kbps),
            ("rate-control", "cbr"),
            ("key-int-max", &period),
            ("b-frames", "0"),
        ],
    };
    for (property, value) in settings {
        set(&encoder, property, value)?;
    }
    Ok(encoder)
}

/// Makes frames of what the encoder gives, on its thread.
struct Frames {
    slot: SlotId,
    index: RungIndex,
    size: Dimensions,
    outlet: Outlet,
    clock: Clock,
    pictures: Receiver<Picture>,
    format: Option<Arc<Format>>,
    discontinuity: Option<Discontinuity>,
    gate: Gate,
}

impl Frames {
    fn new(begin: Begin, pictures: Receiver<Picture>) -> Self {
        Self {
            slot: begin.slot,
            index: begin.index,
            size: begin.rung.size,
            outlet: begin.outlet,
            clock: begin.clock,
            pictures,
            format: None,
            discontinuity: begin.discontinuity,
            gate: Gate::default(),
        }
    }

    fn handle_encoded(&mut self, sample: &gst::Sample) {
        let segment = sample
            .segment()
            .and_then(|s| s.downcast_ref::<gst::ClockTime>());
        let pts = sample.buffer().and_then(gst::BufferRef::pts);
        // An encoder may move its times so that none of decoding is before zero; the segment undoes that.
        let Some(at) = segment.zip(pts).and_then(|(s, pts)| s.to_running_time(pts)) else {
            return;
        };
        // One that gives nothing for a picture keeps its place in the queue: it is passed over.
        let Some(picture) = self.pictures.try_iter().find(|picture| picture.at >= at) else {
            return;
        };
        let map = sample
            .buffer()
            .and_then(|buffer| buffer.map_readable().ok());
        let Some(map) = map else {
            return;
        };
        let unit = access_unit(map.as_slice());
        if picture.is_keyframe && !unit.is_idr {
            let trouble = FromWorker::Trouble(self.slot, Trouble::KeyframeMissing);
            self.outlet.tell(&trouble);
        }
        if let (Some(sps), Some(pps)) = (unit.sps, unit.pps) {
            self.handle_parameter_sets(sps, pps);
        }
        let Some(format) = self.format.clone() else {
            return;
        };
        let hole = picture.follows_hole.then_some(Discontinuity::Lost);
        self.discontinuity = self.discontinuity.or(hole);
        let frame = Frame {
            time: picture.time,
            captured_at: picture.captured_at,
            is_keyframe: unit.is_idr,
            discontinuity: self.discontinuity,
            format,
            data: unit.data.into(),
        };
        self.tell(frame);
        let lag = self.clock.now() - picture.came_at;
        let lag_us = u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
        let longest = &self.outlet.tally.lag_max_us;
        longest.fetch_max(lag_us, std::sync::atomic::Ordering::Relaxed);
    }

    fn handle_parameter_sets(&mut self, sps: &[u8], pps: &[u8]) {
        let is_same = self.format.as_deref().is_some_and(|format| {
            matches!(format, Format::H264 { sps: s, pps: p, .. } if **s == *sps && **p == *pps)
        });
        if !is_same {
            self.format = Some(Arc::new(Format::H264 {
                sps: sps.into(),
                pps: pps.into(),
                size: self.size,
            }));
        }
    }

    fn tell(&mut self, frame: Frame) {
        let is_keyframe = frame.is_keyframe;
        let is_told = self.gate.pass(is_keyframe, true) != Passage::Dropped
            && self
                .outlet
                .tell(&FromWorker::Frame(self.slot, self.index, frame));
        if is_told {
            count(&self.outlet.tally.frames_out);
            self.discontinuity = None;
        } else {
            self.gate.close();
            count(&self.outlet.tally.frames_out_dropped);
            self.discontinuity = Some(Discontinuity::Lost);
        }
    }
}
