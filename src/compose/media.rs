//! The media plane and the HTTP in front of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bridge_server::bridge::Bridge;
use prometheus_client::registry::Registry;
use sfu_model::id::RoomId;
use sfu_server::{Advertised, Sfu};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use whip_whep_core::cors::AllowedOrigins;
use whip_whep_server::access::Access;
use whip_whep_server::service::WhipWhep;

use super::hearing::Hearing;
use super::{Ground, bridge};
use crate::api::{Api, Audience, Audiences};
use crate::config::settings::Config;
use crate::config::{endpoint, families};
use crate::health::MediaProbe;
use crate::latencies::Latencies;
use crate::live::LiveSince;
use crate::roles::{Role, Roles};
use crate::signed::{self, Gate};
use crate::signing::{self, Signing};
use crate::thumbnails::desk::Desk;
use crate::url_keys::UrlKeyError;

/// How long a worker may take to say that it lives. A worker answers between two bursts of packets; one that takes a
/// second is not fit for more viewers.
const ALIVE_WITHIN: Duration = Duration::from_secs(1);

/// How long players that listen have to be told that they must come again, before their sessions are closed. A client that
/// reads takes a round trip; the stop as a whole must not wait for one that does not.
const LAST_EVENTS_WITHIN: Duration = Duration::from_millis(500);

