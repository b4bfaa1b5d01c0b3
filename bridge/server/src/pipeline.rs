//! One stream's way from packets to what can be asked for: a task that drives the stages.

use std::sync::Arc;
use std::time::Duration;

use bridge_frames::source::Source;
use bridge_packager::event::Event as Packaged;
use prometheus_client::metrics::histogram::Histogram;
use sfu_core::route::tracks::TrackOutline;
use sfu_model::id::RoomId;
use sfu_model::packet::Packet;
use sfu_model::time::Instant;
use sfu_net::clock::Clock;
use sfu_server::{Sfu, Tap};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::info;

use crate::config::Config;
use crate::disk::Disk;
use crate::encoding::Encoding;
use crate::keyframes;
use crate::stages::Stages;
use crate::stream::Stream;
use crate::studio::Studio;
use crate::thumbnails::{Draw, Keyframe};
use crate::transcode::Transcode;
use crate::transcode::transcoding::{Encoded, Transcoding};
use crate::ways::Command;

/// How long a stream goes on without a publisher, as its room does.
const RECONNECT_WITHIN: Duration = sfu_core::limits::PUBLISHER_GRACE;

/// How long a pipeline sleeps when nothing is due.
const NAP: Duration = Duration::from_secs(1);

/// What a pipeline is made of.
pub(crate) struct Parts {
    pub(crate) room: RoomId,
    pub(crate) sfu: Sfu,
    pub(crate) stream: Arc<Stream>,
    pub(crate) config: Config,
    pub(crate) part_latency: Histogram,
    pub(crate) transcode: Option<Transcode>,
    pub(crate) draw: Option<Draw>,
    pub(crate) studio: Studio,
}

/// One stream, from its first publisher to its end.
pub(crate) struct Pipeline {
    room: RoomId,
    sfu: Sfu,
    stream: Arc<Stream>,
    clock: Clock,
    part_latency: Histogram,
    draw: Option<Draw>,
    tap: Option<Tap>,
    stages: Stages,
    encoding: Encoding,
    studio: Studio,
    disk: Disk,
    /// When the stream ends, unless somebody publishes before.
    ends_at: Option<Instant>,
}

/// What woke a pipeline.
enum Woken {
    Packets(Vec<Packet>),
    TapClosed,
    Told(Command),
    Encoded(Encoded),
    Due,
    /// Nobody can tell it anything any more.
    Abandoned,
}

