//! What comes in: requests, deliveries, datagrams, connections.

use std::net::SocketAddr;

use sfu_core::command::{Command, CommandResult};
use sfu_core::error::CommandError;
use sfu_core::link::{LinkMessage, TAP};
use sfu_model::datagram::{Datagram, Transport};
use sfu_model::drop_reason::DropReason;
use sfu_model::id::{SessionId, WorkerId};
use sfu_model::time::Instant;
use sfu_net::budget::Budget;
use tokio::sync::oneshot;

use super::Worker;
use super::mail::Asked;
use super::streams::watch;
use crate::connections::Read;
use crate::handover::Handover;
use crate::mailbox::{Delivery, Posted};
use crate::notice::Notice;
use crate::owners::Owner;
use crate::request::Request;

/// The name of the limit that refuses new sessions while another worker is far behind.
const BACKLOG_LIMIT: &str = "link_backlog";

/// How long a worker that nobody needs any more has to say goodbye.
const ABANDONED_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);

impl Worker {
    pub(super) fn answer_requests(&mut self, now: Instant) {
        self.mail.begin_turn();
        loop {
            match self.mail.next_request() {
                Asked::Request(request) => self.answer(request, now),
                Asked::Nothing => return,
                Asked::Nobody => return self.stop(now, ABANDONED_WITHIN),
            }
        }
    }

    fn answer(&mut self, request: Request, now: Instant) {
        // Whoever asked may have gone: an answer that nobody takes is dropped.
        match request {
            Request::Command { command, reply } => self.execute(command, reply, now),
            Request::Link { from, message } => self.core.handle_link(from, message, now),
            Request::Room { room, reply } => {
                let _ = reply.send(self.core.room(&room));
            }
            Request::Players { sessions, reply } => {
                let status = |id| Some((id, self.core.subscriber(id)?));
                let _ = reply.send(sessions.into_iter().filter_map(status).collect());
            }
            Request::Tap { room, end } => self.open_tap(room, end, now),
            Request::KeyframeForTap { room, request } => {
                let message = LinkMessage::RequestKeyframe { room, request };
                self.core.handle_link(TAP, message, now);
            }
            Request::SweepTaps => self.sweep_taps(now),
            Request::Stats { reply } => {
                let _ = reply.send(self.stats());
            }
            Request::Stop { within } => self.stop(now, within),
            #[cfg(test)]
            Request::Fail => panic!("a test asked for it"),
        }
    }

    fn execute(&mut self, command: Command, reply: oneshot::Sender<CommandResult>, now: Instant) {
        let opens = opened_session(&command);
        let result = if opens.is_some() && self.mail.is_crowded() {
            self.books.thread.backlog_limit_hits += 1;
            Err(CommandError::Exhausted {
                limit: BACKLOG_LIMIT,
            })
        } else {
            self.core.handle_command(command, now)
        };
        // The observer has counted the session in; only this worker knows that there is none, whether or not the one
        // who asked still waits.
        if let (Some(session), Err(_)) = (opens, &result) {
            self.notices.tell(Notice::Refused(session));
        }
        let _ = reply.send(result);
    }

    pub(super) fn take_deliveries(&mut self, now: Instant) {
        while let Some(delivery) = self.mail.next_delivery() {
            match delivery {
                Delivery::Link { from, message } => self.core.handle_link(from, message, now),
                Delivery::Strays(loan) => {
                    let parcel = loan.parcel();
                    self.books.thread.strays_in += parcel.n_datagrams() as u64;
                    for datagram in parcel.iter() {
                        self.core.handle_datagram(datagram, now);
                    }
                }
                Delivery::Connection(handover) => self.adopt(*handover, now),
                Delivery::AddressValidated { owner, address } => {
                    self.handle_claim(owner, address, now);
                }
                Delivery::AddressHeld { owner, address } => {
                    self.core.yield_address(address);
                    self.owners.held(owner, address, now);
                }
                Delivery::AddressForgotten { owner, address } => {
                    self.owners.forgotten(owner, address);
                }
                Delivery::OwnerFailed { owner } => self.owners.failed(owner),
            }
        }
    }

    /// Another worker let a session in at an address. One that is heard there, here, keeps it: a check can come from anywhere
    /// and say that it comes from there.
    fn handle_claim(&mut self, owner: WorkerId, address: SocketAddr, now: Instant) {
        if self.core.holds(address, now) {
            let owner = self.id;
            self.mail
                .post_all(|| Delivery::AddressHeld { owner, address });
        } else {
            self.core.yield_address(address);
            self.owners.validated(owner, address, now);
        }
    }

    pub(super) fn read_sockets(&mut self, mut budget: Budget) {
        // One batch of each socket at a time, so that none starves.
        while self.sockets.is_readable() && !budget.is_spent() {
            for index in 0..self.sockets.len() {
                let n_datagrams = self.sockets.receive(index, &mut self.buffers.received);
                if n_datagrams > 0 {
                    budget.spend(n_datagrams);
                    let now = self.clock.now();
                    self.sort_received(now);
                    self.settle_unclaimed(now);
                    self.flush(now);
                }
            }
        }
    }

