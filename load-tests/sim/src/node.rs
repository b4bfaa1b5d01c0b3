//! A node of N workers, one core each, without threads: what the server does between sockets and cores, in one place.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sfu_core::command::{Command, CommandResult, Play, Publish};
use sfu_core::demux;
use sfu_core::error::CommandError;
use sfu_core::event::Event;
use sfu_core::ufrag;
use sfu_core::{Config, LocalAddress, Seed, Sfu};
use sfu_model::datagram::{Datagram, Transport};
use sfu_model::id::{RoomId, SessionId, WorkerId};
use sfu_model::time::{Instant, NtpTime};
use whip_whep_core::ask::Step;
use whip_whep_core::endpoint::WhipWhep;
use whip_whep_core::response::Response;

use crate::chance::draw;
use crate::clock;
use crate::session::certificate;
use crate::signaling::{self, Sent};

/// A process of workers behind one address.
#[derive(Debug)]
pub struct Node {
    /// Where browsers reach it.
    pub address: SocketAddr,
    /// Its WHIP and WHEP endpoints. Their limits are those that people run them with, and far from what a few participants do.
    endpoints: WhipWhep,
    workers: Vec<Sfu>,
    /// Which worker a validated address belongs to.
    owners: BTreeMap<(Transport, SocketAddr), WorkerId>,
    /// Which worker has a room's publisher.
    origins: BTreeMap<RoomId, WorkerId>,
    sessions: BTreeMap<SessionId, WorkerId>,
    /// Sessions opened so far; the least loaded worker is the one whose turn it is.
    n_opened: usize,
}

impl Node {
    /// A node with this many workers.
    pub fn new(seed: u64, n_workers: usize, now: Instant) -> Self {
        let address = SocketAddr::from(([192, 0, 2, 1], 8_189));
        let workers = (0_u8..)
            .take(n_workers)
            .map(|number| {
                let config = Config {
                    worker: WorkerId(number),
                    local_addresses: vec![LocalAddress {
                        transport: Transport::Udp,
                        address,
                    }],
                    certificate: certificate::of_the_node(),
                    clock_anchor: clock::anchor(),
                    ntp_anchor: NtpTime::UNIX_EPOCH,
                    limits: sfu_core::Limits::default(),
                    handshakes: sfu_core::HandshakeChance::Seed,
                };
                Sfu::new(config, worker_seed(seed, number), now)
            })
            .collect();
        Self {
            address,
            endpoints: WhipWhep::new(whip_whep_core::endpoint::Config::default()),
            workers,
            owners: BTreeMap::new(),
            origins: BTreeMap::new(),
            sessions: BTreeMap::new(),
            n_opened: 0,
        }
    }

    /// Its workers.
    pub fn workers(&self) -> impl Iterator<Item = (WorkerId, &Sfu)> {
        (0_u8..).map(WorkerId).zip(&self.workers)
    }

    /// One worker.
    pub fn worker(&mut self, worker: WorkerId) -> Option<&mut Sfu> {
        self.workers.get_mut(usize::from(worker.0))
    }

    /// The worker that a datagram goes to: the ufrag of a STUN request says it, for all else the address. The kernel's
    /// choice, which is none of these, is the first worker's.
    pub fn route(&self, source: SocketAddr, bytes: &[u8]) -> WorkerId {
        let by_ufrag = demux::request_ufrag(bytes).and_then(ufrag::worker_of);
        let by_address = || self.owners.get(&(Transport::Udp, source)).copied();
        by_ufrag
            .or_else(by_address)
            .filter(|w| usize::from(w.0) < self.workers.len())
            .unwrap_or(WorkerId(0))
    }

    /// Gives a datagram to a worker.
    pub fn handle_datagram(
        &mut self,
        worker: WorkerId,
        source: SocketAddr,
        bytes: &[u8],
        now: Instant,
    ) {
        let datagram = Datagram {
            transport: Transport::Udp,
            source,
            destination: self.address,
            bytes,
        };
        if let Some(sfu) = self.worker(worker) {
            sfu.handle_datagram(datagram, now);
        }
    }

    /// Answers a request to its endpoints, and names the workers that had to do with it. `None` where the path is no endpoint's.
    pub fn request(&mut self, sent: &Sent<'_>, now: Instant) -> Option<(Response, Vec<WorkerId>)> {
        let mut asked = Vec::new();
        let mut step = self.endpoints.handle_request(&sent.request()?, now);
        loop {
            match step {
                Step::Done(response) | Step::Pull(response, _) => return Some((response, asked)),
                Step::Ask(ask, ticket) => {
                    let reply = signaling::answer(ask, |command| {
                        let (worker, result) = self.handle(command, now);
                        asked.push(worker);
                        result
                    });
                    step = self.endpoints.handle_reply(ticket, reply);
                }
            }
        }
    }

