//! What a receiver makes of packets, before any decoder: frames, pictures, and whether what a frame refers to came. It goes
//! by what headers say, as libwebrtc's does, and knows nothing of what was sent.

mod bits;
mod described;
mod vp8;
mod vp9;

use sfu_model::codec::Codec;

use crate::stamp::Stamp;
use described::DescribedFinder;
use vp8::Vp8Finder;
use vp9::Vp9Finder;

/// What a packet says of the frame that it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Nothing: a frame ends with the marker, and refers to the one before it.
    Plain,
    /// A VP8 payload descriptor.
    Vp8(vp8::Descriptor),
    /// A VP9 payload descriptor with layer indices.
    Vp9(vp9::Descriptor),
    /// An AV1 aggregation header: a frame begins with each packet whose first OBU element does not go on from the one before.
    Av1 {
        /// Z: it goes on.
        continues: bool,
        /// N: it begins a coded video sequence.
        starts_sequence: bool,
    },
    /// A Dependency Descriptor.
    Described(Vec<u8>),
}

impl Wire {
    /// What a packet of this codec says; `None`: it is malformed.
    pub fn read(codec: Codec, payload: &[u8], descriptor: Option<&[u8]>) -> Option<Self> {
        if let Some(descriptor) = descriptor {
            return Some(Self::Described(descriptor.to_vec()));
        }
        match codec {
            Codec::Vp8 => vp8::Descriptor::read(payload).map(Self::Vp8),
            Codec::Vp9 { .. } => {
                Some(vp9::Descriptor::read(payload)?.map_or(Self::Plain, Self::Vp9))
            }
            Codec::Av1 { .. } => {
                let header = *payload.first()?;
                Some(Self::Av1 {
                    continues: header & 0x80 != 0,
                    starts_sequence: header & 0x08 != 0,
                })
            }
            Codec::H264 { .. } | Codec::Opus => Some(Self::Plain),
        }
    }
}

/// One packet, as it is put in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Extended sequence number.
    pub sequence: u64,
    /// Unwrapped RTP timestamp.
    pub time: u64,
    /// Last packet of a picture.
    pub marker: bool,
    /// What it says of its frame.
    pub wire: Wire,
    /// The truth about it.
    pub stamp: Stamp,
}

impl Packet {
    fn begins_frame(&self) -> bool {
        match &self.wire {
            Wire::Plain => self.stamp.packet_index == 0,
            Wire::Vp8(descriptor) => descriptor.begins_frame,
            Wire::Vp9(descriptor) => descriptor.begins_frame,
            Wire::Av1 { continues, .. } => !continues,
            Wire::Described(bytes) => bytes.first().is_some_and(|b| b & 0x80 != 0),
        }
    }

    fn ends_frame(&self) -> bool {
        match &self.wire {
            Wire::Plain | Wire::Vp8(_) | Wire::Av1 { .. } => self.marker,
            Wire::Vp9(descriptor) => descriptor.ends_frame,
            Wire::Described(bytes) => bytes.first().is_some_and(|b| b & 0x40 != 0),
        }
    }
}

/// The packets of one frame.
pub type Frame = Vec<Packet>;

/// What a packet completed.
#[derive(Debug, PartialEq, Eq)]
pub enum Completed {
    /// Nothing yet.
    Nothing,
    /// A picture: its frames, low to high. None when what came of it is no frame.
    Picture(Vec<Frame>),
    /// The picture before this packet, whose end never came.
    Unmarked(Stamp),
    /// A picture goes on that has had its marker, with what the one before it had, too.
    MarkedBefore(Stamp),
}

/// Puts packets that come in order together.
#[derive(Debug, Default)]
pub struct Receiver {
    frame: Frame,
    frames: Vec<Frame>,
    /// The last picture that was completed, and its highest spatial layer.
    last: Option<(u64, Stamp)>,
    /// The highest spatial layer of the one before it: a larger size may begin after the marker of a smaller one, and is a
    /// picture of its own to a receiver.
    top_before: Option<u8>,
    /// The number after the last frame that could be followed, and after what only fills numbers.
    next: Option<u64>,
    /// Numbers were filled since VP8's last keyframe.
    has_filled: bool,
    vp8: Vp8Finder,
    vp9: Vp9Finder,
    described: DescribedFinder,
}