    /// Gives each datagram to its owner.
    fn sort_received(&mut self, now: Instant) {
        for mut datagram in self.buffers.received.iter() {
            datagram.destination = self.sockets.candidates().meant_by(datagram.destination);
            match self.owners.of(datagram.source, datagram.bytes) {
                Owner::Here => self.core.handle_datagram(datagram, now),
                Owner::There(worker) => {
                    self.books.thread.strays_out += 1;
                    if self.mail.post_stray(worker, &datagram) == Posted::Dropped {
                        self.books.drops.count(DropReason::MailboxFull);
                    }
                }
                Owner::Unknown => {
                    if !self.buffers.unclaimed.push(&datagram) {
                        self.books.drops.count(DropReason::UnvalidatedSource);
                    }
                }
            }
        }
    }

    /// A client that was told by another worker that its address is valid may speak before that worker's word has been
    /// read here. The word was sent first, so looking once more is enough.
    fn settle_unclaimed(&mut self, now: Instant) {
        if self.buffers.unclaimed.is_empty() {
            return;
        }
        self.take_deliveries(now);
        let unclaimed = std::mem::take(&mut self.buffers.unclaimed);
        for datagram in unclaimed.iter() {
            match self.owners.of(datagram.source, datagram.bytes) {
                Owner::Here | Owner::Unknown => self.core.handle_datagram(datagram, now),
                Owner::There(worker) => {
                    self.books.thread.strays_out += 1;
                    if self.mail.post_stray(worker, &datagram) == Posted::Dropped {
                        self.books.drops.count(DropReason::MailboxFull);
                    }
                }
            }
        }
        self.buffers.unclaimed = unclaimed;
        self.buffers.unclaimed.clear();
    }

    pub(super) fn read_streams(&mut self, mut budget: Budget) {
        let now = self.clock.now();
        let registry = self.kernel.poll.registry();
        self.streams
            .accept(self.sockets.candidates(), now, registry);
        while !budget.is_spent() {
            let Some(slot) = self.streams.connections.next_readable() else {
                return;
            };
            let Self { core, streams, .. } = self;
            let read = streams
                .connections
                .read(slot, &mut streams.scratch, |datagram| {
                    budget.spend(1);
                    core.handle_datagram(datagram, now);
                });
            budget.spend(1);
            match read {
                Read::Passed => {}
                Read::FirstFrames(frames) => self.introduce(slot, frames, now),
                Read::FrameTooLong => self.books.drops.count(DropReason::DatagramTooLong),
            }
            self.flush(now);
        }
    }

    /// Finds the worker that a stranger wants. Whoever does not begin with a binding request to one of us is closed.
    fn introduce(&mut self, slot: usize, frames: Vec<Vec<u8>>, now: Instant) {
        let wanted = frames.first().and_then(|frame| self.owners.named_by(frame));
        let connections = &mut self.streams.connections;
        match wanted {
            None => {
                self.books.drops.count(DropReason::UnvalidatedSource);
                connections.close(slot);
            }
            Some(worker) if worker == self.id => self.welcome(slot, &frames, now),
            Some(worker) => {
                let registry = self.kernel.poll.registry();
                if let Some(handover) = connections.hand_over(slot, frames, registry) {
                    let delivery = Delivery::Connection(Box::new(handover));
                    // It must arrive, so it is only dropped when the other worker has ended.
                    let _ = self.mail.post(worker, delivery);
                }
            }
        }
    }

    fn adopt(&mut self, handover: Handover, now: Instant) {
        let Handover { connection, frames } = handover;
        let candidate = self.sockets.candidates().meant_by(connection.local());
        let watch = watch(self.kernel.poll.registry());
        let slot = self
            .streams
            .connections
            .admit(connection, candidate, now, watch);
        if let Some(slot) = slot {
            self.welcome(slot, &frames, now);
        }
    }

    fn welcome(&mut self, slot: usize, frames: &[Vec<u8>], now: Instant) {
        let Some((source, destination)) = self.streams.connections.name(slot) else {
            return;
        };
        for bytes in frames {
            let transport = Transport::Tcp;
            self.core.handle_datagram(
                Datagram {
                    transport,
                    source,
                    destination,
                    bytes,
                },
                now,
            );
        }
    }
}

/// The session that a command opens.
fn opened_session(command: &Command) -> Option<SessionId> {
    match command {
        Command::Publish(publish) => Some(publish.session),
        Command::Play(play) => Some(play.session),
        Command::RestartIce { .. }
        | Command::ChooseLayer { .. }
        | Command::ListWanted { .. }
        | Command::Close { .. }
        | Command::EndRoom { .. }
        | Command::Shutdown => None,
    }
}
