//! Packets as they leave: found in the room's cache, numbered, written and sealed.

use sfu_model::drop_reason::DropReason;
use sfu_model::id::EncodingId;
use sfu_model::rtp::SeqNo;

use crate::egress::estimation::Estimation;
use crate::egress::history::Sent;
use crate::egress::redundancy::Redundancy;
use crate::egress::stream::Stream;
use crate::egress::turn::Turn;
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

/// Writes one packet out of the cache. Of sound, with what it carries of before.
pub(super) fn send(
    (stream, sealer): (&mut Stream, &Sealer),
    (queued, redundancy): (&Queued, Option<&mut Redundancy>),
    estimation: &mut Estimation,
    turn: &mut Turn<'_>,
) {
    let Some(packet) = turn.cache.get(queued.encoding, queued.source) else {
        return turn.stats.drops.count(DropReason::NotCached);
    };
    let carried = redundancy
        .map(|redundancy| redundancy.carried(packet, &queued.out, turn.cache))
        .unwrap_or_default();
    let Path { remote, local } = turn.path;
    let bytes = queued.bytes + carried.n_bytes();
    let numbers = estimation.numbers(bytes, turn.now, turn.ntp_anchor);
    let written = turn.batch.push_with(remote.0, local, remote.1, |buffer| {
        stream.write_media(sealer, (packet, &queued.out, &carried), numbers, buffer)
    });
    match written {
        Ok(()) => {
            // The last packet of a picture, so once a picture.
            if let (Some(age), true) = (packet.capture_age, packet.marker) {
                let delay = age + (turn.now - packet.received_at);
                turn.stats.capture_delays.add(delay);
            }
            turn.stats.packets_out += 1;
            turn.stats.bytes_out += (packet.payload.len() + carried.n_bytes()) as u64;
        }
        Err(reason) => turn.stats.drops.count(reason),
    }
}

/// Writes one packet out of the cache as a repair. False when it cannot be.
pub(super) fn send_again(
    (stream, sealer): (&mut Stream, &Sealer),
    sent: &Sent,
    estimation: &mut Estimation,
    turn: &mut Turn<'_>,
) -> bool {
    let Some(packet) = turn.cache.get(sent.encoding, sent.source) else {
        turn.stats.drops.count(DropReason::NotCached);
        return false;
    };
    let Path { remote, local } = turn.path;
    let numbers = estimation.numbers(sent.bytes, turn.now, turn.ntp_anchor);
    let written = turn.batch.push_with(remote.0, local, remote.1, |buffer| {
        stream.write_repair(sealer, (packet, sent), numbers, buffer)
    });
    match written {
        Ok(()) => turn.stats.repairs_out += 1,
        Err(reason) => turn.stats.drops.count(reason),
    }
    written.is_ok()
}

/// Sends what a probe of the path asks for now: the latest packet again, which a receiver that has it already ignores.
pub(super) fn send_probe(
    (stream, sealer): (&mut Stream, &Sealer),
    estimation: &mut Estimation,
    turn: &mut Turn<'_>,
) {
    while estimation.poll_probe(turn.now) {
        let latest = stream.history.latest();
        let is_sent =
            latest.is_some_and(|sent| send_again((stream, sealer), &sent, estimation, turn));
        if !is_sent {
            return estimation.abandon_probe();
        }
    }
}
