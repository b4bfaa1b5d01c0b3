//! A slot of sound: Opus packets in, AAC frames on the stream's timeline out.

use std::time::Duration;

use gstreamer as gst;
use sfu_model::frame::{Discontinuity, Format, Frame};

use super::aac::{AacEncoder, Begin};
use super::inbox::{Input, Start};
use super::line::{Reason, element, reason};
use super::outlet;
use super::probe;
use super::row::Row;
use super::samples::{sample_caps, ticks_of, time_of};
use crate::capabilities::Role;
use crate::job::{SOUND_CLOCK, SoundJob};
use crate::message::from_worker::{FromWorker, Trouble};
use crate::opus;
use crate::splice::{Sample, Splice, Spliced};

/// How often a slot looks whether it was closed, when nothing else happens.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Packets whose frames are sent together at most: a fifth of a second of them, when the slot is behind.
const BATCH_MAX: usize = 10;

/// Packets in a row that a decoder may refuse before it is said aloud: a second.
const REFUSED_MAX: u32 = 50;

/// Runs the slot until it is closed.
pub(super) fn run(start: Start, job: SoundJob) {
    let mut slot = match Slot::new(&start, job) {
        Ok(slot) => slot,
        Err(why) => {
            start.outlet.tell(&FromWorker::Failed(start.slot, why));
            return;
        }
    };
    loop {
        match start.next(LOOK_EVERY) {
            Ok(input) => slot.handle_batch(input),
            Err(true) => {}
            Err(false) => return,
        }
    }
}

struct Slot<'s> {
    start: &'s Start,
    job: SoundJob,
    decoder: Option<Row>,
    encoder: Option<AacEncoder>,
    splice: Splice,
    /// Samples that a decoder's output is behind the times of its packets.
    pre_skip: u64,
    /// When sample 0 of the timeline was captured, in nanoseconds on the server's clock; before its start for a timeline that
    /// is older than the clock.
    captured_at_zero: i64,
    /// Why the next encoder is not the one before it.
    discontinuity: Option<Discontinuity>,
    n_unanswered: u32,
    samples: Vec<Sample>,
    /// Reused by every packet.
    decoded: Vec<gst::Sample>,
    /// What the packets of a batch have made.
    out: outlet::Frames,
}

impl<'s> Slot<'s> {
    fn new(start: &'s Start, job: SoundJob) -> Result<Self, Reason> {
        let decoder = probe::chosen(Role::DecodeOpus).ok_or("no decoder of Opus")?;
        let encoder = probe::chosen(Role::EncodeAac).ok_or("no encoder of AAC")?;
        let by = format!("{decoder} {encoder}").into();
        start.outlet.tell(&FromWorker::Opened(start.slot, by));
        Ok(Self {
            start,
            job,
            decoder: None,
            encoder: None,
            splice: Splice::new(0),
            pre_skip: 0,
            captured_at_zero: 0,
            discontinuity: None,
            n_unanswered: 0,
            samples: Vec::new(),
            decoded: Vec::new(),
            out: outlet::Frames::default(),
        })
    }

    /// Packets come several at once: what they make goes as one, too.
    fn handle_batch(&mut self, first: Input) {
        self.handle_input(first);
        for _ in 1..BATCH_MAX {
            match self.start.waiting() {
                Some(input) => self.handle_input(input),
                None => break,
            }
        }
        if !self.start.outlet.send(&mut self.out)
            && let Some(encoder) = &mut self.encoder
        {
            encoder.handle_lost();
        }
    }

    fn handle_input(&mut self, input: Input) {
        match input {
            Input::Frame(frame) => self.decode(&frame),
            // Every frame of sound is a keyframe, there is one rung, and codecs work on this thread.
            Input::KeyframeAt(_)
            | Input::Rungs(_)
            | Input::Decoded(..)
            | Input::DecoderFailed(..)
            | Input::EncoderFailed(..) => {}
        }
    }

