//! One size of a ladder: scale, encode, and read from the bitstream what came out.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use gstreamer as gst;
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};
use sfu_net::clock::Clock;

use super::elements;
use super::line::{Line, Reason, reason};
use super::outlet::{Outlet, count};
use crate::annex_b::access_unit;
use crate::gate::{Gate, Passage};
use crate::job::{FrameRate, Rung, RungIndex, SlotId};
use crate::message::from_worker::{FromWorker, Trouble};
use crate::plan::{Card, Plan};

/// Pictures in front of an encoder, half a second of them, as a network that stood still may send at once. They are large, but
/// all rungs have the same.
const PICTURES_MAX: u64 = 15;

/// Pictures inside an encoder and in front of it.
const PENDING_MAX: usize = 32;

/// What an encoder is to make.
pub(super) const H264_CAPS: &str =
    "video/x-h264,stream-format=byte-stream,alignment=au,profile=main";

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
        (plan, card): (&Plan, Card),
        begin: Begin,
        failed: impl Fn(Reason) + Send + Sync + 'static,
    ) -> Result<Self, Reason> {
        let (pending, pictures) = sync_channel(PENDING_MAX);
        let rate = begin.rate;
        let chain = plan.encoding(&begin.rung, rate, card);
        let chain = chain.ok_or("no encoder of H.264")?;
        let row = elements::make(&chain)?;
        let caps = H264_CAPS.parse::<gst::Caps>().map_err(reason)?;
        let mut frames = Frames::new(begin, pictures);
        let each = move |sample: gst::Sample| frames.handle_encoded(&sample);
        Ok(Self {
            line: Line::start(&row, &caps, PICTURES_MAX, each, failed)?,
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
