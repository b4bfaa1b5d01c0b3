//! An AAC encoder on the timeline: its frames are counted, and so each has its exact time.

use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::time::{Instant, MediaTime};

use super::line::{Reason, element};
use super::outlet;
use super::probe;
use super::row::Row;
use super::samples::{sample_caps, time_of};
use crate::capabilities::Role;
use crate::job::{RungIndex, SOUND_CLOCK, SlotId};
use crate::splice::Sample;

/// Samples of a frame (ISO/IEC 14496-3, AAC-LC).
const FRAME_SAMPLES: u64 = 1_024;

/// What an encoder begins with.
#[derive(Debug)]
pub(super) struct Begin {
    /// The first sample that it is given, on the timeline.
    pub(super) starts_at: u64,
    pub(super) bit_rate_bps: u32,
    pub(super) slot: SlotId,
    /// Of its first frame.
    pub(super) discontinuity: Option<Discontinuity>,
}

/// Samples that an encoder's first frame is before the first that it was given: its priming. No encoder tells GStreamer 1.22
/// of it, so each was measured: the middle of a click of 1 ms, encoded from raw samples and decoded without edit list, came
/// out 1,023.98 samples late by `avenc_aac`, whose own figure is a frame, and 1,600.01 by `voaacenc`, which looks that much
/// further ahead. The tests do it again for the one that this machine chooses.
fn priming(encoder: &str) -> u64 {
    match encoder {
        "voaacenc" => 1_600,
        _ => 1_024,
    }
}

/// A running encoder.
#[derive(Debug)]
pub(super) struct AacEncoder {
    row: Row,
    /// The next sample, counted from the encoder's first.
    next: u64,
    frames: Frames,
    /// Reused by every block.
    encoded: Vec<gst::Sample>,
}

impl AacEncoder {
    /// Starts one. `samples` is given the silence that brings its frames onto multiples of their length.
    pub(super) fn start(begin: Begin, samples: &mut Vec<Sample>) -> Result<Self, Reason> {
        let name = probe::chosen(Role::EncodeAac).ok_or("no encoder of AAC")?;
        let priming = priming(name);
        // The first frame is `priming` before what the encoder is given, and its time shall be a multiple of its length.
        let (frames_in_priming, rest) = (priming.div_ceil(FRAME_SAMPLES), FRAME_SAMPLES);
        let shift = frames_in_priming * FRAME_SAMPLES - priming;
        let n_silent = (begin.starts_at.saturating_add(shift)) % rest;
        samples.resize(usize::try_from(n_silent).unwrap_or(0), [0; 2]);
        let first = i128::from(begin.starts_at) - i128::from(n_silent) - i128::from(priming);
        let frames = Frames {
            slot: begin.slot,
            next: i64::try_from(first).unwrap_or(0),
            discontinuity: begin.discontinuity,
            format: None,
        };
        let encoder = element(name)?;
        encoder.set_property(
            "bitrate",
            i32::try_from(begin.bit_rate_bps).unwrap_or(i32::MAX),
        );
        // FFmpeg's documentation calls this way better and much faster from 64 kbit/s on; it takes half as long.
        if encoder.has_property("aac-coder") {
            encoder.set_property_from_str("aac-coder", "fast");
        }
        let elements = vec![element("audioconvert")?, encoder];
        let caps = gst::Caps::builder("audio/mpeg")
            .field("mpegversion", 4)
            .build();
        Ok(Self {
            row: Row::start(elements, &sample_caps(), &caps)?,
            next: 0,
            frames,
            encoded: Vec::new(),
        })
    }

    /// Frames before the next were given up.
    pub(super) fn handle_lost(&mut self) {
        self.frames.discontinuity = Some(Discontinuity::Lost);
    }

    /// Encodes all whole frames of `samples`, and adds what that makes to `out`.
    ///
    /// # Errors
    ///
    /// The encoder failed, and must be given up.
    pub(super) fn push(
        &mut self,
        samples: &mut Vec<Sample>,
        captured_at_zero: i64,
        out: &mut outlet::Frames,
    ) -> Result<(), Reason> {
        let (frames, _) = samples.as_chunks::<{ FRAME_SAMPLES as usize }>();
        for frame in frames {
            let bytes: Vec<u8> = frame
                .iter()
                .flatten()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            let mut buffer = gst::Buffer::from_mut_slice(bytes);
            if let Some(buffer) = buffer.get_mut() {
                buffer.set_pts(time_of(self.next));
                buffer.set_duration(time_of(FRAME_SAMPLES));
            }
            self.next = self.next.saturating_add(FRAME_SAMPLES);
            self.row.push(buffer, &mut self.encoded)?;
            for sample in self.encoded.drain(..) {
                self.frames.handle_encoded(&sample, captured_at_zero, out);
            }
        }
        let n_taken = frames.len().saturating_mul(FRAME_SAMPLES as usize);
        samples.drain(..n_taken);
        Ok(())
    }
}

/// Makes frames of what the encoder gives.
#[derive(Debug)]
struct Frames {
    slot: SlotId,
    /// The time of the next frame; before zero for the priming of a timeline that begins.
    next: i64,
    discontinuity: Option<Discontinuity>,
    format: Option<Arc<Format>>,
}

impl Frames {
    fn handle_encoded(
        &mut self,
        sample: &gst::Sample,
        captured_at_zero: i64,
        out: &mut outlet::Frames,
    ) {
        let time = self.next;
        self.next = time.saturating_add_unsigned(FRAME_SAMPLES);
        let (Ok(time), Some(format)) = (u64::try_from(time), self.format(sample)) else {
            return;
        };
        let Some(map) = sample
            .buffer()
            .and_then(|buffer| buffer.map_readable().ok())
        else {
            return;
        };
        let span = u64::try_from(SOUND_CLOCK.duration(time).as_nanos()).unwrap_or(u64::MAX);
        let captured_at =
            u64::try_from(captured_at_zero.saturating_add_unsigned(span)).unwrap_or(0);
        let frame = Frame {
            time: MediaTime(time),
            captured_at: Instant::from_nanos(captured_at),
            is_keyframe: true,
            discontinuity: self.discontinuity,
            format,
            data: Arc::from(map.as_slice()),
        };
        self.discontinuity = match out.add(self.slot, RungIndex(0), frame) {
            true => None,
            false => Some(Discontinuity::Lost),
        };
    }

    /// What a decoder must know: the encoder says it in its caps.
    fn format(&mut self, sample: &gst::Sample) -> Option<Arc<Format>> {
        if self.format.is_none() {
            let config = sample
                .caps()?
                .structure(0)?
                .get::<gst::Buffer>("codec_data")
                .ok()?;
            let config = config.map_readable().ok()?;
            self.format = Some(Arc::new(Format::Aac {
                config: config.as_slice().into(),
                sample_rate: SOUND_CLOCK.0,
                channels: 2,
            }));
        }
        self.format.clone()
    }
}
