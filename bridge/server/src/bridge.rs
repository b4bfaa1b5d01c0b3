//! The bridge of a node: its streams, and who is told of them.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use bridge_origin::config::{Config as OriginConfig, Dash};
use bridge_packager::config::Windows;
use bridge_packager::latency::LatencyMode;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sfu_model::id::RoomId;
use sfu_net::entropy;
use sfu_server::Sfu;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::error;

use crate::ending::Ending;
use crate::folder::{self, Folder};
use crate::pipeline::{Parts, Pipeline};
use crate::router::{self, CLOCK_URI, MayPlay, SentBy};
use crate::stream::Stream;
use crate::streams::Streams;
use crate::studio::{Said, Studio, Tell};
use crate::thumbnails::Draw;
use crate::transcode::Transcode;
use crate::transcode::metrics::Watched;
use crate::ways::{Command, Ways};
use crate::{config, latency, metrics};

/// What a bridge is made for.
#[derive(Clone)]
pub struct Config {
    /// How much of them is listed.
    pub windows: Windows,
    /// Where segments go that have left the memory. It is the bridge's own: what is in it when it starts is removed.
    pub folder: PathBuf,
    /// What encodes anew. Without it players get sound as Opus alone, and pictures only of publishers of H.264.
    pub transcode: Option<Transcode>,
    /// Makes thumbnails; `None`: there are none.
    pub draw: Option<Draw>,
    /// Tells publishers; `None`: they are told nothing.
    pub tell: Option<Tell>,
}

/// How long a stream that has ended can be asked for: so long a player that paused finds the rest of it.
const KEEP_ENDED: Duration = Duration::from_secs(5 * 60);

/// Letters of an epoch: 64 bits of chance, so that no two lives of a stream ever share a URL.
const EPOCH_LETTERS: usize = 16;

/// The bridge. Clones are the same one.
#[derive(Clone)]
pub struct Bridge(Arc<Inner>);

struct Inner {
    sfu: Sfu,
    config: Config,
    streams: Arc<Streams>,
    ways: Arc<Ways>,
    part_latency: Histogram,
    transcoder: Watched,
    said: Said,
}

impl Bridge {
    /// A bridge without streams, on the runtime that this is called in. Fails when its folder cannot be cleared: the operator
    /// must act.
    pub fn new(sfu: Sfu, config: Config) -> std::io::Result<Self> {
        folder::clear(&config.folder)?;
        let transcoder = Watched::default();
        if let Some(transcode) = &config.transcode {
            tokio::spawn(transcoder.clone().watch(transcode.supervisor.clone()));
        }
        Ok(Self(Arc::new(Inner {
            sfu,
            config,
            streams: Arc::default(),
            ways: Arc::default(),
            part_latency: latency::histogram(),
            transcoder,
            said: Said::new(),
        })))
    }

    /// Somebody publishes. `latency` says how the stream is cut, if it begins with this: one that lives stays as it is, for players
    /// have been promised it.
    pub fn room_live(&self, room: &RoomId, latency: LatencyMode) {
        let begin = |commands| self.begin(room, latency, commands);
        self.0.ways.live(room, begin);
    }

    /// Nobody does any more.
    pub fn room_silent(&self, room: &RoomId) {
        self.0.ways.silent(room);
    }

    /// `/hls/...` and `/dash/...`.
    pub fn router(&self, may_play: MayPlay, sent_by: SentBy) -> Router {
        router::router(Arc::clone(&self.0.streams), may_play, sent_by)
    }

    /// Puts the bridge's metrics into a registry.
    pub fn register_metrics(&self, registry: &mut Registry) {
        registry.register(
            "hls_part_latency_seconds",
            "From the first packet of the next frame to its part being servable",
            self.0.part_latency.clone(),
        );
        self.0.said.register(registry);
        registry.register_collector(Box::new(metrics::Page(Arc::clone(&self.0.streams))));
        if self.0.config.transcode.is_some() {
            registry.register_collector(Box::new(self.0.transcoder.clone()));
        }
    }

    /// Begins a new life of a stream, which replaces one that has ended.
    fn begin(
        &self,
        room: &RoomId,
        latency: LatencyMode,
        commands: mpsc::Receiver<Command>,
    ) -> Option<()> {
        let Ok(chance) = entropy::random_bytes::<{ EPOCH_LETTERS / 2 }>() else {
            error!("no entropy: a stream cannot be named, and is not bridged");
            return None;
        };
        let epoch: Arc<str> = chance
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into();
        let config = &self.0.config;
        let folder = Folder::new(config.folder.join(room.as_str()).join(&*epoch));
        let stream = Arc::new(Stream::new(
            room.clone(),
            OriginConfig {
                epoch: Arc::clone(&epoch),
                server_control: latency.server_control(),
                has_disk: true,
                dash: Dash {
                    base_uri: format!("../../hls/{room}/").into(),
                    // The same from the MPD and from what its segments are relative to: players differ in which it is of.
                    clock_uri: format!("../../dash/{room}/{CLOCK_URI}").into(),
                },
            },
            folder,
            self.0.sfu.clock(),
        ));
        self.0.streams.insert(room, &stream);
        let parts = Parts {
            room: room.clone(),
            sfu: self.0.sfu.clone(),
            stream: Arc::clone(&stream),
            config: config::Config {
                epoch,
                latency,
                windows: config.windows,
                ntp_anchor: self.0.sfu.clock().ntp_anchor(),
                transcodes: config.transcode.is_some(),
            },
            transcode: config.transcode.clone(),
            part_latency: self.0.part_latency.clone(),
            draw: config.draw.clone(),
            studio: Studio::new(room.clone(), config.tell.clone(), self.0.said.clone()),
        };
        let (streams, room) = (Arc::clone(&self.0.streams), room.clone());
        // Without the bridge nobody tells a pipeline anything, and it ends.
        let ways = Arc::downgrade(&self.0.ways);
        tokio::spawn(async move {
            let ending = Ending(Arc::clone(&stream));
            run(Pipeline::new(parts), commands, &ways).await;
            drop(ending);
            sleep(KEEP_ENDED).await;
            streams.remove(&room, &stream);
        });
        Some(())
    }
}

/// From its first publisher to its end: who comes back in the moment in which it would end finds it.
async fn run(mut pipeline: Pipeline, mut commands: mpsc::Receiver<Command>, ways: &Weak<Ways>) {
    loop {
        pipeline.run(&mut commands).await;
        if ways
            .upgrade()
            .is_none_or(|ways| ways.end(pipeline.room(), &mut commands))
        {
            break;
        }
    }
    pipeline.end();
}
