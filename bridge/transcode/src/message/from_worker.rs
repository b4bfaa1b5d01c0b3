//! What a worker tells the server.

use sfu_model::frame::Frame;

use super::wire::{Malformed, Reader, Writer};
use super::{elements, frame};
use crate::capabilities::Capabilities;
use crate::job::{RungIndex, SlotId};
use crate::place::Place;

/// A message from a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromWorker {
    /// It has started and reads.
    Ready,
    /// It is about to touch this card, to find out: where nothing more comes of it, the card's driver is to blame.
    Touches(Place),
    /// What elements there are, and which of their ways work.
    Probed(Capabilities),
    /// A job has begun, by these elements: `opusdec avenc_aac`.
    Opened(SlotId, Box<str>),
    /// The next frame of a rung.
    Frame(SlotId, RungIndex, Frame),
    /// Something is wrong with a slot that goes on.
    Trouble(SlotId, Trouble),
    /// A slot is over, or never began: why, in the words of the element that failed.
    Failed(SlotId, Box<str>),
    /// It lives: twice a second, whatever happens, with what it counted since it began.
    Alive(Counts),
    /// What its slots share of a card does not work any more: why. Another process may still find it in order.
    CardLost(Box<str>),
}

/// What is wrong with a slot that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The publisher's frames cannot be decoded. A keyframe may help.
    Undecodable,
    /// Frames come faster than they can be decoded or encoded: some are given up.
    TooSlow,
    /// An encoder failed and was replaced by a new one of its kind.
    EncoderReplaced,
    /// A keyframe was asked for and the encoder did not make one.
    KeyframeMissing,
    /// What a card did failed there: the processor does all of it for the rest of the slot. A keyframe is needed.
    LeftCard,
    /// A card's encoder failed alone: the processor encodes this rung for the rest of the slot.
    EncoderLeftCard,
}

impl Trouble {
    /// Each, as it is written: its place here is its number.
    pub const ALL: [Self; 6] = [
        Self::Undecodable,
        Self::TooSlow,
        Self::EncoderReplaced,
        Self::KeyframeMissing,
        Self::LeftCard,
        Self::EncoderLeftCard,
    ];

    /// The label of its metric.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::TooSlow => "too_slow",
            Self::EncoderReplaced => "encoder_replaced",
            Self::KeyframeMissing => "keyframe_missing",
            Self::LeftCard => "left_card",
            Self::EncoderLeftCard => "encoder_left_card",
        }
    }
}

/// What a worker counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames of publishers that came.
    pub frames_in: u64,
    /// Of those, given up.
    pub frames_in_dropped: u64,
    /// Pictures that were decoded and not encoded, because an encoder was behind.
    pub pictures_dropped: u64,
    /// Frames of rungs that were told.
    pub frames_out: u64,
    /// Of rungs, given up because the server did not read.
    pub frames_out_dropped: u64,
    /// Longest time between a picture in and its frame out since the last message, in microseconds.
    pub lag_max_us: u64,
}

impl FromWorker {
    /// The message with its length in front. `None`: it is too long to be sent.
    pub fn encode(&self) -> Option<Vec<u8>> {
        match self {
            Self::Ready => Writer::new(0),
            Self::Probed(capabilities) => elements::write(Writer::new(1), capabilities),
            Self::Opened(slot, by) => Writer::new(2).u32(slot.0).text(by),
            Self::Frame(slot, rung, sent) => {
                frame::write(Writer::new(3).u32(slot.0).u8(rung.0), sent)
            }
            Self::Trouble(slot, trouble) => {
                let place = Trouble::ALL.iter().position(|known| known == trouble);
                let tag = place.and_then(|place| u8::try_from(place).ok());
                Writer::new(4).u32(slot.0).u8(tag.unwrap_or(u8::MAX))
            }
            Self::Failed(slot, why) => Writer::new(5).u32(slot.0).text(why),
            Self::Alive(counts) => write_counts(Writer::new(6), counts),
            Self::CardLost(why) => Writer::new(7).text(why),
            Self::Touches(place) => Writer::new(8).u8(elements::index(&Place::ALL, place)),
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
            0 => Self::Ready,
            1 => Self::Probed(elements::read(&mut reader)?),
            2 => Self::Opened(SlotId(reader.u32()?), reader.text()?),
            3 => Self::Frame(
                SlotId(reader.u32()?),
                RungIndex(reader.u8()?),
                frame::read(&mut reader)?,
            ),
            4 => {
                let slot = SlotId(reader.u32()?);
                let trouble = Trouble::ALL.get(usize::from(reader.u8()?));
                Self::Trouble(slot, *trouble.ok_or(Malformed::Tag)?)
            }
            5 => Self::Failed(SlotId(reader.u32()?), reader.text()?),
            6 => Self::Alive(read_counts(&mut reader)?),
            7 => Self::CardLost(reader.text()?),
            8 => Self::Touches(elements::read_index(&mut reader, &Place::ALL)?),
            _ => return Err(Malformed::Tag),
        };
        reader.finish(message)
    }
}

fn write_counts(writer: Writer, counts: &Counts) -> Writer {
    writer
        .u64(counts.frames_in)
        .u64(counts.frames_in_dropped)
        .u64(counts.pictures_dropped)
        .u64(counts.frames_out)
        .u64(counts.frames_out_dropped)
        .u64(counts.lag_max_us)
}

fn read_counts(reader: &mut Reader<'_>) -> Result<Counts, Malformed> {
    Ok(Counts {
        frames_in: reader.u64()?,
        frames_in_dropped: reader.u64()?,
        pictures_dropped: reader.u64()?,
        frames_out: reader.u64()?,
        frames_out_dropped: reader.u64()?,
        lag_max_us: reader.u64()?,
    })
}