impl Pipeline {
    /// A stream that nobody taps yet.
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            clock: parts.sfu.clock(),
            encoding: Encoding::new(
                (parts.transcode.as_ref())
                    .map(|transcode| Transcoding::new(transcode, parts.sfu.clock())),
            ),
            stages: Stages::new(parts.config),
            disk: Disk::start(Arc::clone(&parts.stream)),
            room: parts.room,
            sfu: parts.sfu,
            stream: parts.stream,
            part_latency: parts.part_latency,
            draw: parts.draw,
            studio: parts.studio,
            tap: None,
            ends_at: None,
        }
    }

    pub(crate) const fn room(&self) -> &RoomId {
        &self.room
    }

    /// Runs until its time is over, if it is told nothing more: told something, it can run on.
    pub(crate) async fn run(&mut self, commands: &mut mpsc::Receiver<Command>) {
        loop {
            match self.wake(commands).await {
                Woken::Packets(packets) => self.take(&packets),
                Woken::TapClosed => self.lose_tap(),
                Woken::Told(Command::Live) => self.tap().await,
                Woken::Told(Command::Silent) => self.fall_silent(),
                Woken::Encoded(encoded) => self.take_encoded(encoded),
                Woken::Due => {}
                Woken::Abandoned => break,
            }
            let (tracks, now) = (self.tracks(), self.clock.now());
            let ground = (&*self.stream, &*tracks);
            (self.encoding).handle_timeout(&mut self.stages, ground, now);
            self.stages.handle_timeout(&tracks, now);
            self.publish(now, None);
            if self.studio.look(&self.stages, &self.encoding, now) {
                self.stream.set_counts(self.stages.counts());
            }
            if self.ends_at.is_some_and(|at| at <= now) {
                break;
            }
        }
    }

    /// The stream has ended. What it made can be asked for on.
    pub(crate) fn end(mut self) {
        let now = self.clock.now();
        self.stages.handle_end(now);
        self.publish(now, None);
        self.stream.set_counts(self.stages.counts());
        info!(room = %self.room, "a stream has ended for players of HLS and DASH");
    }

    async fn wake(&mut self, commands: &mut mpsc::Receiver<Command>) -> Woken {
        let now = self.clock.now();
        let deadlines = [
            self.stages.poll_timeout(),
            self.stream.poll_timeout(),
            self.ends_at,
        ];
        let due = deadlines.into_iter().flatten().min();
        let due = due.map_or(NAP, |at| (at - now).min(NAP));
        let (tap, stream) = (&mut self.tap, &self.stream);
        let packets = async {
            match tap {
                Some(tap) => tap.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            command = commands.recv() => command.map_or(Woken::Abandoned, Woken::Told),
            encoded = self.encoding.next() => Woken::Encoded(encoded),
            packets = packets => packets.map_or(Woken::TapClosed, Woken::Packets),
            () = stream.has_waiter.notified() => Woken::Due,
            () = sleep(due) => Woken::Due,
        }
    }

    async fn tap(&mut self) {
        match self.sfu.tap(self.room.clone()).await {
            Ok(tap) => {
                self.tap = Some(tap);
                self.ends_at = None;
                self.want_keyframes(None);
            }
            // It has gone again since; who comes next is told of anew.
            Err(error) => info!(room = %self.room, %error, "a room cannot be tapped"),
        }
    }

    fn fall_silent(&mut self) {
        let now = self.clock.now();
        self.stages.handle_publisher_gone(now);
        self.studio.handle_publisher_gone(now);
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
        let wait = match self.ends_at {
            Some(_) => Duration::ZERO,
            None => RECONNECT_WITHIN,
        };
        self.ends_at = Some(self.clock.now() + wait);
    }

    /// Each packet by itself: what it finishes is told of before the next is looked at, so that the delay of a part is its
    /// own.
    fn take(&mut self, packets: &[Packet]) {
        let tracks = self.tracks();
        for packet in packets {
            let now = self.clock.now();
            self.stages.handle_packet(packet, &tracks, now);
            self.publish(now, Some(packet));
        }
    }

    /// What the transcoder has made.
    fn take_encoded(&mut self, encoded: Encoded) {
        let (tracks, now) = (self.tracks(), self.clock.now());
        if (self.encoding).handle_encoded(encoded, &mut self.stages, &tracks, now) {
            self.want_keyframes(None);
        }
        self.publish(now, None);
    }

    fn tracks(&self) -> Arc<[TrackOutline]> {
        self.tap.as_ref().map(Tap::tracks).unwrap_or_default()
    }

    fn want_keyframes(&self, source: Option<Source>) {
        if let Some(tap) = &self.tap {
            for request in keyframes::requests(&tap.tracks(), source) {
                tap.request_keyframe(request);
            }
        }
    }

    /// Has a thumbnail made, which is there when it is there.
    fn draw(&self, keyframe: Keyframe) {
        if let Some(draw) = &self.draw {
            let stream = Arc::clone(&self.stream);
            draw(keyframe, Box::new(move |jpeg| stream.set_thumbnail(jpeg)));
        }
    }

    /// Does what the stages say, and lets what they made be asked for.
    fn publish(&mut self, now: Instant, cause: Option<&Packet>) {
        let mut told = self.stages.take();
        let tracks = self.tracks();
        let ground = (&*self.stream, &*tracks);
        (self.encoding).take(&mut told, &mut self.stages, ground, now);
        if told.wants_all {
            self.want_keyframes(None);
        }
        for source in told.wants {
            self.want_keyframes(Some(source));
        }
        for (source, warning) in told.warnings {
            self.studio.handle_warning(source, warning, now);
        }
        if let Some(keyframe) = told.keyframe {
            self.draw(keyframe);
        }
        let is_due = || self.stream.poll_timeout().is_some_and(|at| at <= now);
        if told.packaged.is_empty() && (cause.is_some() || !is_due()) {
            return;
        }
        let n_parts = told.packaged.iter().filter(|event| is_part(event)).count();
        let orders = self.stream.publish(&mut told.packaged);
        if let Some(cause) = cause {
            let taken = self.clock.now() - cause.received_at;
            for _ in 0..n_parts {
                self.part_latency.observe(taken.as_secs_f64());
            }
        }
        self.disk.take(orders, &self.stream);
    }
}

fn is_part(event: &Packaged) -> bool {
    matches!(event, Packaged::Part { .. })
}
