//! RED (RFC 2198) towards a subscriber that negotiated it: each packet of sound carries the frame before it, and on a path
//! that loses much the one before that. A lost packet is then back 20 ms later, however long the round trip.

use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::{PayloadType, SeqNo};

use crate::egress::loss_tally::LossTally;
use crate::red;
use crate::route::packet_cache::PacketCache;
use crate::subscribe::subscription::Outgoing;

/// Earlier frames that a packet carries at most. With one, a loss of 20 % leaves 4 %; with two 0.8 %, which Opus conceals.
pub(crate) const FRAMES_MAX: usize = 2;
/// The share of lost packets, of 256, from which on there are two: 5 %. Below it one leaves less than 0.3 % lost.
const LOSSY: u8 = 13;
/// Of so many packets, which are most of a second of sound: a path that loses a tenth may lose two of them.
const PACKETS: u64 = 40;
/// So many times in a row it must be less before there is one again.
const GOOD_TIMES: u8 = 3;
/// The part of what a path carries that sound may take with its redundancy: a quarter. What overfills a path loses more than
/// it saves.
const SHARE_MAX: f64 = 0.25;
/// And where it is all that is sent, and much of it is lost.
const SHARE_ALONE_MAX: f64 = 0.9;
/// Largest payload with what it carries, so that the datagram stays below the 1,200 bytes that every path takes. Sound of
/// 200 kbit/s in frames of 20 ms has 500 bytes a frame; what does not fit goes alone.
const PAYLOAD_BYTES_MAX: usize = 1_100;

/// What a subscriber's sound carries twice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Redundancy {
    /// The encoding that is sent, and the number it began with: what came before is of another timeline.
    began: Option<(EncodingId, SeqNo)>,
    loss: LossTally,
    is_lossy: bool,
    n_good: u8,
    /// What the path has room for.
    room: Room,
}

#[derive(Clone, Copy, Debug, Default)]
enum Room {
    /// It is not estimated, so nothing says that there is none.
    #[default]
    Unknown,
    Frames(usize),
}

/// The earlier frames of one packet, the earliest first; none where its payload goes as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carried<'a> {
    /// The payload types of RED and of the frames in it.
    types: Option<(PayloadType, PayloadType)>,
    frames: [Option<Frame<'a>>; FRAMES_MAX],
}

#[derive(Clone, Copy, Debug)]
struct Frame<'a> {
    /// How much earlier it is, in ticks.
    offset: u16,
    length: u16,
    payload: &'a [u8],
}

impl Redundancy {
    /// The receiver has reported this loss of so many packets of sound, of 256 (RFC 3550 section 6.4.1).
    pub(crate) fn on_report(&mut self, n_packets: u64, fraction_lost: u8) {
        self.loss.add(n_packets, fraction_lost);
        let Some(fraction_lost) = self.loss.take(PACKETS) else {
            return;
        };
        if fraction_lost >= LOSSY {
            (self.is_lossy, self.n_good) = (true, 0);
            return;
        }
        self.n_good = self.n_good.saturating_add(1);
        self.is_lossy &= self.n_good < GOOD_TIMES;
    }

    /// Frames that a packet carries now, where they fit.
    pub(crate) fn n_frames(&self) -> usize {
        let wanted = if self.is_lossy { FRAMES_MAX } else { 1 };
        match self.room {
            Room::Unknown => wanted,
            Room::Frames(n_frames) => n_frames.min(wanted),
        }
    }

    /// The path carries this much, as far as it is estimated, and sound without redundancy takes that; whether it is sent alone.
    pub(crate) fn fit(&mut self, sound: Bitrate, estimate: Option<Bitrate>, is_alone: bool) {
        let share_max = if is_alone && self.is_lossy {
            SHARE_ALONE_MAX
        } else {
            SHARE_MAX
        };
        self.room = match estimate {
            None => Room::Unknown,
            Some(estimate) => {
                let share = estimate.scaled(share_max);
                let fits = |n: &usize| sound.scaled(1.0 + *n as f64) <= share;
                Room::Frames((1..=FRAMES_MAX).take_while(fits).count())
            }
        };
    }

    /// What a packet carries of those before it.
    pub(crate) fn carried<'a>(
        &mut self,
        packet: &Packet,
        out: &Outgoing,
        cache: &'a PacketCache,
    ) -> Carried<'a> {
        let first = match self.began {
            Some((encoding, first)) if encoding == packet.encoding => first,
            _ => packet.sequence,
        };
        self.began = Some((packet.encoding, first));
        let Some(red) = out.red_payload_type else {
            return Carried::default();
        };
        let mut carried = Carried::default();
        let mut bytes = packet.payload.len() + red::PRIMARY_HEADER_BYTES;
        // From the latest on: what does not fit must not be followed by what is older and small.
        for (place, back) in carried
            .frames
            .iter_mut()
            .rev()
            .zip(1..)
            .take(self.n_frames())
        {
            let sequence = packet.sequence.0.checked_sub(back).map(SeqNo);
            let before = sequence
                .filter(|sequence| *sequence >= first)
                .and_then(|sequence| cache.get(packet.encoding, sequence));
            let Some(frame) = before.and_then(|before| frame(before, packet)) else {
                continue;
            };
            bytes += red::HEADER_BYTES + frame.payload.len();
            if bytes > PAYLOAD_BYTES_MAX {
                break;
            }
            carried.types = Some((red, out.payload_type));
            *place = Some(frame);
        }
        carried
    }
}

/// An earlier packet as one of these headers can tell it.
fn frame<'a>(before: &'a Packet, packet: &Packet) -> Option<Frame<'a>> {
    let offset = u16::try_from(packet.time.ticks_since(before.time)).ok()?;
    let length = u16::try_from(before.payload.len()).ok()?;
    let fits = (1..=red::OFFSET_MAX).contains(&offset) && (1..=red::LENGTH_MAX).contains(&length);
    fits.then_some(Frame {
        offset,
        length,
        payload: &before.payload,
    })
}

impl Carried<'_> {
    /// The payload type of the packet that carries it, if it carries anything.
    pub(crate) fn payload_type(&self) -> Option<PayloadType> {
        self.types.map(|(red, _)| red)
    }

    /// What it adds to a packet.
    pub(crate) fn n_bytes(&self) -> usize {
        let Some(_) = self.types else { return 0 };
        let frames = self.frames.iter().flatten();
        frames
            .map(|frame| red::HEADER_BYTES + frame.payload.len())
            .sum::<usize>()
            + red::PRIMARY_HEADER_BYTES
    }

    /// Writes everything but the packet's own frame, which follows.
    pub(crate) fn write(&self, buffer: &mut Vec<u8>) {
        let Some((_, opus)) = self.types else { return };
        for frame in self.frames.iter().flatten() {
            red::write_redundant_header(buffer, opus, frame.offset, frame.length);
        }
        red::write_primary_header(buffer, opus);
        for frame in self.frames.iter().flatten() {
            buffer.extend_from_slice(frame.payload);
        }
    }
}

#[cfg(test)]
mod tests;
