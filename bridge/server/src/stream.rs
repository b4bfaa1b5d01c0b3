//! One stream's origin, shared by its pipeline and by the requests for it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridge_origin::client::Client;
use bridge_origin::config::Config;
use bridge_origin::event::{Event as ToServer, SegmentKey};
use bridge_origin::origin::{Answer, Origin};
use bridge_origin::request::{Request, Tree};
use bridge_origin::response::Response;
use bridge_origin::stats::Stats;
use bridge_origin::waiting::GroupId;
use bridge_packager::event::Event as Packaged;
use bridge_packager::rendition::RenditionName;
use bytes::Bytes;
use sfu_model::id::RoomId;
use sfu_net::clock::Clock;
use tokio::sync::{Notify, oneshot};
use tracing::field::display;
use tracing::{info, warn};

use crate::counts::Counts;
use crate::disk_counts::DiskCounts;
use crate::folder::Folder;
use crate::order::Order;
use crate::waiters::{WaiterId, Waiters};

/// A stream that can be asked for.
#[derive(Debug)]
pub(crate) struct Stream {
    room: RoomId,
    clock: Clock,
    desk: Mutex<Desk>,
    folder: Folder,
    /// A request began to wait: whoever sleeps until the origin's next deadline looks again.
    pub(crate) has_waiter: Notify,
}

/// What a request needs for a moment.
#[derive(Debug)]
struct Desk {
    origin: Origin,
    waiters: Waiters,
    /// Renditions of which it is noted whether anybody asks for them.
    watched: Vec<(RenditionName, bool)>,
    counts: Counts,
    disk: DiskCounts,
}

/// A request that waits. Dropped, it waits no more.
#[derive(Debug)]
pub(crate) struct Waiting {
    stream: Arc<Stream>,
    group: GroupId,
    client: Option<Client>,
    waiter: WaiterId,
    answered: oneshot::Receiver<Response>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// This.
    Now(Response),
    /// It is answered later.
    Later(Waiting),
}

impl Stream {
    pub(crate) fn new(room: RoomId, config: Config, folder: Folder, clock: Clock) -> Self {
        Self {
            room,
            clock,
            desk: Mutex::new(Desk {
                origin: Origin::new(config),
                waiters: Waiters::default(),
                watched: Vec::new(),
                counts: Counts::default(),
                disk: DiskCounts::default(),
            }),
            folder,
            has_waiter: Notify::new(),
        }
    }

    /// Where its segments are that have left the memory.
    pub(crate) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// A segment that is said to be on disk is not there, or not whole.
    pub(crate) fn lost(&self, key: &SegmentKey, error: io::Error) {
        // Its file is gone or of no use: what is to be deleted goes with the folder.
        let _ = self.stored(key, Err(error));
    }