/// The media plane does not start. The operator must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum MediaError {
    #[error("[sfu] {0}")]
    Sfu(#[from] sfu_server::StartError),
    #[error(transparent)]
    Bridge(#[from] bridge::BridgeError),
    #[error(transparent)]
    Urls(#[from] UrlKeyError),
    #[error("no thread for thumbnails: {0}")]
    Thumbnails(std::io::Error),
}

/// The media plane of this process, if that is one of its roles.
#[derive(Clone)]
pub(crate) struct Media {
    running: Option<Running>,
    latencies: Latencies,
}

#[derive(Clone)]
struct Running {
    sfu: Sfu,
    whip_whep: WhipWhep,
    bridge: Option<Packaging>,
    n_workers: usize,
}

/// The bridge, who lets signed URLs in, which pages may ask for one, and who makes thumbnails.
#[derive(Clone)]
struct Packaging {
    bridge: Bridge,
    gate: Gate,
    origins: AllowedOrigins,
    thumbnails: Desk,
}

impl Packaging {
    /// HLS and DASH, for bearers and for signed URLs, and what makes the one the other.
    fn router(&self, access: &Arc<Access>) -> Router {
        let may_play = bridge::may_play(Arc::clone(access));
        let media = self.bridge.router(may_play, bridge::sent_by);
        let signing = Signing {
            keys: Arc::clone(&self.gate.keys),
            access: Arc::clone(access),
            origins: self.origins.clone(),
        };
        signed::router(self.gate.clone(), media.clone())
            .merge(signing::router(signing))
            .merge(media)
    }
}

impl Media {
    pub(crate) async fn start(
        config: &Config,
        roles: &Roles,
        ground: &Ground,
        (live, tasks): (LiveSince, &TaskTracker),
    ) -> Result<Self, MediaError> {
        let latencies = Latencies {
            store: ground.store.clone(),
            default: config.hls.latency,
        };
        if !roles.has(Role::Sfu) {
            return Ok(Self {
                running: None,
                latencies,
            });
        }
        let advertise = config.sfu.advertise.iter();
        let sfu_config = sfu_server::Config {
            listen: families::of(config.sfu.listen),
            // Entries that do not parse were refused with the configuration.
            advertise: advertise
                .filter_map(|entry| entry.parse::<Advertised>().ok())
                .collect(),
            n_workers: config.sfu.workers,
        };
        let (sfu, events) = Sfu::start(&sfu_config)?;
        let whip_whep = WhipWhep::new(
            endpoint::config(config),
            sfu.clone(),
            Arc::clone(&ground.access),
        );
        let bridge = match roles.has(Role::Bridge) {
            true => {
                let thumbnails = bridge::thumbnails().map_err(MediaError::Thumbnails)?;
                let told = (thumbnails.draw(), bridge::tell(whip_whep.clone()));
                Some(Packaging {
                    bridge: bridge::open(config, &ground.data, sfu.clone(), told)?,
                    thumbnails,
                    gate: bridge::gate(config, &ground.data)?,
                    origins: endpoint::allowed_origins(config),
                })
            }
            false => None,
        };
        let hearing = Hearing {
            whip_whep: whip_whep.clone(),
            bridge: bridge.as_ref().map(|packaging| packaging.bridge.clone()),
            latencies: latencies.clone(),
            live,
        };
        let reporter = whip_whep.clone();
        tasks.spawn(async move {
            // Whoever listens hears until the media plane ends.
            tokio::select! {
                () = hearing.listen(events) => {}
                () = reporter.report() => {}
            }
        });
        let n_workers = sfu.stats().await.len();
        let running = Running {
            sfu,
            whip_whep,
            bridge,
            n_workers,
        };
        Ok(Self {
            running: Some(running),
            latencies,
        })
    }

    /// Where media is listened for, UDP and TCP.
    pub(crate) fn ice_addresses(&self) -> Vec<SocketAddr> {
        self.running
            .as_ref()
            .map_or_else(Vec::new, |running| running.sfu.listens_on().to_vec())
    }

    /// WHIP, WHEP, HLS and DASH.
    pub(crate) fn router(&self, access: &Arc<Access>) -> Router {
        let Some(running) = &self.running else {
            return Router::new();
        };
        let router = running.whip_whep.router();
        match &running.bridge {
            Some(packaging) => router.merge(packaging.router(access)),
            None => router,
        }
    }

    pub(crate) fn register_metrics(&self, registry: &mut Registry) {
        if let Some(running) = &self.running {
            running.sfu.register_metrics(registry);
            running.whip_whep.register_metrics(registry);
            if let Some(packaging) = &running.bridge {
                packaging.bridge.register_metrics(registry);
                packaging.gate.refusals.register(registry);
                packaging.thumbnails.register(registry);
            }
        }
    }

    /// Whether every worker answers. Without the role there is nothing to wait for.
    pub(crate) fn probe(&self) -> MediaProbe {
        let running = self.running.clone();
        Arc::new(move || {
            let running = running.clone();
            Box::pin(async move {
                let Some(running) = running else { return true };
                let stats = timeout(ALIVE_WITHIN, running.sfu.stats()).await;
                stats.is_ok_and(|stats| stats.len() >= running.n_workers)
            })
        })
    }

    /// What the API is made of.
    pub(crate) fn api(&self, access: &Arc<Access>, live: LiveSince) -> Api {
        Api {
            access: Arc::clone(access),
            live,
            audiences: self.audiences(),
            latencies: self.latencies.clone(),
        }
    }

    /// How many play each room.
    fn audiences(&self) -> Audiences {
        let running = self.running.clone();
        Arc::new(move || {
            let rooms = running
                .as_ref()
                .map_or_else(Vec::new, |running| running.sfu.rooms());
            let audience = |room: sfu_server::RoomSummary| {
                (
                    room.room,
                    Audience {
                        is_live: room.is_live,
                        n_viewers: room.n_viewers,
                    },
                )
            };
            rooms.into_iter().map(audience).collect()
        })
    }

    /// From here on a POST is 503.
    pub(crate) fn refuse_new(&self) {
        if let Some(running) = &self.running {
            running.whip_whep.set_draining();
        }
    }

    /// Closes every session of a room.
    pub(crate) async fn end_room(&self, room: RoomId) {
        if let Some(running) = &self.running {
            running.sfu.end_room(room).await;
        }
    }

    /// Closes every session and ends the workers.
    pub(crate) async fn shutdown(&self, within: Duration) {
        if let Some(running) = &self.running {
            running.whip_whep.deliver_events(LAST_EVENTS_WITHIN).await;
            running.sfu.shutdown(within).await;
        }
    }
}
