//! Both endpoints, ready to be mounted.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use prometheus_client::registry::Registry;
use sfu_model::id::{RoomId, SessionId};
use sfu_server::Sfu;
use whip_whep_core::endpoint::{Config, WhipWhep as Core};

use crate::access::Access;
use crate::exchange::Exchange;
use crate::{metrics, router};

/// The WHIP and WHEP endpoints of a node. Clones share everything.
#[derive(Clone)]
pub struct WhipWhep {
    exchange: Arc<Exchange>,
}

impl WhipWhep {
    /// Endpoints that open their sessions on this SFU.
    pub fn new(config: Config, sfu: Sfu, access: Arc<Access>) -> Self {
        Self {
            exchange: Arc::new(Exchange::new(config, sfu, access)),
        }
    }

    /// `/whip/...` and `/whep/...`. Each request needs a [`ClientAddr`](crate::client_addr::ClientAddr) extension.
    pub fn router(&self) -> Router {
        router::router(Arc::clone(&self.exchange))
    }

    /// The SFU closed this session: its URL is 404 from here on.
    pub fn session_closed(&self, session: SessionId) {
        let now = self.exchange.now();
        self.exchange
            .with_core(|core| core.handle_session_closed(session, now));
    }

    /// Somebody publishes a room, or nobody does any more: players that listen are told.
    pub fn room_changed(&self, room: &RoomId, is_active: bool) {
        self.exchange
            .with_core(|core| core.handle_activity(room, is_active));
    }

    /// Something is wrong with a room for those who do not play it by WHEP, or is not any more: a publisher that listens is
    /// told all of it.
    pub fn room_warned(&self, room: &RoomId, warnings: &[&'static str]) {
        self.exchange
            .with_core(|core| core.handle_warnings(room, warnings));
    }

    /// Tells players that listen what changes, for ever: for a task of its own.
    pub async fn report(&self) {
        self.exchange.report().await;
    }

    /// Waits until players that listen have what waits for them, or until time is up.
    pub async fn deliver_events(&self, within: Duration) {
        self.exchange.deliver_events(within).await;
    }

    /// POSTs are 503 from here on; open sessions go on, and players that listen are told to come again.
    pub fn set_draining(&self) {
        self.exchange.with_core(Core::drain);
    }

    /// Puts `whip_whep_*` into the registry.
    pub fn register_metrics(&self, registry: &mut Registry) {
        metrics::register(registry, &self.exchange);
    }
}
