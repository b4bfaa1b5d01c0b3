//! Starts the workers and the observer, and keeps the workers running.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use mio::Poll;
use sfu_core::config::Seed;
use sfu_core::event::Event;
use sfu_model::id::WorkerId;
use sfu_net::addresses::interface_addresses;
use sfu_net::clock::Clock;
use sfu_net::entropy::{EntropyUnavailable, random_bytes};
use sfu_net::listen::{ListenError, Listeners, listen};
use tokio::sync::mpsc;

use crate::bell::Bell;
use crate::candidates::Candidates;
use crate::certificate;
use crate::config::Config;
use crate::mailbox::{Delivery, Outbox, Slot};
use crate::notice::{NOTICES_MAX, Notice, Notices};
use crate::observer::{EVENTS_MAX, Observer};
use crate::request::{Door, Request};
use crate::shared::Shared;
use crate::worker::{BELL, CoreParts, Mail, Parts, Worker};

/// Why the media plane cannot start; the operator must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The addresses cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// None of the addresses in use can be offered to clients.
    #[error("no address to offer: name one in sfu.advertise")]
    NothingToOffer,
    /// The DTLS certificate cannot be made.
    #[error("cannot make the DTLS certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The system has no random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The system has no threads or descriptors left.
    #[error("cannot start a worker: {0}")]
    System(#[from] io::Error),
}

/// What was started.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) doors: Vec<Door>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) threads: Vec<JoinHandle<()>>,
    pub(crate) events: mpsc::Receiver<Event>,
    /// As bound, port 0 replaced.
    pub(crate) listens_on: Vec<SocketAddr>,
    pub(crate) clock: Clock,
}

/// Everything of a worker that exists before its thread.
struct Seat {
    poll: Poll,
    bell: Arc<Bell>,
    requests: mpsc::Receiver<Request>,
    slot: Slot,
    inbox: Receiver<Delivery>,
}

pub(crate) fn start(config: &Config) -> Result<Started, StartError> {
    let n_workers = config.worker_count();
    let (listens_on, listeners) = listen(&config.listen, n_workers)?;
    log_buffers(&listeners);
    let candidates = Candidates::new(&listens_on, &config.advertise, &interface_addresses()?);
    let shared = Arc::new(Shared::new(n_workers));
    let (notice_queue, notices) = sync_channel(NOTICES_MAX);
    let (event_queue, events) = mpsc::channel(EVENTS_MAX);
    let (doors, seats) = seats(n_workers)?;
    let notices_of = || Notices::new(notice_queue.clone(), Arc::clone(&shared));
    let clock = Clock::start();
    let mut threads = start_workers(seats, listeners, &candidates, (clock, notices_of))?;
    let weak_doors = doors.iter().map(Door::weak).collect();
    let observer = Observer {
        notices,
        shared: Arc::clone(&shared),
        doors: weak_doors,
        events: event_queue,
    };
    let observer = Builder::new()
        .name("sfu-observer".into())
        .spawn(move || observer.run())?;
    threads.push(observer);
    Ok(Started {
        doors,
        shared,
        threads,
        events,
        listens_on,
        clock,
    })
}

fn start_workers(
    seats: Vec<Seat>,
    listeners: Vec<Listeners>,
    candidates: &Candidates,
    (clock, notices): (Clock, impl Fn() -> Notices),
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let certificate = certificate::make()?;
    let local_addresses = candidates.local_addresses();
    if local_addresses.is_empty() {
        return Err(StartError::NothingToOffer);
    }
    let slots: Vec<Slot> = seats.iter().map(|seat| seat.slot.clone()).collect();
    let mut threads = Vec::with_capacity(slots.len() + 1);
    for ((id, seat), listeners) in numbered(seats).zip(listeners) {
        let config = sfu_core::Config {
            worker: id,
            local_addresses: local_addresses.clone(),
            certificate: certificate.clone(),
            clock_anchor: clock.anchor(),
            ntp_anchor: clock.ntp_anchor(),
            limits: sfu_core::Limits::default(),
            handshakes: sfu_core::HandshakeChance::OperatingSystem,
        };
        let parts = Parts {
            id,
            clock,
            poll: seat.poll,
            bell: seat.bell,
            mail: Mail::new(seat.requests, seat.inbox, outboxes(id, &slots)),
            listeners,
            candidates: candidates.clone(),
            notices: notices(),
        };
        let core_parts = CoreParts { config, clock };
        let worker = Worker::new(parts, core_parts.core(new_seed()?), slots.len())?;
        let name = format!("sfu-worker-{id}");
        threads.push(
            Builder::new()
                .name(name)
                .spawn(move || keep_running(worker, &core_parts))?,
        );
    }
    Ok(threads)
}

/// Runs a worker until it ends. One that fails loses its sessions, says so, and begins again: a bug that one packet
/// triggers must not take the node down.
fn keep_running(mut worker: Worker, core_parts: &CoreParts) {
    while catch_unwind(AssertUnwindSafe(|| worker.run())).is_err() {
        let Ok(seed) = new_seed() else {
            tracing::error!("a worker failed and cannot begin again: no random numbers");
            return;
        };
        worker.begin_again(core_parts.core(seed));
    }
}

fn seats(n_workers: usize) -> io::Result<(Vec<Door>, Vec<Seat>)> {
    let seat = |_| {
        let poll = Poll::new()?;
        let bell = Arc::new(Bell::new(poll.registry(), BELL)?);
        let (door, requests) = Door::new(Arc::clone(&bell));
        let (slot, inbox) = Slot::new(Arc::clone(&bell));
        Ok((
            door,
            Seat {
                poll,
                bell,
                requests,
                slot,
                inbox,
            },
        ))
    };
    let both: io::Result<Vec<(Door, Seat)>> = (0..n_workers).map(seat).collect();
    Ok(both?.into_iter().unzip())
}

/// A way to each worker but `id`.
fn outboxes(id: WorkerId, slots: &[Slot]) -> Vec<Option<Outbox>> {
    let each = numbered(slots).map(|(to, slot)| (to != id).then(|| Outbox::new(slot.clone())));
    each.collect()
}

fn numbered<T>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = (WorkerId, T)> {
    (0..=u8::MAX).map(WorkerId).zip(items)
}

fn new_seed() -> Result<Seed, EntropyUnavailable> {
    random_bytes().map(Seed)
}

fn log_buffers(listeners: &[Listeners]) {
    let Some(buffers) = listeners.first().and_then(|first| first.udp.first()) else {
        return;
    };
    let buffers = buffers.buffers();
    let (receive_bytes, send_bytes) = (buffers.receive_bytes, buffers.send_bytes);
    if buffers.are_small() {
        tracing::warn!(
            receive_bytes,
            send_bytes,
            "small UDP buffers: raise net.core.rmem_max and net.core.wmem_max, or grant CAP_NET_ADMIN"
        );
    } else {
        tracing::info!(receive_bytes, send_bytes, "UDP buffers of each worker");
    }
}

/// One notice is one event, or one snapshot behind a pointer.
const _: () = assert!(size_of::<Notice>() <= 96);
