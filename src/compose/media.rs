//! The media plane and the HTTP in front of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use prometheus_client::registry::Registry;
use sfu_model::id::RoomId;
use signaling_auth::authorizer::Authorizer;
use tokio_util::task::TaskTracker;

use crate::api::Audiences;
use crate::config::Config;
use crate::health::MediaProbe;
use crate::live::LiveSince;
use crate::roles::Roles;

/// The media plane does not start. The operator must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum MediaError {}

/// The media plane of this process.
#[derive(Clone)]
pub(crate) struct Media {}

impl Media {
    pub(crate) fn start(
        _config: &Config,
        _roles: &Roles,
        _authorizer: &Arc<Authorizer>,
        _live: LiveSince,
        _tasks: &TaskTracker,
    ) -> Result<Self, MediaError> {
        Ok(Self {})
    }

    pub(crate) fn ice_addresses(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
    }

    pub(crate) fn register_metrics(&self, _registry: &mut Registry) {}

    pub(crate) fn probe(&self) -> MediaProbe {
        Arc::new(|| true)
    }

    pub(crate) fn audiences(&self) -> Audiences {
        Arc::new(Vec::new)
    }

    pub(crate) fn refuse_new(&self) {}

    pub(crate) async fn end_room(&self, _room: RoomId) {}

    pub(crate) async fn shutdown(&self, _within: Duration) {}
}
