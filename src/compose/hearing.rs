//! Who is told what happens in the media plane.

use bridge_packager::latency::LatencyMode;
use bridge_server::bridge::Bridge;
use sfu_core::event::Event;
use sfu_net::clock;
use tokio::sync::mpsc::Receiver;
use tracing::info;
use whip_whep_server::service::WhipWhep;

use crate::config::hls::Latency;
use crate::latencies::Latencies;
use crate::live::LiveSince;

/// Whoever depends on it.
pub(super) struct Hearing {
    pub(super) whip_whep: WhipWhep,
    pub(super) bridge: Option<Bridge>,
    pub(super) latencies: Latencies,
    pub(super) live: LiveSince,
}

impl Hearing {
    /// Tells them what happened in the media plane, until that ends.
    pub(super) async fn listen(self, mut events: Receiver<Event>) {
        while let Some(event) = events.recv().await {
            match event {
                Event::SessionConnected {
                    session,
                    room,
                    role,
                    after,
                } => {
                    let after_ms = after.as_millis();
                    info!(?session, %room, role = role.label(), after_ms, "a session is connected");
                }
                Event::SessionClosed {
                    session,
                    room,
                    role,
                    reason,
                } => {
                    self.whip_whep.session_closed(session);
                    info!(?session, %room, role = role.label(), reason = reason.label(), "a session has closed");
                }
                Event::RoomLive {
                    room, publisher, ..
                } => {
                    info!(%room, ?publisher, "a stream is live");
                    self.whip_whep.room_changed(&room, true);
                    let packaged_as = packaged_as(self.latencies.of(&room));
                    if let (Some(bridge), Some(latency)) = (&self.bridge, packaged_as) {
                        bridge.room_live(&room, latency);
                    }
                    self.live.begin(room, clock::unix_now());
                }
                Event::RoomSilent { room } => {
                    info!(%room, "a stream has no publisher");
                    self.whip_whep.room_changed(&room, false);
                    if let Some(bridge) = &self.bridge {
                        bridge.room_silent(&room);
                    }
                    self.live.end(&room);
                }
                Event::FirstPacketSent { .. }
                | Event::AddressValidated { .. }
                | Event::AddressForgotten { .. } => {}
            }
        }
    }
}

/// How a stream is cut; `None`: it is not packaged.
const fn packaged_as(latency: Latency) -> Option<LatencyMode> {
    match latency {
        Latency::UltraLow => None,
        Latency::Low => Some(LatencyMode::Low),
        Latency::Standard => Some(LatencyMode::Standard),
    }
}
