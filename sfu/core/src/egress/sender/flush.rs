//! A sender's turn: first what waited, but not before sound, then what has just come, then what it has to say itself.

use sfu_model::codec::MediaKind;
use sfu_model::drop_reason::DropReason;
use sfu_model::packet::Packet;
use sfu_model::time::Instant;

use crate::egress::departure::{Queued, send, send_again, send_probe, send_queued};
use crate::egress::pacer::BURST_BYTES;
use crate::egress::redundancy::Carried;
use crate::egress::sender::{QUEUE_MAX, ROUND_TRIP_DEFAULT, Sender};
use crate::egress::turn::Turn;
use crate::route::rate_meter::OVERHEAD_BYTES;
use crate::subscribe::subscription::Outgoing;

impl Sender {
    /// Something waits that [`Self::send_waiting`] may send.
    #[inline]
    pub(crate) fn has_waiting(&self, now: Instant) -> bool {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        !self.queue.is_empty()
            || !self.repairs.is_empty()
            || is_due(self.repair_copies.poll_timeout())
            || is_due(self.doubtful_at())
    }

    /// Writes what waited and may leave now: repairs, which are older than any picture, then pictures as the pacer allows.
    pub(crate) fn send_waiting(&mut self, turn: &mut Turn<'_>) {
        self.queue_doubtful(turn.cache, turn.now, &mut turn.stats.drops);
        if self.is_repairing() {
            self.send_repairs(turn);
        }
        if !self.queue.is_empty() {
            self.send_queue(turn);
        }
    }

    /// Writes a packet that has just come. What is more than a burst of pictures waits: a name in the room's cache.
    #[inline]
    pub(crate) fn send_fresh(
        &mut self,
        (packet, out): (&Packet, &Outgoing),
        turn: &mut Turn<'_>,
    ) -> Result<(), DropReason> {
        if out.is_doubtful {
            self.doubt(out.numbers.sequence, turn.now);
        }
        let keys = self.keys.as_ref().ok_or(DropReason::TransportNotUp)?;
        if packet.codec.kind() == MediaKind::Audio {
            let audio = self.audio.as_mut().ok_or(DropReason::CodecNotNegotiated)?;
            let carried = self.redundancy.carried(packet, out, turn.cache);
            let with = (packet, out, &carried);
            send((audio, &keys.sealer), with, &mut self.estimation, turn);
            return Ok(());
        }
        if self.confirmation.is_doubted() {
            return Err(DropReason::HandshakeUnfinished);
        }
        let video = self.video.as_mut().ok_or(DropReason::CodecNotNegotiated)?;
        let bytes = out.payload_bytes(packet);
        if !self.queue.is_empty() || turn.straight_bytes + bytes > BURST_BYTES {
            return self.wait(packet, out);
        }
        turn.straight_bytes += bytes;
        if !self.estimation.is_active() {
            let is_lossy = self.repair_copies.is_lossy();
            self.repair_budget.earn(bytes + OVERHEAD_BYTES, is_lossy);
        }
        self.repair_copies.count_sent();
        let with = (packet, out, &Carried::default());
        send((video, &keys.sealer), with, &mut self.estimation, turn);
        Ok(())
    }

    #[cold]
    pub(super) fn wait(&mut self, packet: &Packet, out: &Outgoing) -> Result<(), DropReason> {
        if self.queue.len() >= QUEUE_MAX {
            return Err(DropReason::SenderQueueFull);
        }
        // An empty one has its byte of padding: what weighs nothing would never be due.
        let bytes = out.payload_bytes(packet).max(1);
        self.queue.push_back(Queued {
            encoding: packet.encoding,
            source: packet.sequence,
            bytes,
            out: *out,
        });
        self.queue_bytes += bytes;
        Ok(())
    }

    /// Ends the turn: what a probe of the path needs, and reports that are due.
    pub(crate) fn end_turn(&mut self, turn: &mut Turn<'_>) {
        if !self.queue.is_empty() {
            self.pacer.hold_rest(self.queue_bytes, turn.now);
            self.has_timer_news = true;
        }
        let Some(keys) = &mut self.keys else { return };
        if self.estimation.is_active()
            && let Some(video) = &mut self.video
        {
            send_probe((video, &keys.sealer), &mut self.estimation, turn);
            self.has_timer_news = true;
        }
        let streams = self.audio.iter().chain(&self.video);
        self.has_timer_news |= self.reports.send(streams, &mut keys.sealer, turn);
    }

    /// Something was lost, or might be.
    fn is_repairing(&self) -> bool {
        !self.repairs.is_empty()
            || self.repair_copies.poll_timeout().is_some()
            || self.estimation.is_active()
    }

    fn send_repairs(&mut self, turn: &mut Turn<'_>) {
        let (Some(keys), Some(video)) = (&self.keys, &mut self.video) else {
            return;
        };
        let (budget, estimation) = (&mut self.repair_budget, &mut self.estimation);
        if let Some(estimate) = estimation.estimate() {
            budget.earn_over(estimate, turn.now);
        }
        while let Some(sent) = self.repair_copies.pop_due(turn.now) {
            let may_spend = |bytes| budget.spend_spare(bytes);
            if send_again((video, &keys.sealer), &sent, estimation, turn, may_spend) {
                turn.stats.copies_out += 1;
            }
        }
        let round_trip = self.round_trip.unwrap_or(ROUND_TRIP_DEFAULT);
        for sent in self.repairs.drain(..) {
            let may_spend = |bytes| budget.spend(bytes);
            if send_again((video, &keys.sealer), &sent, estimation, turn, may_spend) {
                turn.stats.repairs_out += 1;
                let copies = self.repair_copies.repaired(sent, round_trip, turn.now);
                if let Err(reason) = copies {
                    turn.stats.drops.count(reason);
                }
            }
        }
        self.has_timer_news = true;
    }

    fn send_queue(&mut self, turn: &mut Turn<'_>) {
        let (Some(keys), Some(video)) = (&self.keys, &mut self.video) else {
            return;
        };
        let mut allowance = self.pacer.allowance(self.queue_bytes, turn.now);
        let mut n_sent = 0;
        for queued in &self.queue {
            if allowance == 0 {
                break;
            }
            n_sent += 1;
            self.queue_bytes = self.queue_bytes.saturating_sub(queued.bytes);
            allowance = allowance.saturating_sub(queued.bytes);
            if !self.estimation.is_active() {
                let is_lossy = self.repair_copies.is_lossy();
                let bytes = queued.bytes + OVERHEAD_BYTES;
                self.repair_budget.earn(bytes, is_lossy);
            }
            self.repair_copies.count_sent();
            send_queued((video, &keys.sealer), queued, &mut self.estimation, turn);
        }
        self.queue.drain(..n_sent);
        if self.queue.is_empty() {
            self.pacer.finish();
        }
        self.has_timer_news = true;
    }
}
