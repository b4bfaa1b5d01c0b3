//! A decoder of pictures, of whatever codec the publisher has.

use std::mem::{Discriminant, discriminant};

use gstreamer as gst;
use sfu_model::frame::{Format, Frame};

use super::elements;
use super::inbox::{Inbox, Input};
use super::line::{Line, Reason, element};
use crate::annex_b;
use crate::capabilities::Role;
use crate::plan::{Card, Plan};

/// Frames in front of a decoder: a second of them. It is a processor that is too slow which has more.
const FRAMES_MAX: u64 = 30;

/// An AV1 temporal delimiter with its size (AV1 section 5.6): frames come without, and decoders want one.
const TEMPORAL_DELIMITER: [u8; 2] = [0x12, 0x00];

/// A running decoder.
#[derive(Debug)]
pub(super) struct Decoder {
    line: Line,
    codec: Discriminant<Format>,
    uses_card: bool,
}

impl Decoder {
    /// Starts one for frames of this format. Which life of it, so that what an older one says last is not taken for its.
    pub(super) fn start(
        (plan, card): (&Plan, Card),
        format: &Format,
        inbox: &Inbox,
        life: u32,
    ) -> Result<Self, Reason> {
        let role = Role::decoder_of(format).ok_or("nothing decodes this format")?;
        let chain = plan.decoding(role, card);
        let chain = chain.ok_or_else(|| format!("nothing does {}", role.label()))?;
        let parser = match format {
            Format::H264 { .. } => Some("h264parse"),
            Format::Vp9 { .. } => Some("vp9parse"),
            Format::Av1 { .. } => Some("av1parse"),
            Format::Vp8 { .. } | Format::Opus { .. } | Format::Aac { .. } => None,
        };
        let mut row = Vec::new();
        if let Some(parser) = parser {
            row.push(element(parser)?);
        }
        row.extend(elements::make(&chain)?);
        let (decoded, failed) = (inbox.clone(), inbox.clone());
        let line = Line::start(
            &row,
            &elements::caps(&plan.pictures(card))?,
            FRAMES_MAX,
            move |sample| {
                decoded.put(Input::Decoded(life, sample));
            },
            move |why| {
                failed.put(Input::DecoderFailed(life, why));
            },
        )?;
        line.set_caps(&caps_of(format));
        Ok(Self {
            line,
            codec: discriminant(format),
            uses_card: plan.decodes_by_card(role, card),
        })
    }

    /// Whether a card has a part in the work, be it that pictures are brought there.
    pub(super) const fn uses_card(&self) -> bool {
        self.uses_card
    }

    /// Whether it decodes frames of this format. Another size is no other format: keyframes say it.
    pub(super) fn takes(&self, format: &Format) -> bool {
        self.codec == discriminant(format)
    }

    /// Gives it a frame. False: it was given up, since the decoder is behind or the frame's own lengths are wrong.
    pub(super) fn push(&self, frame: &Frame, at: gst::ClockTime) -> bool {
        if !self.line.has_room() {
            return false;
        }
        let mut buffer = match &*frame.format {
            Format::H264 { .. } => match annex_b::with_start_codes(frame) {
                Some(bytes) => gst::Buffer::from_mut_slice(bytes),
                None => return false,
            },
            Format::Av1 { .. } => {
                gst::Buffer::from_mut_slice([&TEMPORAL_DELIMITER[..], &frame.data].concat())
            }
            Format::Vp8 { .. } | Format::Vp9 { .. } | Format::Opus { .. } | Format::Aac { .. } => {
                gst::Buffer::from_slice(frame.data.clone())
            }
        };
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(at);
            if !frame.is_keyframe {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        self.line.push(buffer);
        true
    }
}

fn caps_of(format: &Format) -> gst::Caps {
    let caps = match format {
        Format::H264 { .. } => gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au"),
        Format::Vp9 { .. } => gst::Caps::builder("video/x-vp9").field("alignment", "super-frame"),
        Format::Av1 { .. } => gst::Caps::builder("video/x-av1")
            .field("stream-format", "obu-stream")
            .field("alignment", "tu"),
        Format::Vp8 { .. } | Format::Opus { .. } | Format::Aac { .. } => {
            gst::Caps::builder("video/x-vp8")
        }
    };
    caps.build()
}
