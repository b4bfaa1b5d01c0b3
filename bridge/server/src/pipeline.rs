//! One stream's way from packets to what can be asked for: a task that drives the cores.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bridge_frames::config::Config as FramesConfig;
use bridge_frames::event::Event as FromFrames;
use bridge_frames::frames::Frames;
use bridge_origin::event::Event as ToServer;
use bridge_packager::config::{Config as PackagerConfig, Windows};
use bridge_packager::event::Event as Packaged;
use bridge_packager::latency::LatencyMode;
use bridge_packager::packager::Packager;
use bridge_packager::segment_clock::Zero;
use prometheus_client::metrics::histogram::Histogram;
use sfu_model::id::RoomId;
use sfu_model::packet::Packet;
use sfu_model::time::Instant;
use sfu_net::clock::{self, Clock};
use sfu_server::{Sfu, Tap};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::disk::{Disk, Folder};
use crate::keyframes;
use crate::ladder::{Ladder, Place};
use crate::overture::Overture;
use crate::stream::Stream;

/// How long a stream goes on without a publisher, as its room does.
const RECONNECT_WITHIN: Duration = sfu_core::limits::PUBLISHER_GRACE;

/// How long a pipeline sleeps when nothing is due.
const NAP: Duration = Duration::from_secs(1);

/// What a pipeline is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Somebody publishes: the room can be tapped.
    Live,
    /// Nobody does any more.
    Silent,
}

/// What a pipeline is made of.
pub(crate) struct Parts {
    pub(crate) room: RoomId,
    pub(crate) sfu: Sfu,
    pub(crate) stream: Arc<Stream>,
    pub(crate) epoch: Arc<str>,
    pub(crate) latency: LatencyMode,
    pub(crate) windows: Windows,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) part_latency: Histogram,
}

/// One stream, from its first publisher to its end.
pub(crate) struct Pipeline {
    parts: Parts,
    clock: Clock,
    tap: Option<Tap>,
    frames: Frames,
    /// `None` until the timeline has begun.
    packager: Option<Packager>,
    ladder: Ladder,
    overture: Overture,
    disk: Option<Disk>,
    folder: Option<Arc<Folder>>,
    /// When the stream ends, unless somebody publishes before.
    ends_at: Option<Instant>,
    /// What is to be told to the origin at the end of a turn.
    packaged: Vec<Packaged>,
}

/// What woke a pipeline.
enum Woken {
    Packets(Vec<Packet>),
    TapClosed,
    Told(Command),
    Due,
    /// Nobody can tell it anything any more.
    Abandoned,
}

