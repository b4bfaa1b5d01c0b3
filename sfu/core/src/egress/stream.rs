//! One RTP stream towards a subscriber, and the stream of its repairs (RFC 4588).

mod repairs;

use sfu_model::codec::ClockRate;
use sfu_model::drop_reason::DropReason;
use sfu_model::packet::Packet;
use sfu_model::rtp::{SeqNo, Ssrc};
use sfu_model::time::{Instant, MediaTime};

use crate::egress::extensions::{
    ExtensionIds, audio_level_byte, rotation_byte, write_capture_time, write_playout_delay,
};
use crate::egress::header::{Fixed, HeaderWriter, SHORT_VALUE_BYTES_MAX};
use crate::egress::history::{History, Mapping};
use crate::egress::redundancy::Carried;
use crate::srtp::{IndexLedger, LedgerError, Sealer};
use crate::subscribe::rewrite_codec::{self, CodecNumbers};
use crate::subscribe::rewrite_dependency::{self, DESCRIPTOR_BYTES_MAX};
use crate::subscribe::subscription::Outgoing;

/// What an offer and its answer agreed on for one stream.
#[derive(Clone, Debug)]
pub(crate) struct StreamTerms {
    pub(crate) ssrc: Ssrc,
    /// Where repairs go. `None`: the receiver takes none.
    pub(crate) repair_ssrc: Option<Ssrc>,
    pub(crate) mid: String,
    /// The name of the sender in its descriptions (RFC 3550 section 6.5.1), as the answer said it.
    pub(crate) cname: String,
    pub(crate) clock_rate: ClockRate,
    pub(crate) extensions: ExtensionIds,
}

/// The numbers of the transport that a packet carries (not those of its stream).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TransportNumbers {
    /// What transport-wide feedback names.
    pub(crate) sequence: Option<u16>,
    /// `abs-send-time`: 6.18 fixed-point seconds, the low 24 bits.
    pub(crate) send_time: Option<u32>,
}

/// One outgoing stream.
#[derive(Debug)]
pub(crate) struct Stream {
    terms: StreamTerms,
    two_bytes: bool,
    indices: Option<IndexLedger>,
    repair: Option<RepairStream>,
    pub(crate) history: History,
    counters: Counters,
    /// Packets that had been sent when the receiver last reported on it. Once it has, the stream has found its place: the mid
    /// need not be said any more (RFC 8843 section 15.1 lets us, and the receiver keeps the SSRC).
    pub(crate) reported_at: Option<u32>,
}

#[derive(Debug)]
struct RepairStream {
    ssrc: Ssrc,
    indices: Option<IndexLedger>,
    next: SeqNo,
}

/// What a sender report says (RFC 3550 section 6.4.1), which wraps; octets are those of payloads, without headers and padding.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) packets: u32,
    pub(crate) octets: u32,
    /// The latest media time that was sent, and when it was captured.
    pub(crate) latest: Option<(MediaTime, Instant)>,
}

impl Stream {
    /// `first_repair` is the number of the first repair, random (RFC 3550 section 5.1).
    pub(crate) fn new(terms: StreamTerms, first_repair: u16) -> Self {
        let repair = terms.repair_ssrc.map(|ssrc| RepairStream {
            ssrc,
            indices: None,
            next: SeqNo(u64::from(first_repair)),
        });
        Self {
            two_bytes: terms.extensions.need_two_bytes(),
            terms,
            indices: None,
            repair,
            history: History::default(),
            counters: Counters::default(),
            reported_at: None,
        }
    }