    fn decode(&mut self, frame: &Frame) {
        let Format::Opus { pre_skip, .. } = *frame.format else {
            self.start.trouble(Trouble::Undecodable);
            return;
        };
        self.n_unanswered = self.n_unanswered.saturating_add(1);
        if self.n_unanswered.is_multiple_of(REFUSED_MAX) {
            self.start.trouble(Trouble::Undecodable);
        }
        if opus::samples(&frame.data).is_none() {
            return;
        }
        self.pre_skip = pre_skip.into();
        let span = SOUND_CLOCK.duration(frame.time.0).as_nanos();
        let captured_at = i128::from(frame.captured_at.as_nanos());
        let at_zero = captured_at.saturating_sub_unsigned(span);
        self.captured_at_zero = i64::try_from(at_zero).unwrap_or(i64::MIN);
        if self.decoder.is_none() {
            self.decoder = decoder().ok();
        }
        let Some(decoder) = &self.decoder else {
            self.start.trouble(Trouble::Undecodable);
            return;
        };
        let mut buffer = gst::Buffer::from_slice(frame.data.clone());
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(time_of(frame.time.0));
            if frame.discontinuity.is_some() {
                buffer.set_flags(gst::BufferFlags::DISCONT);
            }
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        let pushed = decoder.push(buffer, &mut decoded);
        for sample in decoded.drain(..) {
            self.handle_decoded(&sample);
        }
        self.decoded = decoded;
        if let Err(why) = pushed {
            tracing::debug!(%why, "an Opus decoder failed");
            self.decoder = None;
            self.start.trouble(Trouble::Undecodable);
        }
    }

    /// Puts a decoded block on the timeline, and gives the encoder what is whole.
    fn handle_decoded(&mut self, sample: &gst::Sample) {
        self.n_unanswered = 0;
        let Some((time, mut block)) = block_of(sample) else {
            return;
        };
        // What a decoder gives is `pre_skip` samples behind; on a timeline that begins here, those are before its beginning.
        let starts_at = time.saturating_sub(self.pre_skip);
        let n_before_zero = self.pre_skip.saturating_sub(time);
        block.drain(..block.len().min(usize::try_from(n_before_zero).unwrap_or(0)));
        if self.encoder.is_none() && !self.begin(starts_at) {
            return;
        }
        let spliced = self.splice.push(starts_at, &block, &mut self.samples);
        if spliced == Spliced::TooFar {
            self.encoder = None;
            self.discontinuity = Some(Discontinuity::Lost);
            if !self.begin(starts_at) {
                return;
            }
            self.splice.push(starts_at, &block, &mut self.samples);
        }
        let (samples, at_zero) = (&mut self.samples, self.captured_at_zero);
        let pushed = (self.encoder.as_mut()).map_or(Ok(()), |encoder| {
            encoder.push(samples, at_zero, &mut self.out)
        });
        if let Err(why) = pushed {
            tracing::debug!(%why, "an AAC encoder failed");
            self.encoder = None;
            self.discontinuity = Some(Discontinuity::Encoder);
            self.start.trouble(Trouble::EncoderReplaced);
        }
    }

    /// Begins an encoder at a sample of the timeline.
    fn begin(&mut self, starts_at: u64) -> bool {
        self.samples.clear();
        self.splice = Splice::new(starts_at);
        let begin = Begin {
            starts_at,
            bit_rate_bps: self.job.bit_rate_bps,
            slot: self.start.slot,
            discontinuity: self.discontinuity.take(),
        };
        match AacEncoder::start(begin, &mut self.samples) {
            Ok(encoder) => self.encoder = Some(encoder),
            Err(why) => {
                tracing::warn!(%why, "no AAC encoder");
                self.start.trouble(Trouble::EncoderReplaced);
            }
        }
        self.encoder.is_some()
    }
}

fn decoder() -> Result<Row, Reason> {
    let name = probe::chosen(Role::DecodeOpus).ok_or("no decoder of Opus")?;
    // Two channels whatever the publisher sends: a decoder of Opus gives those of any packet (RFC 7587 section 3.4).
    let caps = gst::Caps::builder("audio/x-opus")
        .field("channel-mapping-family", 0)
        .field("channels", 2)
        .field("rate", 48_000)
        .build();
    let elements = vec![element(name)?, element("audioconvert")?];
    Row::start(elements, &caps, &sample_caps())
}

/// The samples of a decoded buffer, and the time of the first in ticks.
fn block_of(sample: &gst::Sample) -> Option<(u64, Vec<Sample>)> {
    let buffer = sample.buffer()?;
    let time = ticks_of(buffer.pts()?);
    let map = buffer.map_readable().map_err(reason).ok()?;
    let (quads, _) = map.as_slice().as_chunks::<4>();
    let samples = quads
        .iter()
        .map(|[a, b, c, d]| [i16::from_le_bytes([*a, *b]), i16::from_le_bytes([*c, *d])]);
    Some((time, samples.collect()))
}