impl Pipeline {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            clock: parts.sfu.clock(),
            tap: None,
            frames: Frames::new(FramesConfig::default()),
            packager: None,
            ladder: Ladder::default(),
            overture: Overture::default(),
            disk: None,
            folder: None,
            ends_at: None,
            packaged: Vec::new(),
            parts,
        }
    }

    /// Runs until the stream has ended. What it made can be asked for on.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
    ) -> Option<Arc<Folder>> {
        self.open_disk().await;
        loop {
            match self.wake(&mut commands).await {
                Woken::Packets(packets) => self.take(&packets),
                Woken::TapClosed => self.lose_tap(),
                Woken::Told(Command::Live) => self.tap().await,
                Woken::Told(Command::Silent) => self.fall_silent(),
                Woken::Due => {}
                Woken::Abandoned => break,
            }
            let now = self.clock.now();
            self.advance(now);
            self.publish(now, None);
            if self.ends_at.is_some_and(|at| at <= now) {
                break;
            }
        }
        self.end();
        self.folder
    }

    async fn open_disk(&mut self) {
        let Some(path) = self.parts.folder.take() else {
            return;
        };
        match Folder::make(path.clone()).await {
            Ok(folder) => {
                let folder = Arc::new(folder);
                self.disk = Some(Disk::start(
                    Arc::clone(&folder),
                    Arc::clone(&self.parts.stream),
                ));
                self.parts.stream.set_folder(Arc::clone(&folder));
                self.folder = Some(folder);
            }
            Err(error) => {
                warn!(room = %self.parts.room, path = %path.display(), %error, "no folder for the DVR window");
            }
        }
    }

    async fn wake(&mut self, commands: &mut mpsc::Receiver<Command>) -> Woken {
        let now = self.clock.now();
        let due = self.next_deadline().map_or(NAP, |at| (at - now).min(NAP));
        let tap = &mut self.tap;
        let packets = async {
            match tap {
                Some(tap) => tap.next().await,
                None => std::future::pending().await,
            }
        };
        let stream = Arc::clone(&self.parts.stream);
        tokio::select! {
            biased;
            command = commands.recv() => command.map_or(Woken::Abandoned, Woken::Told),
            packets = packets => packets.map_or(Woken::TapClosed, Woken::Packets),
            () = stream.has_waiter.notified() => Woken::Due,
            () = sleep(due) => Woken::Due,
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let packager = self.packager.as_ref().and_then(Packager::poll_timeout);
        let origin = self.parts.stream.poll_timeout();
        let overture = self.overture.poll_timeout();
        [
            self.frames.poll_timeout(),
            packager,
            overture,
            origin,
            self.ends_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    async fn tap(&mut self) {
        match self.parts.sfu.tap(self.parts.room.clone()).await {
            Ok(tap) => {
                self.tap = Some(tap);
                self.ends_at = None;
                self.want_keyframes(None);
            }
            // It has gone again since; who comes next is told of anew.
            Err(error) => info!(room = %self.parts.room, %error, "a room cannot be tapped"),
        }
    }

    fn fall_silent(&mut self) {
        let now = self.clock.now();
        self.frames.handle_publisher_gone(now);
        let wait = match self.tap {
            Some(_) => RECONNECT_WITHIN,
            // The room has ended.
            None => Duration::ZERO,
        };
        self.ends_at = Some(now + wait);
    }

    /// The room ended, or its worker failed, after which its publisher comes again.
    fn lose_tap(&mut self) {
        self.tap = None;
        let now = self.clock.now();
        let wait = match self.ends_at {
            Some(_) => Duration::ZERO,
            None => RECONNECT_WITHIN,
        };
        self.ends_at = Some(now + wait);
    }

    /// Each packet by itself: what it finishes is told of before the next is looked at, so that the delay of a part is its
    /// own.
    fn take(&mut self, packets: &[Packet]) {
        for packet in packets {
            let now = self.clock.now();
            self.frames.handle_packet(packet, now);
            self.package(now);
            if !self.packaged.is_empty() {
                self.publish(now, Some(packet));
            }
        }
    }

    fn advance(&mut self, now: Instant) {
        if self.frames.poll_timeout().is_some_and(|at| at <= now) {
            self.frames.handle_timeout(now);
        }
        self.package(now);
        let packager = self.packager.as_mut();
        if let Some(packager) = packager.filter(|p| p.poll_timeout().is_some_and(|at| at <= now)) {
            packager.handle_timeout(now);
        }
        self.collect(now);
    }

    /// From frames to the packager.
    fn package(&mut self, now: Instant) {
        while let Some(event) = self.frames.poll_event() {
            match event {
                FromFrames::Frame { source, frame } => {
                    let place = self.ladder.place(source, &frame);
                    let Some(packager) = self.packager(now) else {
                        continue;
                    };
                    let name = match place {
                        Place::Nowhere => continue,
                        Place::Known(name) => name,
                        Place::New(name, kind) => {
                            // The ladder has fewer places than the packager.
                            let _ = packager.add_rendition(name.clone(), kind);
                            name
                        }
                    };
                    packager.handle_frame(&name, &frame, now);
                }
                FromFrames::Begins { source, time } => {
                    if let (Some(name), Some(packager)) =
                        (self.ladder.of(source), self.packager.as_mut())
                    {
                        packager.handle_begins(name, time, now);
                    }
                }
                FromFrames::KeyframeWanted { source } => self.want_keyframes(Some(source)),
                FromFrames::Warning { source, warning } => {
                    warn!(room = %self.parts.room, %source, ?warning, "a publisher's stream is not as it should be");
                }
            }
        }
        self.collect(now);
    }

    /// The packager, which begins when the timeline has.
    fn packager(&mut self, now: Instant) -> Option<&mut Packager> {
        if self.packager.is_none() {
            let at = self.frames.began_at()?;
            let unix = clock::since_epoch().saturating_sub(now - at);
            let config = PackagerConfig {
                latency: self.parts.latency,
                epoch: Arc::clone(&self.parts.epoch),
                zero: Zero { at, unix },
                windows: self.parts.windows,
            };
            self.packager = Some(Packager::new(config, now));
        }
        self.packager.as_mut()
    }

    /// What the packager told, for the end of the turn.
    fn collect(&mut self, now: Instant) {
        let Some(packager) = &mut self.packager else {
            return;
        };
        let tracks = self.tap.as_ref().map(Tap::tracks).unwrap_or_default();
        let mut wants_keyframes = false;
        while let Some(event) = packager.poll_event() {
            match event {
                Packaged::KeyframeWanted => wants_keyframes = true,
                Packaged::Renditions(renditions) => {
                    let admitted = self.overture.admit(renditions, &tracks, now);
                    self.packaged.extend(admitted.map(Packaged::Renditions));
                }
                event => self.packaged.push(event),
            }
        }
        let released = self.overture.release(&tracks, now);
        self.packaged.extend(released.map(Packaged::Renditions));
        if wants_keyframes {
            self.want_keyframes(None);
        }
    }

    fn want_keyframes(&self, source: Option<bridge_frames::source::Source>) {
        if let Some(tap) = &self.tap {
            for request in keyframes::requests(&tap.tracks(), source) {
                tap.request_keyframe(request);
            }
        }
    }

    /// Lets what was made be asked for.
    fn publish(&mut self, now: Instant, cause: Option<&Packet>) {
        let n_parts = self.packaged.iter().filter(|event| is_part(event)).count();
        let has_news = !self.packaged.is_empty();
        let is_due = self.parts.stream.poll_timeout().is_some_and(|at| at <= now);
        if !has_news && !is_due {
            return;
        }
        let events = self.parts.stream.publish(&mut self.packaged);
        if let Some(cause) = cause {
            let taken = self.clock.now() - cause.received_at;
            for _ in 0..n_parts {
                self.parts.part_latency.observe(taken.as_secs_f64());
            }
        }
        self.keep(events);
    }

    fn keep(&self, events: Vec<ToServer>) {
        if let Some(disk) = &self.disk {
            disk.take(events, &self.parts.stream);
        }
    }

    fn end(&mut self) {
        let now = self.clock.now();
        if let Some(packager) = &mut self.packager {
            packager.handle_end(now);
        }
        self.collect(now);
        self.publish(now, None);
        info!(room = %self.parts.room, "a stream has ended for players of HLS and DASH");
    }
}

fn is_part(event: &Packaged) -> bool {
    matches!(event, Packaged::Part { .. })
}
