//! The stream of repairs (RFC 4588): packets that were sent before, and padding.

use sfu_model::drop_reason::DropReason;
use sfu_model::packet::Packet;
use sfu_model::rtp::{PayloadType, SeqNo};
use sfu_model::time::{MediaTime, RtpTimestamp};

use crate::egress::header::Fixed;
use crate::egress::history::Sent;
use crate::egress::stream::{Stream, TransportNumbers, write_descriptor};
use crate::srtp::{Sealer, UnusedIndex};

impl Stream {
    /// Writes a packet again, as a repair: its number in front of its payload, under the repair stream's own numbers
    /// (RFC 4588 section 4). Of one that had no payload the number is all.
    pub(crate) fn write_repair(
        &mut self,
        sealer: &Sealer,
        (packet, sent): (&Packet, &Sent),
        transport: TransportNumbers,
        buffer: &mut Vec<u8>,
    ) -> Result<(), DropReason> {
        if let Some(indices) = &mut self.indices {
            // Where it had not had its turn yet, what it would have been sent as is sent so: its number is used up.
            let _used_up = indices.take(sent.sequence);
        }
        let mapping = &sent.mapping;
        let time = MediaTime(packet.time.0.wrapping_add(mapping.time_shift));
        let marker = !mapping.is_empty && (packet.marker || mapping.is_marked);
        let codec = mapping.codec.apply(packet);
        let (fixed, index) = self.next_repair(sent.repair, marker, time.wire())?;
        let start = buffer.len();
        let header_bytes = self.write_header(&fixed, (packet, codec), transport, buffer);
        buffer.extend_from_slice(&sent.sequence.wire().to_be_bytes());
        let payload = match mapping.is_empty {
            true => &[],
            false => write_descriptor(packet, codec, buffer),
        };
        sealer
            .seal_rtp(index, buffer, (start, header_bytes), payload)
            .map_err(|_| DropReason::SealRefused)
    }

    /// Writes a packet of nothing but padding, on the stream of repairs: what a receiver counts and never plays. Its last byte
    /// says how much it is (RFC 3550 section 5.1).
    pub(crate) fn write_padding(
        &mut self,
        sealer: &Sealer,
        n_bytes: u8,
        transport: TransportNumbers,
        buffer: &mut Vec<u8>,
    ) -> Result<(), DropReason> {
        let format = self.history.repair_format();
        let format = format.ok_or(DropReason::NotRepairable)?;
        let latest = self.counters.latest.map_or(MediaTime(0), |(time, _)| time);
        let (fixed, index) = self.next_repair(format, false, latest.wire())?;
        let fixed = Fixed {
            padding: true,
            ..fixed
        };
        let start = buffer.len();
        let header_bytes = self
            .begin_header(&fixed, self.two_bytes, transport, buffer)
            .finish();
        let mut padding = [0; u8::MAX as usize];
        let padding = padding.get_mut(..usize::from(n_bytes)).unwrap_or_default();
        if let Some(last) = padding.last_mut() {
            *last = n_bytes;
        }
        sealer
            .seal_rtp(index, buffer, (start, header_bytes), padding)
            .map_err(|_| DropReason::SealRefused)
    }

    fn next_repair(
        &mut self,
        payload_type: PayloadType,
        marker: bool,
        timestamp: RtpTimestamp,
    ) -> Result<(Fixed, UnusedIndex), DropReason> {
        let repair = self.repair.as_mut().ok_or(DropReason::NotRepairable)?;
        let indices = repair.indices.as_mut().ok_or(DropReason::TransportNotUp)?;
        let sequence = repair.next;
        let index = indices.take(sequence).ok_or(DropReason::NumberUsed)?;
        repair.next = SeqNo(sequence.0 + 1);
        let fixed = Fixed {
            payload_type,
            marker,
            padding: false,
            sequence,
            timestamp,
            ssrc: repair.ssrc,
        };
        Ok((fixed, index))
    }
}
