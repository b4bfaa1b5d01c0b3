//! A sender's turn: what leaves, in which order.

use crate::egress::departure::{send, send_again, send_probe};
use crate::egress::sender::Sender;
use crate::egress::turn::Turn;

impl Sender {
    /// Writes what may leave now: sound, then repairs, which are older than anything that waits, then pictures as the pacer
    /// allows.
    pub(crate) fn flush(&mut self, turn: &mut Turn<'_>) {
        self.flush_audio(turn);
        if self.is_repairing() {
            self.flush_repairs(turn);
        }
        self.flush_video(turn);
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

    fn flush_audio(&mut self, turn: &mut Turn<'_>) {
        let (Some(keys), Some(audio)) = (&self.keys, &mut self.audio) else {
            return;
        };
        if self.audio_queue.is_empty() {
            return;
        }
        for queued in &self.audio_queue {
            send((audio, &keys.sealer), queued, &mut self.estimation, turn);
        }
        self.audio_queue.clear();
    }

    /// Something was lost, or might be.
    fn is_repairing(&self) -> bool {
        !self.repairs.is_empty()
            || self.repair_copies.poll_timeout().is_some()
            || self.estimation.is_active()
    }

    fn flush_repairs(&mut self, turn: &mut Turn<'_>) {
        let (Some(keys), Some(video)) = (&self.keys, &mut self.video) else {
            return;
        };
        let (budget, estimation) = (&mut self.repair_budget, &mut self.estimation);
        if let Some(estimate) = estimation.estimate() {
            budget.earn_over(estimate, turn.now);
        }
        while let Some(sent) = self.repair_copies.pop_due(turn.now) {
            let may_spend = |bytes| budget.spend_spare(bytes);
            send_again((video, &keys.sealer), &sent, estimation, turn, may_spend);
        }
        for sent in self.repairs.drain(..) {
            let may_spend = |bytes| budget.spend(bytes);
            if send_again((video, &keys.sealer), &sent, estimation, turn, may_spend) {
                self.repair_copies.repaired(sent, turn.now);
            }
        }
        self.has_timer_news = true;
    }

    fn flush_video(&mut self, turn: &mut Turn<'_>) {
        let (Some(keys), Some(video)) = (&self.keys, &mut self.video) else {
            return;
        };
        if self.video_queue.is_empty() {
            return;
        }
        let is_estimated = self.estimation.is_active();
        let mut allowance = self.pacer.allowance(self.video_bytes, turn.now);
        let mut n_sent = 0;
        // By reference: each is 64 bytes, and a copy of what was just written waits for all writes before it.
        for queued in &self.video_queue {
            if allowance == 0 {
                break;
            }
            n_sent += 1;
            self.video_bytes = self.video_bytes.saturating_sub(queued.bytes);
            allowance = allowance.saturating_sub(queued.bytes.max(1));
            if !is_estimated {
                self.repair_budget.earn(queued.bytes);
            }
            self.repair_copies.count_sent();
            send((video, &keys.sealer), queued, &mut self.estimation, turn);
        }
        if n_sent == self.video_queue.len() {
            // Back to the start of its memory, which is in the processor's cache.
            self.video_queue.clear();
        } else {
            self.video_queue.drain(..n_sent);
            self.has_timer_news = true;
        }
    }
}
