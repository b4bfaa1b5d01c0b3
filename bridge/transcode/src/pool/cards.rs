//! What becomes of a card that fails after its trial: slots leave it one by one, workers that lost it are replaced, and at last it is
//! given up for the life of the process.

use std::time::Duration;

use sfu_model::time::Instant;

use super::Pool;
use super::action::{Action, Ending, Event, Lane, WorkerId};
use super::restart::{self, Crashes};
use super::worker::Worker;
use crate::capabilities::Capabilities;
use crate::job::SlotId;
use crate::message::from_worker::Trouble;
use crate::plan::Plan;

/// Slots that leave the card in one worker, after which no other joins it: one may have pictures that no card decodes, so many
/// have what they share in common. The worker ends with the last of its slots.
const SLOTS_LEFT: usize = 3;

/// Workers that lose the card, after which it is given up: the first may have met a fault that stays with its process, the second
/// the stream that causes it.
const WORKERS_LOST: usize = 3;

/// Those that lose it further apart have nothing to do with each other.
const LOST_WITHIN: Duration = Duration::from_secs(600);

/// Workers in a row that ended before they had made anything, after which a card is given up that they were to use: its driver ends
/// them. They take two seconds of waits together.
const ENDED_BY_CARD: u32 = 5;

impl Pool {
    /// Something is wrong with a slot that goes on.
    pub(super) fn handle_trouble(
        &mut self,
        from: WorkerId,
        id: SlotId,
        trouble: Trouble,
        now: Instant,
    ) {
        let has_left_card = matches!(trouble, Trouble::LeftCard | Trouble::EncoderLeftCard);
        if let Some(slot) = self.slots.get_mut(&id) {
            // That frames find no room is said in the place of who is stuck, too.
            if trouble != Trouble::TooSlow {
                slot.watch.handle_output();
            }
            slot.has_left_card |= has_left_card;
        }
        self.tell(id, Event::Trouble(trouble));
        if matches!(trouble, Trouble::Undecodable | Trouble::LeftCard) {
            self.tell(id, Event::KeyframeWanted);
        }
        if trouble == Trouble::LeftCard {
            self.handle_left_card(from, now);
        }
    }

    fn handle_left_card(&mut self, from: WorkerId, now: Instant) {
        let Some(worker) = self.workers.get_mut(&from) else {
            return;
        };
        worker.n_left_card = worker.n_left_card.saturating_add(1);
        if worker.n_left_card == SLOTS_LEFT {
            worker.is_closed = true;
            self.count_lost(now);
            self.keep_spares(now);
        }
    }

    /// What a worker has of its card does not work any more: its slots go on in another, which begins the card anew.
    pub(super) fn handle_card_lost(&mut self, from: WorkerId, now: Instant) {
        let Some(worker) = self.workers.remove(&from) else {
            return;
        };
        self.actions.push_back(Action::Kill(from, Ending::CardLost));
        // One that was closed is counted already.
        if !worker.is_closed {
            self.count_lost(now);
        }
        self.replace(&worker, now);
    }

    fn count_lost(&mut self, now: Instant) {
        self.cards_lost_at.retain(|at| now - *at <= LOST_WITHIN);
        self.cards_lost_at.push_back(now);
        if self.cards_lost_at.len() >= WORKERS_LOST {
            self.give_cards_up("given up: worker after worker lost it", now);
        }
    }

    /// The first frame of a worker: what it is made of works.
    pub(super) fn handle_first_frame(&mut self, lane: Lane) {
        if let Some(false_starts) = self.false_starts.get_mut(lane.index()) {
            *false_starts = Crashes::default();
        }
        if lane == Lane::Pictures {
            self.ended_by_card = Crashes::default();
        }
    }

    /// How long a new worker of a lane waits because of those before it. The first that ended so is replaced at once.
    pub(super) fn false_start_wait(&self, lane: Lane) -> Duration {
        let false_starts = self.false_starts.get(lane.index());
        match false_starts.map_or(0, Crashes::n_in_a_row) {
            0 => Duration::ZERO,
            n => restart::wait(n),
        }
    }

    /// A worker is gone. Where it had made nothing, what it was made of may have ended it, and so the next one; where it was for
    /// suspects these have waits of their own.
    pub(super) fn count_false_start(&mut self, worker: &Worker, now: Instant) {
        if worker.has_made {
            return;
        }
        let false_starts = self.false_starts.get_mut(worker.lane.index());
        if let Some(false_starts) = false_starts.filter(|_| !worker.is_suspect) {
            false_starts.handle_crash(now);
        }
        // Who was not ready was not told of a card.
        if worker.lane == Lane::Pictures && worker.is_ready() {
            self.count_ended_by_card(worker.is_suspect, now);
        }
    }

    /// While another worker makes something its card is in order: who is suspected is to blame.
    fn count_ended_by_card(&mut self, is_suspect: bool, now: Instant) {
        let mut workers = self.workers.values();
        if is_suspect && workers.any(|w| w.lane == Lane::Pictures && w.has_made) {
            return;
        }
        self.ended_by_card.handle_crash(now);
        if self.ended_by_card.n_in_a_row() >= ENDED_BY_CARD {
            self.give_cards_up("given up: worker after worker ended with it", now);
        }
    }

    /// Goes on as on a machine without cards. Slots that go by one keep it until it fails them; nobody joins them there.
    fn give_cards_up(&mut self, why: &str, now: Instant) {
        let uses_card = |found: &&Capabilities| Plan::of(found).uses_card();
        let Some(found) = self.found.as_ref().filter(uses_card) else {
            return;
        };
        let found = found.without_cards(why);
        let told = Box::new(found.clone());
        self.actions.push_back(Action::GaveCardsUp(told));
        let workers = self.workers.values_mut();
        for worker in workers.filter(|w| w.lane == Lane::Pictures && w.is_ready()) {
            worker.is_closed = true;
        }
        if let Some(false_starts) = self.false_starts.get_mut(Lane::Pictures.index()) {
            *false_starts = Crashes::default();
        }
        self.handle_found(found, self.capacity_of_processor, now);
        self.end_idle_workers();
    }
}