    pub(crate) fn terms(&self) -> &StreamTerms {
        &self.terms
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes the indices that its keys have for it.
    pub(crate) fn open(&mut self, sealer: &mut Sealer) -> Result<(), LedgerError> {
        self.indices = Some(sealer.ledger(self.terms.ssrc)?);
        if let Some(repair) = &mut self.repair {
            repair.indices = Some(sealer.ledger(repair.ssrc)?);
        }
        Ok(())
    }

    /// Writes a packet to the end of the buffer, sealed.
    #[inline]
    pub(crate) fn write_media(
        &mut self,
        sealer: &Sealer,
        (packet, out, carried): (&Packet, &Outgoing, &Carried<'_>),
        transport: TransportNumbers,
        buffer: &mut Vec<u8>,
    ) -> Result<(), DropReason> {
        let sequence = out.numbers.sequence;
        let indices = self.indices.as_mut().ok_or(DropReason::TransportNotUp)?;
        let index = indices.take(sequence).ok_or(DropReason::NumberUsed)?;
        let fixed = Fixed {
            payload_type: carried.payload_type().unwrap_or(out.payload_type),
            marker: out.numbers.marker,
            padding: out.is_empty,
            sequence,
            timestamp: out.numbers.time.wire(),
            ssrc: self.terms.ssrc,
        };
        let start = buffer.len();
        let codec = out.numbers.codec;
        let header_bytes = self.write_header(&fixed, (packet, codec), transport, buffer);
        let payload: &[u8] = if out.is_empty {
            // Nothing but padding: one byte, which says so (RFC 3550 section 5.1).
            &[1]
        } else {
            carried.write(buffer);
            write_descriptor(packet, codec, buffer)
        };
        sealer
            .seal_rtp(index, buffer, (start, header_bytes), payload)
            .map_err(|_| DropReason::SealRefused)?;
        self.count(packet, out, carried.n_bytes());
        Ok(())
    }

    #[inline]
    fn count(&mut self, packet: &Packet, out: &Outgoing, carried_bytes: usize) {
        let counters = &mut self.counters;
        counters.packets = counters.packets.wrapping_add(1);
        let octets = u32::try_from(out.payload_bytes(packet) + carried_bytes).unwrap_or(0);
        counters.octets = counters.octets.wrapping_add(octets);
        if counters
            .latest
            .is_none_or(|(time, _)| out.numbers.time >= time)
        {
            counters.latest = Some((out.numbers.time, packet.captured_at));
        }
        if self.repair.is_some() {
            self.history.insert(
                out.numbers.sequence,
                Mapping {
                    encoding: packet.encoding,
                    source_shift: packet.sequence.0.wrapping_sub(out.numbers.sequence.0),
                    time_shift: out.numbers.time.0.wrapping_sub(packet.time.0),
                    is_marked: out.numbers.marker && !packet.marker,
                    is_empty: out.is_empty,
                    codec: out.numbers.codec.shift_from(packet),
                    repair: out.repair_payload_type,
                },
            );
        }
    }

    /// Its packets carry the numbers of transport-wide feedback.
    pub(crate) fn is_numbered(&self) -> bool {
        self.terms.extensions.transport_sequence.is_some()
    }

    /// The header with what every packet of the stream carries.
    #[inline]
    fn begin_header<'a>(
        &self,
        fixed: &Fixed,
        two_bytes: bool,
        transport: TransportNumbers,
        buffer: &'a mut Vec<u8>,
    ) -> HeaderWriter<'a> {
        let ids = &self.terms.extensions;
        let mut header = HeaderWriter::begin(buffer, fixed, two_bytes);
        if self.reported_at.is_none() {
            header.extension(ids.mid, self.terms.mid.as_bytes());
        }
        if let Some(sequence) = transport.sequence {
            header.extension(ids.transport_sequence, &sequence.to_be_bytes());
        }
        if let Some(time) = transport.send_time {
            let [_, bytes @ ..] = time.to_be_bytes();
            header.extension(ids.absolute_send_time, &bytes);
        }
        header
    }

    #[inline]
    fn write_header(
        &self,
        fixed: &Fixed,
        (packet, codec): (&Packet, CodecNumbers),
        transport: TransportNumbers,
        buffer: &mut Vec<u8>,
    ) -> usize {
        let ids = &self.terms.extensions;
        let descriptor = match (&packet.descriptor, codec) {
            (Some(descriptor), CodecNumbers::Frame(numbers)) => ids
                .dependency_descriptor
                .map(|id| (id, descriptor.as_ref(), numbers)),
            _ => None,
        };
        let is_long = descriptor
            .is_some_and(|(_, d, _)| rewrite_dependency::bytes_max(d) > SHORT_VALUE_BYTES_MAX);
        let mut header = self.begin_header(fixed, self.two_bytes || is_long, transport, buffer);
        if let Some(level) = packet.extensions.audio_level {
            header.extension(ids.audio_level, &[audio_level_byte(level)]);
        }
        if let Some(rotation) = packet.extensions.rotation {
            header.extension(ids.rotation, &[rotation_byte(rotation)]);
        }
        if let Some(time) = packet.extensions.capture_time {
            write_capture_time(&mut header, ids.capture_time, time);
        }
        if let Some(delay) = packet.extensions.playout_delay {
            write_playout_delay(&mut header, ids.playout_delay, delay);
        }
        if let Some((id, descriptor, numbers)) = descriptor {
            let mut place = [0; DESCRIPTOR_BYTES_MAX];
            let length = rewrite_dependency::write(descriptor, numbers, &mut place);
            let bytes = length.and_then(|length| place.get(..length));
            header.extension(Some(id), bytes.unwrap_or_default());
        }
        header.finish()
    }
}

/// Writes what of a payload is other than it came, and gives the rest, which is encrypted from where it lies.
fn write_descriptor<'a>(packet: &'a Packet, codec: CodecNumbers, buffer: &mut Vec<u8>) -> &'a [u8] {
    if !rewrite_codec::needs_patch(packet, codec) {
        return &packet.payload;
    }
    let (descriptor, rest) = packet
        .payload
        .split_at_checked(rewrite_codec::PATCHED_BYTES)
        .unwrap_or((&packet.payload[..], &[]));
    let start = buffer.len();
    buffer.extend_from_slice(descriptor);
    if let Some(descriptor) = buffer.get_mut(start..) {
        rewrite_codec::patch(descriptor, packet, codec);
    }
    rest
}

#[cfg(test)]
mod tests;