impl Receiver {
    /// Takes a packet. After a picture without an end the packet is the first of the next one, and not lost.
    pub fn push(&mut self, packet: Packet) -> Completed {
        let stamp = packet.stamp;
        let is_layered = stamp.place.mode.is_layered();
        let is_same_source =
            |other: &Stamp| other.publisher == stamp.publisher && other.rank == stamp.rank;
        let open = self.frames.last().or(Some(&self.frame));
        let open = open.and_then(|frame| frame.first());
        // What another encoding leaves open, when it ends in the middle of a picture, nobody waits for.
        let unmarked = open
            .filter(|open| open.time != packet.time)
            .map(|open| open.stamp);
        let went_on = self.last.filter(|(time, last)| {
            is_layered
                && *time == packet.time
                && is_same_source(last)
                && self.top_before >= Some(stamp.place.layer.spatial)
        });
        if unmarked.is_some() {
            self.frames.clear();
            self.frame.clear();
        }
        if packet.begins_frame() {
            self.frame.clear();
        }
        let (ends_frame, marker, time) = (packet.ends_frame(), packet.marker, packet.time);
        self.frame.push(packet);
        if ends_frame {
            self.frames.push(std::mem::take(&mut self.frame));
        }
        if let Some((_, stamp)) = went_on {
            return Completed::MarkedBefore(stamp);
        }
        if marker {
            self.frame.clear();
            if let Some((at, last)) = self.last.replace((time, stamp))
                && at != time
            {
                self.top_before = is_same_source(&last).then_some(last.place.layer.spatial);
            }
            return Completed::Picture(std::mem::take(&mut self.frames));
        }
        match unmarked.filter(|stamp| is_layered && is_same_source(stamp)) {
            Some(stamp) => Completed::Unmarked(stamp),
            None => Completed::Nothing,
        }
    }

    /// A number that only fills a gap.
    pub fn fill(&mut self, sequence: u64) {
        self.has_filled = true;
        if self.next == Some(sequence) {
            self.next = Some(sequence + 1);
        }
    }

    /// Numbers are given up: what was begun is not finished.
    pub fn skip(&mut self) {
        self.frame.clear();
        self.frames.clear();
    }

    /// Whether all that a frame says to refer to came. What it says is remembered.
    pub fn can_follow(&mut self, frame: &Frame) -> bool {
        let (Some(first), Some(last)) = (frame.first(), frame.last()) else {
            return false;
        };
        let follows = match &first.wire {
            Wire::Plain => true,
            Wire::Vp8(descriptor) => self.vp8.can_follow(*descriptor),
            Wire::Vp9(descriptor) => self.vp9.can_follow(descriptor),
            // Without more to go by it follows what has the number before it.
            Wire::Av1 {
                starts_sequence, ..
            } => *starts_sequence || self.next == Some(first.sequence),
            Wire::Described(bytes) => self.described.can_follow(bytes),
        };
        if follows {
            self.next = Some(last.sequence + 1);
            self.has_filled &= !first.stamp.is_keyframe;
        }
        follows
    }

    /// A picture of VP8's that came late as a whole, and was left out, left its picture id free: a picture of a higher
    /// temporal layer waits for that, until the next one that begins anew, and the base layer goes on.
    pub fn does_without(&self, frame: &Frame) -> bool {
        let is_of_vp8 = |packet: &Packet| matches!(packet.wire, Wire::Vp8(_));
        let is_above = |packet: &Packet| packet.stamp.place.layer.temporal > 0;
        let first = frame.first();
        self.has_filled && first.is_some_and(|p| is_of_vp8(p) && is_above(p))
    }
}
