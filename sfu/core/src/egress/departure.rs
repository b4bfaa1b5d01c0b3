//! Packets as they leave: found in the room's cache, numbered, written and sealed.

use sfu_model::codec::MediaKind;
use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;
use sfu_model::rtp::SeqNo;

use crate::egress::estimation::Estimation;
use crate::egress::history::Sent;
use crate::egress::redundancy::Carried;
use crate::egress::stream::Stream;
use crate::egress::turn::Turn;
use crate::route::rate_meter::OVERHEAD_BYTES;
use crate::session::gate::Path;
use crate::srtp::Sealer;
use crate::subscribe::subscription::Outgoing;

/// A packet that waits: its name in the room's cache, and its numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queued {
    pub(super) encoding: EncodingId,
    pub(super) source: SeqNo,
    pub(super) bytes: usize,
    pub(super) out: Outgoing,
}

/// Writes one packet out of the cache.
pub(super) fn send_queued(
    (stream, sealer): (&mut Stream, &Sealer),
    queued: &Queued,
    estimation: &mut Estimation,
    turn: &mut Turn<'_>,
) {
    match turn.cache.get(queued.encoding, queued.source) {
        Some(packet) => {
            let with = (packet, &queued.out, &Carried::default());
            send((stream, sealer), with, estimation, turn);
        }
        None => turn.stats.drops.count(DropReason::NotCached),
    }
}

/// Writes one packet. Of sound, with what it carries of before.
#[inline]
pub(super) fn send(
    (stream, sealer): (&mut Stream, &Sealer),
    (packet, out, carried): (&Packet, &Outgoing, &Carried<'_>),
    estimation: &mut Estimation,
    turn: &mut Turn<'_>,
) {
    let Path { remote, local } = *turn.path;
    let bytes = out.payload_bytes(packet) + carried.n_bytes();
    let is_numbered = stream.is_numbered();
    let numbers = estimation.numbers(is_numbered, turn.now, turn.ntp_anchor);
    let written = turn.batch.push_with(remote.0, local, remote.1, |buffer| {
        stream.write_media(sealer, (packet, out, carried), numbers, buffer)
    });
    match written {
        Ok(()) => {
            estimation.sent((bytes, is_numbered), turn.now);
            // The last packet of a picture as this viewer gets it, so once a picture. Of sound, a marker begins a talk spurt.
            let ends_picture = out.numbers.marker && packet.codec.kind() == MediaKind::Video;
            if let (Some(age), true) = (packet.capture_age, ends_picture) {
                let delay = age + (turn.now - packet.received_at);
                turn.stats.capture_delays.add(delay);
            }
            turn.stats.packets_out += 1;
            turn.stats.bytes_out += bytes as u64;
        }
        Err(reason) => turn.stats.drops.count(reason),
    }
}

/// Writes a packet again, as a repair, if what it costs may be spent. True when it was written; why is for the caller to count.
pub(super) fn send_again(
    (stream, sealer): (&mut Stream, &Sealer),
    sent: &Sent,
    estimation: &mut Estimation,
    turn: &mut Turn<'_>,
    may_spend: impl FnOnce(usize) -> bool,
) -> bool {
    let Some(packet) = turn.cache.get(sent.mapping.encoding, sent.source) else {
        turn.stats.drops.count(DropReason::NotCached);
        return false;
    };
    let is_empty = sent.mapping.is_empty;
    let bytes = if is_empty { 0 } else { packet.payload.len() };
    if !may_spend(bytes + OVERHEAD_BYTES) {
        turn.stats.drops.count(DropReason::RepairBudget);
        return false;
    }
    let Path { remote, local } = *turn.path;
    let is_numbered = stream.is_numbered();
    let numbers = estimation.numbers(is_numbered, turn.now, turn.ntp_anchor);
    let written = turn.batch.push_with(remote.0, local, remote.1, |buffer| {
        stream.write_repair(sealer, (packet, sent), numbers, buffer)
    });
    match written {
        Ok(()) => estimation.sent((bytes, is_numbered), turn.now),
        Err(reason) => turn.stats.drops.count(reason),
    }
    written.is_ok()
}

/// Of so many packets the largest is what a probe repeats: a few pictures, of which the last packet is often a short one.
const PROBE_CHOICE: usize = 32;

/// Most packets of a probe that leave in one turn: with the largest packets it is 20 Mbit/s for 40 ms. Where all are short
/// it is less of a probe than was asked for, and is given up.
const PROBE_PACKETS_MAX: usize = 64;

/// Sends what a probe of the path asks for now: a late packet again, which a receiver that has it already ignores, or nothing
/// but padding.
pub(super) fn send_probe(
    (stream, sealer): (&mut Stream, &Sealer),
    estimation: &mut Estimation,
    turn: &mut Turn<'_>,
) {
    if !estimation.poll_probe(turn.now) {
        return;
    }
    let padding = estimation.probe_packet_bytes();
    let late = match padding {
        Some(_) => None,
        None => largest_late(stream, turn),
    };
    for _ in 0..PROBE_PACKETS_MAX {
        let is_sent = match (padding, &late) {
            (Some(bytes), _) => send_padding((stream, sealer), bytes, estimation, turn),
            (None, Some(late)) => send_again((stream, sealer), late, estimation, turn, |_| true),
            (None, None) => false,
        };
        if !is_sent {
            break;
        }
        turn.stats.probes_out += 1;
        if !estimation.poll_probe(turn.now) {
            return;
        }
    }
    estimation.abandon_probe();
}

/// Writes a packet of padding that weighs so much, as near as one can. True when it was written.
fn send_padding(
    (stream, sealer): (&mut Stream, &Sealer),
    bytes: usize,
    estimation: &mut Estimation,
    turn: &mut Turn<'_>,
) -> bool {
    let least = bytes.saturating_sub(OVERHEAD_BYTES).max(1);
    let padding = u8::try_from(least).unwrap_or(u8::MAX);
    let Path { remote, local } = *turn.path;
    let is_numbered = stream.is_numbered();
    let numbers = estimation.numbers(is_numbered, turn.now, turn.ntp_anchor);
    let written = turn.batch.push_with(remote.0, local, remote.1, |buffer| {
        stream.write_padding(sealer, padding, numbers, buffer)
    });
    match written {
        Ok(()) => estimation.sent((usize::from(padding), is_numbered), turn.now),
        Err(reason) => turn.stats.drops.count(reason),
    }
    written.is_ok()
}

fn largest_late(stream: &Stream, turn: &Turn<'_>) -> Option<Sent> {
    let bytes_of = |sent: &Sent| {
        let packet = turn.cache.get(sent.mapping.encoding, sent.source);
        packet.map(|packet| packet.payload.len())
    };
    let late = stream.history.latest(PROBE_CHOICE);
    let kept = late.filter_map(|sent| Some((bytes_of(&sent)?, sent)));
    kept.max_by_key(|(bytes, _)| *bytes).map(|(_, sent)| sent)
}

#[cfg(test)]
mod tests;
