//! What the players of each network got.

use std::fmt;

use serde::Serialize;
use sfu_model::time::Instant;

use crate::latency::at_percentile;
use crate::network::Profile;
use crate::stage::Measured;
use crate::table::or_dash;
use crate::tally::Tallies;

/// The figures of one network's players. Each name says its unit; what is lost and what came again counts from each join on,
/// the rest within the window.
#[derive(Debug, Serialize)]
pub struct NetworkFigures {
    network: Profile,
    viewers: usize,
    received_kbps_per_viewer: f64,
    /// Of pictures, after repair.
    video_packets_lost: u64,
    /// Of sound, which no player asks for again.
    audio_packets_lost: u64,
    retransmissions: u64,
    latency_p50_us: Option<u128>,
    latency_p99_us: Option<u128>,
    join_p95_ms: Option<u128>,
}

impl NetworkFigures {
    /// Those of each network that has players.
    pub fn of(measured: &Measured, settled: &Tallies) -> Vec<Self> {
        let windows = &measured.window;
        let of_network = settled.iter().map(|(network, settled)| {
            let window = windows.of(*network).map(|tally| &tally.window);
            let latency = |percent| window?.latency.percentile(percent).map(|d| d.as_micros());
            let n_bits = window.map_or(0, |window| window.n_bytes) as f64 * 8.0;
            let viewer_seconds = measured.lasted.as_secs_f64() * settled.n_alive.max(1) as f64;
            let joins = settled.joins_since(Instant::START);
            Self {
                network: *network,
                viewers: settled.n_alive,
                received_kbps_per_viewer: n_bits / viewer_seconds / 1e3,
                video_packets_lost: settled.n_lost - settled.n_lost_audio,
                audio_packets_lost: settled.n_lost_audio,
                retransmissions: settled.n_repairs,
                latency_p50_us: latency(50),
                latency_p99_us: latency(99),
                join_p95_ms: at_percentile(&joins, 95).map(|d| d.as_millis()),
            }
        });
        of_network.collect()
    }
}

/// Writes a table, unless all players are on the machine itself: then there is nothing to tell apart.
pub(crate) fn write(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    networks: &[NetworkFigures],
) -> fmt::Result {
    if networks.iter().all(|row| row.network == Profile::Clean) {
        return Ok(());
    }
    writeln!(
        f,
        "{title:<16} players  kbit/s each  video lost  sound lost  sent again  latency p50, p99 us  join p95 ms"
    )?;
    for row in networks {
        writeln!(
            f,
            "  {:<14} {:>7}  {:>11.0}  {:>10}  {:>10}  {:>10}  {:>10}  {:>7}  {:>11}",
            row.network.to_string(),
            row.viewers,
            row.received_kbps_per_viewer,
            row.video_packets_lost,
            row.audio_packets_lost,
            row.retransmissions,
            or_dash(row.latency_p50_us),
            or_dash(row.latency_p99_us),
            or_dash(row.join_p95_ms),
        )?;
    }
    Ok(())
}
