//! What the server tells a worker.

use sfu_model::frame::Frame;
use sfu_model::time::MediaTime;

use super::wire::{Malformed, Reader, Writer};
use super::{elements, frame, job};
use crate::capabilities::Capabilities;
use crate::job::{Job, RungSet, SlotId};
use crate::place::Cards;

/// A message to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToWorker {
    /// Say what elements there are, and which of their ways work ([`super::from_worker::FromWorker::Probed`]). Of cards these
    /// alone are touched: a driver of another ended the process that did.
    Probe(Cards),
    /// What was found on this machine: pictures go by the best of it.
    Found(Box<Capabilities>),
    /// Begin a job. All its rungs are wanted until something else is said.
    Open(SlotId, Job),
    /// The next frame of the publisher.
    Frame(SlotId, Frame),
    /// The first picture at this time or later is to be a keyframe, of all rungs.
    KeyframeAt(SlotId, MediaTime),
    /// Encode these rungs and no others.
    Rungs(SlotId, RungSet),
    /// Nothing more comes, and nothing more is wanted.
    Close(SlotId),
}

impl ToWorker {
    /// The message with its length in front. `None`: it is too long to be sent.
    pub fn encode(&self) -> Option<Vec<u8>> {
        match self {
            Self::Probe(cards) => Writer::new(0).u8(cards.bits()),
            Self::Open(slot, opened) => job::write(Writer::new(1).u32(slot.0), opened),
            Self::Frame(slot, sent) => frame::write(Writer::new(2).u32(slot.0), sent),
            Self::KeyframeAt(slot, time) => Writer::new(3).u32(slot.0).u64(time.0),
            Self::Rungs(slot, wanted) => Writer::new(4).u32(slot.0).u8(wanted.bits()),
            Self::Close(slot) => Writer::new(5).u32(slot.0),
            Self::Found(found) => elements::write(Writer::new(6), found),
        }
        .finish()
    }

    /// Reads a message, without its length.
    ///
    /// # Errors
    ///
    /// It is no message of ours.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        let message = match reader.u8()? {
            0 => Self::Probe(Cards::from_bits(reader.u8()?)),
            1 => Self::Open(SlotId(reader.u32()?), job::read(&mut reader)?),
            2 => Self::Frame(SlotId(reader.u32()?), frame::read(&mut reader)?),
            3 => Self::KeyframeAt(SlotId(reader.u32()?), MediaTime(reader.u64()?)),
            4 => Self::Rungs(SlotId(reader.u32()?), RungSet::from_bits(reader.u8()?)),
            5 => Self::Close(SlotId(reader.u32()?)),
            6 => Self::Found(Box::new(elements::read(&mut reader)?)),
            _ => return Err(Malformed::Tag),
        };
        reader.finish(message)
    }
}
