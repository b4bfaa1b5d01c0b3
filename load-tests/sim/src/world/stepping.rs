//! Time passes: the next thing happens, whoever it concerns is driven until it has nothing left to say.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::demux::{self, PacketKind};
use sfu_core::event::Event;
use sfu_core::link::LinkMessage;
use sfu_model::datagram::{Datagram, TransmitBatch, Transport};
use sfu_model::id::WorkerId;
use sfu_model::time::Instant;

use crate::network::Direction;
use crate::world::queue::Happening;
use crate::world::{BrowserId, World};

/// What a message takes from one worker to another: a mailbox and a wake-up.
const LINK_LATENCY: Duration = Duration::from_micros(50);

/// Turns that a worker may want one after another at the same time. Two are one that pushed work in front of itself.
const RESTLESS_TURNS_MAX: u32 = 8;

impl World {
    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some((at, happening)) = self.queue.pop(until) {
            self.now = self.now.max(at);
            self.happen(happening);
        }
        self.now = until;
    }

    /// Lets time pass until something is the case; false when it is not within the limit.
    #[must_use]
    pub fn run_until(&mut self, limit: Duration, is_so: impl Fn(&Self) -> bool) -> bool {
        const STEP: Duration = Duration::from_millis(10);
        let until = self.now + limit;
        while !is_so(self) {
            if self.now >= until {
                return false;
            }
            self.run_for(STEP);
        }
        true
    }

    /// From here on a worker takes all that comes within this time in one turn, as it does what a kernel gives it at once.
    pub fn take_in_turns_of(&mut self, turn: Duration) {
        self.turn = turn;
    }

    /// Puts a datagram of anybody's into the network.
    pub fn inject(&mut self, source: SocketAddr, bytes: Vec<u8>) {
        self.send_up(source, bytes);
    }

    fn happen(&mut self, happening: Happening) {
        let wakes_at = self.node_sleep.until;
        let is_asleep = self.now < wakes_at;
        match happening {
            Happening::AtNode { .. } if is_asleep => {}
            Happening::AtWorker { .. } | Happening::WakeWorker(_) if is_asleep => {
                self.queue.push(wakes_at, happening);
            }
            Happening::AtNode { source, bytes } => {
                let worker = self.node.route(source, &bytes);
                let now = self.node_now();
                self.node.handle_datagram(worker, source, &bytes, now);
                if self.turn.is_zero() {
                    self.settle_worker(worker);
                } else {
                    self.queue.wake_worker(self.now + self.turn, worker);
                }
            }
            Happening::AtBrowser { destination, bytes } => {
                let own = self.network.nat().inside_of(destination);
                let id = own.and_then(|own| self.by_address.get(&own).copied());
                if let (Some(id), Some(destination)) = (id, own) {
                    let datagram = Datagram {
                        transport: Transport::Udp,
                        source: self.node.address,
                        destination,
                        bytes: &bytes,
                    };
                    let now = self.now;
                    self.browser_mut(id).handle_datagram(&datagram, now);
                    self.settle_browser(id);
                }
            }
            Happening::AtWorker { from, to, message } => {
                let now = self.node_now();
                if let Some(sfu) = self.node.worker(to) {
                    sfu.handle_link(from, *message, now);
                }
                self.settle_worker(to);
            }
            Happening::WakeWorker(worker) => {
                let now = self.node_now();
                if let Some(sfu) = self.node.worker(worker) {
                    sfu.handle_timeout(now);
                }
                self.settle_worker(worker);
                self.note_rest(worker);
            }
            Happening::WakeBrowser(index) => {
                self.settle_browser(BrowserId(index));
            }
        }
    }

    /// Takes everything that a worker has to send and to say.
    pub(super) fn settle_worker(&mut self, worker: WorkerId) {
        let mut batch = std::mem::take(&mut self.batch);
        let mut outgoing = Vec::new();
        while self.poll_worker(worker, &mut batch) {
            for (run, bytes) in batch.iter() {
                let datagrams = bytes.chunks(run.segment_bytes);
                outgoing.extend(datagrams.map(|bytes| (run.destination, bytes.to_vec())));
            }
            batch.clear();
        }
        self.batch = batch;
        // As below: what a queue drops must not depend on the order of a hash table.
        outgoing.sort_by_key(|(_, bytes)| ssrc_of(bytes));
        for (destination, bytes) in outgoing {
            self.send_down(destination, bytes);
        }
        while let Some((to, message)) = self.node.worker(worker).and_then(|s| s.poll_link()) {
            self.send_link(worker, to, message);
        }
        while let Some(event) = self.node.worker(worker).and_then(|s| s.poll_event()) {
            self.on_event(worker, event);
        }
        if let Some(at) = self.node.worker(worker).and_then(|s| s.poll_timeout()) {
            let at = at + self.node_sleep.slept;
            self.queue.wake_worker(at.max(self.now), worker);
        }
    }

    /// A worker that has done what was due rests until something is due later: one that never does takes its whole core.
    fn note_rest(&mut self, worker: WorkerId) {
        let slept = self.node_sleep.slept;
        let due = self.node.worker(worker).and_then(|s| s.poll_timeout());
        let (since, n_turns) = self.restless.entry(worker).or_insert((self.now, 0));
        if *since != self.now || due.is_none_or(|at| at + slept > self.now) {
            (*since, *n_turns) = (self.now, 0);
            return;
        }
        *n_turns += 1;
        assert!(
            *n_turns < RESTLESS_TURNS_MAX,
            "{worker:?} is due again and again at {:?}",
            self.now
        );
    }

    fn poll_worker(&mut self, worker: WorkerId, batch: &mut TransmitBatch) -> bool {
        self.node
            .worker(worker)
            .is_some_and(|sfu| sfu.poll_transmit(batch))
    }

    fn on_event(&mut self, worker: WorkerId, event: Event) {
        let now = self.node_now();
        self.node.note(worker, &event, now);
        if let Event::SessionClosed {
            session, reason, ..
        } = event
        {
            let browser = self.browsers.iter_mut().find(|b| b.session == session);
            if let Some(browser) = browser {
                browser.close_reason = Some(reason);
            }
        }
        self.events.push((self.now, worker, event));
    }

    fn send_link(&mut self, from: WorkerId, to: WorkerId, message: LinkMessage) {
        if let LinkMessage::Packet { .. } = message {
            *self.n_link_packets.entry((from, to)).or_default() += 1;
        }
        let message = Box::new(message);
        let happening = Happening::AtWorker { from, to, message };
        self.queue.push(self.now + LINK_LATENCY, happening);
    }

    fn send_down(&mut self, destination: SocketAddr, bytes: Vec<u8>) {
        *self.sent_to.entry(destination).or_default() += 1;
        // What a router has forgotten leads nowhere, over a line of its own.
        let own = self.network.nat().inside_of(destination);
        let line = own.unwrap_or(destination);
        let arrival = self
            .network
            .arrival(line, Direction::Down, &bytes, self.now);
        if let Some(at) = arrival {
            self.queue
                .push(at, Happening::AtBrowser { destination, bytes });
        }
    }

    fn send_up(&mut self, source: SocketAddr, bytes: Vec<u8>) {
        let arrival = self
            .network
            .arrival(source, Direction::Up, &bytes, self.now);
        if let Some(at) = arrival {
            let source = self.network.nat().outside_of(source);
            self.queue.push(at, Happening::AtNode { source, bytes });
        }
    }

    /// Lets a participant do what is due, and takes everything that it has to send.
    pub(super) fn settle_browser(&mut self, id: BrowserId) {
        let now = self.now;
        let mut outgoing = Vec::new();
        let wake_at = self.browser_mut(id).drain(now, &mut outgoing);
        // An engine lists its streams in no fixed order; a publisher that is to be reproduced sends them in one.
        outgoing.sort_by_key(|datagram| ssrc_of(&datagram.bytes));
        for datagram in outgoing {
            // There is nobody else in this world.
            if datagram.destination == self.node.address {
                if let Some(heard) = self.overheard.get_mut(&datagram.source) {
                    heard.push(datagram.bytes.clone());
                }
                self.send_up(datagram.source, datagram.bytes);
            }
        }
        if let Some(at) = wake_at {
            self.wake_browser(at.max(now), id);
        }
    }

    fn wake_browser(&mut self, at: Instant, id: BrowserId) {
        self.queue.wake_browser(at, id.0);
    }
}

/// The SSRC of an RTP packet; `None`, which sorts first, for everything else.
fn ssrc_of(bytes: &[u8]) -> Option<[u8; 4]> {
    let is_rtp = demux::kind_of(bytes) == Some(PacketKind::Rtp);
    bytes.get(8..12).filter(|_| is_rtp)?.first_chunk().copied()
}