    fn handle(&mut self, command: Command, now: Instant) -> (WorkerId, CommandResult) {
        match command {
            Command::Publish(publish) => self.publish(publish, now),
            Command::Play(play) => self.play(play, now),
            Command::RestartIce { session, .. }
            | Command::ChooseLayer { session, .. }
            | Command::Close { session, .. } => self.command_session(session, command, now),
            // No request to an endpoint asks for these.
            Command::ListWanted { .. } | Command::EndRoom { .. } | Command::Shutdown => {
                (WorkerId(0), Err(CommandError::Internal))
            }
        }
    }

    /// Opens a publishing session on the room's origin worker. Returns that worker.
    pub fn publish(&mut self, publish: Publish, now: Instant) -> (WorkerId, CommandResult) {
        let next = self.next_worker();
        let worker = *self.origins.entry(publish.room.clone()).or_insert(next);
        let session = publish.session;
        let result = self.command(worker, Command::Publish(publish), now);
        (worker, self.opened(session, worker, result))
    }

    /// Opens a playing session on a worker, or on the one whose turn it is.
    pub fn play(&mut self, play: Play, now: Instant) -> (WorkerId, CommandResult) {
        let Some(origin) = self.origins.get(&play.room).copied() else {
            return (WorkerId(0), Err(CommandError::RoomEmpty));
        };
        // Only the origin knows whether somebody publishes: the server asks it first.
        let is_live = self
            .workers
            .get(usize::from(origin.0))
            .is_some_and(|sfu| sfu.rooms().iter().any(|r| r.room == play.room && r.is_live));
        if !is_live {
            return (origin, Err(CommandError::RoomEmpty));
        }
        let worker = self.next_worker();
        let session = play.session;
        let command = Command::Play(Play { origin, ..play });
        let result = self.command(worker, command, now);
        (worker, self.opened(session, worker, result))
    }

    /// Gives a command to the worker that has a session.
    pub fn command_session(
        &mut self,
        session: SessionId,
        command: Command,
        now: Instant,
    ) -> (WorkerId, CommandResult) {
        match self.sessions.get(&session).copied() {
            Some(worker) => (worker, self.command(worker, command, now)),
            None => (WorkerId(0), Err(CommandError::UnknownSession)),
        }
    }

    /// The worker that has a room's publisher.
    pub fn origin(&self, room: &RoomId) -> Option<WorkerId> {
        self.origins.get(room).copied()
    }

    /// Takes note of what a worker said.
    pub fn note(&mut self, worker: WorkerId, event: &Event, now: Instant) {
        match event {
            Event::AddressValidated { transport, address } => {
                self.claim(worker, (*transport, *address), now);
            }
            Event::AddressForgotten { transport, address } => {
                if self.owners.get(&(*transport, *address)) == Some(&worker) {
                    self.owners.remove(&(*transport, *address));
                }
            }
            Event::SessionClosed { session, .. } => {
                self.sessions.remove(session);
                self.endpoints.handle_session_closed(*session, now);
            }
            Event::SessionConnected { .. }
            | Event::FirstPacketSent { .. }
            | Event::RoomLive { .. }
            | Event::RoomSilent { .. } => {}
        }
    }

    /// As the workers of a server settle it among themselves: who is heard at an address keeps it.
    fn claim(&mut self, claimant: WorkerId, remote: (Transport, SocketAddr), now: Instant) {
        let owner = self.owners.get(&remote).copied();
        let rival = owner.filter(|owner| remote.0 == Transport::Udp && *owner != claimant);
        let loser = match rival.and_then(|rival| Some((rival, self.worker(rival)?))) {
            Some((_, sfu)) if sfu.holds(remote.1, now) => claimant,
            Some((rival, _)) => rival,
            None => claimant,
        };
        if rival.is_some()
            && let Some(sfu) = self.worker(loser)
        {
            sfu.yield_address(remote.1);
        }
        if rival.is_none() || loser != claimant {
            self.owners.insert(remote, claimant);
        }
    }

    fn command(&mut self, worker: WorkerId, command: Command, now: Instant) -> CommandResult {
        match self.worker(worker) {
            Some(sfu) => sfu.handle_command(command, now),
            None => Err(CommandError::Internal),
        }
    }

    fn opened(
        &mut self,
        session: SessionId,
        worker: WorkerId,
        result: CommandResult,
    ) -> CommandResult {
        if result.is_ok() {
            self.sessions.insert(session, worker);
            self.n_opened += 1;
        }
        result
    }

    fn next_worker(&self) -> WorkerId {
        let turn = self.n_opened % self.workers.len().max(1);
        WorkerId(u8::try_from(turn).unwrap_or(0))
    }
}

fn worker_seed(seed: u64, number: u8) -> Seed {
    let mut bytes = [0; 32];
    for (word, chunk) in (0_u64..).zip(bytes.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&draw(seed, &[u64::from(number), word]).to_le_bytes());
    }
    Seed(bytes)
}