    /// A panic while it was locked left it whole as far as a request can tell: the core is a value.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ask(self: &Arc<Self>, request: &Request<'_>) -> Reply {
        let mut desk = self.desk();
        let answer = desk.origin.handle_request(request, self.clock.now());
        desk.note(request, &answer);
        self.reply(desk, answer, request.client)
    }

    /// What follows of a segment that is being made, after so many bytes of it.
    pub(crate) fn more(
        self: &Arc<Self>,
        key: &SegmentKey,
        from: u64,
        client: Option<Client>,
    ) -> Reply {
        let mut desk = self.desk();
        let now = self.clock.now();
        let answer = desk.origin.handle_more(key, from, client, now);
        self.reply(desk, answer, client)
    }

    fn reply(
        self: &Arc<Self>,
        mut desk: MutexGuard<'_, Desk>,
        answer: Answer,
        client: Option<Client>,
    ) -> Reply {
        match answer {
            Answer::Now(response) => Reply::Now(response),
            Answer::Wait(group) => {
                let (waiter, answered) = desk.waiters.join(group);
                drop(desk);
                self.has_waiter.notify_one();
                Reply::Later(Waiting {
                    stream: Arc::clone(self),
                    group,
                    client,
                    waiter,
                    answered,
                })
            }
        }
    }

    /// Notes from here on who of these is asked for.
    pub(crate) fn watch(&self, renditions: &[RenditionName]) {
        let watched = renditions.iter().map(|name| (name.clone(), false));
        self.desk().watched = watched.collect();
    }

    /// Those that were asked for since the last call.
    pub(crate) fn take_asked(&self) -> Vec<RenditionName> {
        let mut desk = self.desk();
        let watched = desk.watched.iter_mut();
        let asked = watched.filter_map(|(name, is_asked)| {
            let was_asked = std::mem::take(is_asked);
            was_asked.then(|| name.clone())
        });
        asked.collect()
    }

    /// Takes what was packaged, answers who waited for it, and says what is to be done with files and when to come back.
    pub(crate) fn publish(&self, events: &mut Vec<Packaged>) -> Vec<Order> {
        let now = self.clock.now();
        let mut desk = self.desk();
        for event in events.drain(..) {
            desk.origin.handle_event(event, now);
        }
        if desk.origin.poll_timeout().is_some_and(|at| at <= now) {
            desk.origin.handle_timeout(now);
        }
        self.settle(desk, None)
    }

    /// Nothing more will come, and nobody will tell it the time any more: whoever waits is answered.
    pub(crate) fn end(&self) {
        let mut desk = self.desk();
        desk.origin.handle_end();
        // What is left for the disk goes with the folder.
        let _ = self.settle(desk, None);
    }

    pub(crate) fn poll_timeout(&self) -> Option<sfu_model::time::Instant> {
        self.desk().origin.poll_timeout()
    }

    /// A segment is on disk, or is not.
    pub(crate) fn stored(&self, key: &SegmentKey, result: io::Result<()>) -> Vec<Order> {
        let mut desk = self.desk();
        match &result {
            Ok(()) => desk.origin.handle_stored(key),
            Err(_) => desk.origin.handle_disk_error(key),
        }
        self.settle(desk, result.err())
    }

    /// A segment could not be read, which says nothing of its file. Says whether it is the first of the stream.
    pub(crate) fn on_failed_read(&self) -> bool {
        let disk = &mut self.desk().disk;
        disk.failed_reads = disk.failed_reads.saturating_add(1);
        disk.failed_reads == 1
    }

    /// A file that should be deleted stays.
    pub(crate) fn on_file_left(&self) {
        let disk = &mut self.desk().disk;
        disk.files_left = disk.files_left.saturating_add(1);
    }

    /// Answers who waited, and says what is to be done with files. In whose call the origin speaks of the disk makes no
    /// difference: it is heard.
    fn settle(&self, mut desk: MutexGuard<'_, Desk>, cause: Option<io::Error>) -> Vec<Order> {
        desk.answer_woken();
        let events: Vec<ToServer> = std::iter::from_fn(|| desk.origin.poll_event()).collect();
        let n_failures = events.iter().filter(|e| **e == ToServer::DiskFails).count();
        desk.disk.failures = desk.disk.failures.saturating_add(n_failures as u64);
        drop(desk);
        let orders = events.into_iter().filter_map(|event| match event {
            ToServer::ToDisk { key, parts } => Some(Order::Write(key, parts)),
            ToServer::Delete { key } => Some(Order::Delete(key)),
            ToServer::DiskFails => {
                let error = cause.as_ref().map(display);
                warn!(room = %self.room, error, "segments are not on disk: the DVR window gets shorter");
                None
            }
            ToServer::DiskWorks => {
                info!(room = %self.room, "segments are on disk again: the DVR window grows again");
                None
            }
        });
        orders.collect()
    }

    /// A picture of it.
    pub(crate) fn set_thumbnail(&self, jpeg: Bytes) {
        self.desk().origin.handle_thumbnail(jpeg);
    }

    /// What its stages have counted so far.
    pub(crate) fn set_counts(&self, counts: Counts) {
        self.desk().counts = counts;
    }

    pub(crate) fn counts(&self) -> Counts {
        self.desk().counts
    }

    pub(crate) fn disk_counts(&self) -> DiskCounts {
        self.desk().disk
    }

    pub(crate) fn stats(&self) -> Stats {
        self.desk().origin.stats()
    }
}

impl Desk {
    /// A request for a playlist or for media of a rendition. One that is refused is no viewer's: what is noted makes encoders
    /// work, and all who watch notice that they begin.
    fn note(&mut self, request: &Request<'_>, answer: &Answer) {
        let is_refused = match answer {
            Answer::Now(response) => response.status.code() >= 400,
            Answer::Wait(_) => false,
        };
        if is_refused {
            return;
        }
        let rendition = request.path.split_once('/').map(|(rendition, _)| rendition);
        let Some(rendition) = rendition.filter(|_| request.tree == Tree::Hls) else {
            return;
        };
        for (name, is_asked) in &mut self.watched {
            *is_asked |= name.as_str() == rendition;
        }
    }

    fn answer_woken(&mut self) {
        while let Some(woken) = self.origin.poll_woken() {
            self.waiters.answer(woken.group, &woken.response);
        }
    }
}

impl Waiting {
    /// The answer; `None` when the stream is gone.
    pub(crate) async fn answer(mut self) -> Option<Response> {
        (&mut self.answered).await.ok()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut desk = self.stream.desk();
        if desk.waiters.leave(self.group, self.waiter) {
            desk.origin.abandon(self.group, self.client);
        }
    }
}
