//! One step: its figures, and which bar it breaks.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::continuity::Faults;
use crate::latency::at_percentile;
use crate::network_figures::NetworkFigures;
use crate::stage::Measured;
use crate::table::or_dash;
use crate::tally::Tallies;

/// What no step may break.
#[derive(Clone, Copy, Debug)]
pub struct Bars {
    /// Packets that never came, all players of a step together.
    pub lost_max: u64,
    /// From the publisher's write to the kernel's receipt for a player, of all but 1 % of the packets.
    pub latency_p99_max: Option<Duration>,
    /// What the server uses of the CPUs.
    pub server_cores_max: Option<f64>,
}

/// The figures of one step. Each name says its unit.
#[derive(Debug, Serialize)]
pub struct Step {
    viewers: usize,
    measured_secs: f64,
    viewers_receiving: usize,
    viewers_with_picture: usize,
    packets_per_second: f64,
    received_mbps: f64,
    /// Since the step before.
    packets_lost: u64,
    /// Since the first player joined.
    #[serde(skip)]
    n_lost: u64,
    faults: Faults,
    latency_p50_us: Option<u128>,
    latency_p99_us: Option<u128>,
    /// Of those who joined in this step.
    join_p50_ms: Option<u128>,
    join_p95_ms: Option<u128>,
    server_cpu_us_per_packet: Option<f64>,
    server_cores: Option<f64>,
    server_cores_waited_for: Option<f64>,
    server_bytes_per_viewer: Option<u64>,
    load_cores: f64,
    load_cores_waited_for: f64,
    networks: Vec<NetworkFigures>,
}

impl Step {
    /// The figures of what was measured. `settled` are the players once everything that could be repaired was, `joins` how long
    /// those took who joined, shortest first.
    pub(super) fn new(
        n_viewers: usize,
        measured: &Measured,
        settled: &Tallies,
        joins: &[Duration],
    ) -> Self {
        let seconds = measured.lasted.as_secs_f64();
        let networks = NetworkFigures::of(measured, settled);
        let (window, server) = (measured.window.total().window, measured.server);
        let settled = settled.total();
        let percentile = |percent| window.latency.percentile(percent).map(|d| d.as_micros());
        let join = |percent| at_percentile(joins, percent).map(|d| d.as_millis());
        Self {
            viewers: n_viewers,
            measured_secs: seconds,
            viewers_receiving: settled.n_receiving,
            viewers_with_picture: settled.joins.len(),
            packets_per_second: window.n_packets as f64 / seconds,
            received_mbps: window.n_bytes as f64 * 8.0 / seconds / 1e6,
            packets_lost: settled.n_lost,
            n_lost: settled.n_lost,
            faults: settled.faults,
            latency_p50_us: percentile(50),
            latency_p99_us: percentile(99),
            join_p50_ms: join(50),
            join_p95_ms: join(95),
            server_cpu_us_per_packet: server.map(|used| used.us_per_packet(window.n_packets)),
            server_cores: server.map(|used| used.scheduled.ran.as_secs_f64() / seconds),
            server_cores_waited_for: server.map(|u| u.scheduled.waited.as_secs_f64() / seconds),
            server_bytes_per_viewer: server.map(|used| used.bytes_per_viewer(n_viewers)),
            load_cores: measured.own.ran.as_secs_f64() / seconds,
            load_cores_waited_for: measured.own.waited.as_secs_f64() / seconds,
            networks,
        }
    }

    /// The same after a step in whose end so many were lost.
    pub(super) fn after(self, n_lost_before: u64) -> Self {
        Self {
            packets_lost: self.n_lost.saturating_sub(n_lost_before),
            ..self
        }
    }

    pub(super) fn viewers(&self) -> usize {
        self.viewers
    }

    /// Packets that never came, since the first player joined.
    pub(super) fn n_lost(&self) -> u64 {
        self.n_lost
    }

    pub(super) fn networks(&self) -> &[NetworkFigures] {
        &self.networks
    }

    /// The first bar that it breaks.
    pub(super) fn broken_bar(&self, bars: Bars) -> Option<String> {
        let p99_max = bars.latency_p99_max.map(|max| max.as_micros());
        let checks = [
            (self.viewers_receiving < self.viewers).then(|| {
                let n = self.viewers - self.viewers_receiving;
                format!("{n} players receive nothing, or not any more")
            }),
            (self.viewers_with_picture < self.viewers).then(|| {
                let n = self.viewers - self.viewers_with_picture;
                format!("{n} players have no picture")
            }),
            (self.packets_per_second <= 0.0).then(|| "nothing was received".to_owned()),
            (self.faults != Faults::default()).then(|| "the stream was not continuous".to_owned()),
            (self.packets_lost > bars.lost_max)
                .then(|| format!("{} packets lost, of {}", self.packets_lost, bars.lost_max)),
            exceeded(self.latency_p99_us, p99_max)
                .map(|(us, max)| format!("latency p99 {us} us, of {max}")),
            exceeded(self.server_cores, bars.server_cores_max)
                .map(|(cores, max)| format!("the server uses {cores:.2} cores, of {max:.2}")),
        ];
        checks.into_iter().flatten().next()
    }
}

/// A figure that is above its bar, and the bar.
fn exceeded<T: PartialOrd>(figure: Option<T>, max: Option<T>) -> Option<(T, T)> {
    figure.zip(max).filter(|(figure, max)| figure > max)
}

/// What stands above the steps of a table.
pub(super) const HEADING: &str = concat!(
    "viewers  packets/s   Mbit/s     lost  latency p50, p99 us  join p50, p95 ms  ",
    "server us/packet  cores  KiB/viewer  load cores"
);

impl fmt::Display for Step {
    /// A line under `HEADING`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cost = self.server_cpu_us_per_packet.map(|us| format!("{us:.2}"));
        let cores = self.server_cores.map(|cores| format!("{cores:.2}"));
        let memory = self.server_bytes_per_viewer.map(|bytes| bytes / 1_024);
        write!(
            f,
            "{:>7}  {:>9.0}  {:>7.1}  {:>7}  {:>9}  {:>8}  {:>8}  {:>6}  {:>16}  {:>5}  {:>10}  {:>10.2}",
            self.viewers,
            self.packets_per_second,
            self.received_mbps,
            self.packets_lost,
            or_dash(self.latency_p50_us),
            or_dash(self.latency_p99_us),
            or_dash(self.join_p50_ms),
            or_dash(self.join_p95_ms),
            or_dash(cost),
            or_dash(cores),
            or_dash(memory),
            self.load_cores,
        )
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::time::Instant;

    use super::*;
    use crate::network::Profile;
    use crate::proc::Scheduled;
    use crate::stage::ServerUse;
    use crate::tally::{Join, Tally};

    const BARS: Bars = Bars {
        lost_max: 5,
        latency_p99_max: Some(Duration::from_millis(20)),
        server_cores_max: Some(0.5),
    };

    /// Two players, of whom one more joined, and 10,000 packets in ten seconds.
    fn step(change: impl Fn(&mut Tally, &mut Measured)) -> Step {
        let mut window = Tally::default();
        window.window.n_packets = 10_000;
        window.window.n_bytes = 1_250_000;
        window.window.latency.record(Duration::from_millis(1));
        let join = Join {
            posted_at: Instant::START,
            took: Duration::from_millis(30),
        };
        let mut settled = Tally {
            n_alive: 2,
            n_receiving: 2,
            joins: vec![join; 2],
            n_lost: 12,
            ..Tally::default()
        };
        let mut measured = Measured {
            lasted: Duration::from_secs(10),
            window: Tallies::from_iter([(Profile::Clean, window)]),
            server: Some(ServerUse {
                scheduled: Scheduled {
                    ran: Duration::from_secs(1),
                    waited: Duration::ZERO,
                },
                resident_bytes: (1_000_000, 1_400_000),
            }),
            own: Scheduled::default(),
        };
        change(&mut settled, &mut measured);
        let settled = Tallies::from_iter([(Profile::Clean, settled)]);
        Step::new(2, &measured, &settled, &[Duration::from_millis(30)]).after(10)
    }

    #[test]
    fn a_step_has_these_figures_and_breaks_no_bar() {
        let step = step(|_, _| ());
        assert_eq!(step.broken_bar(BARS), None);
        assert_eq!((step.packets_lost, step.n_lost()), (2, 12));
        assert_eq!(step.server_cpu_us_per_packet, Some(100.0));
        assert_eq!(step.server_bytes_per_viewer, Some(200_000));
        assert_eq!(step.join_p95_ms, Some(30));
        let line = step.to_string();
        let words: Vec<_> = line.split_whitespace().collect();
        let expected = [
            "2", "1000", "1.0", "2", "1010", "1010", "30", "30", "100.00", "0.10", "195", "0.00",
        ];
        assert_eq!(words, expected);
        assert_eq!(line.len(), HEADING.len(), "{line}");
    }

    #[test]
    fn each_bar_can_be_broken() {
        type Change = fn(&mut Tally, &mut Measured);
        let changes: [(Change, &str); 7] = [
            (|settled, _| settled.n_receiving = 1, "receive nothing"),
            (|settled, _| settled.joins.truncate(1), "have no picture"),
            (|_, m| m.window = Tallies::default(), "nothing was received"),
            (|settled, _| settled.faults.misnumbered = 1, "continuous"),
            (|settled, _| settled.n_lost = 16, "6 packets lost, of 5"),
            (
                |_, measured| {
                    let mut window = Tally::default();
                    window.window.n_packets = 1;
                    window.window.latency.record(Duration::from_millis(21));
                    measured.window = Tallies::from_iter([(Profile::Clean, window)]);
                },
                "latency p99 21010 us, of 20000",
            ),
            (
                |_, measured| {
                    if let Some(server) = &mut measured.server {
                        server.scheduled.ran = Duration::from_secs(6);
                    }
                },
                "0.60 cores, of 0.50",
            ),
        ];
        for (change, why) in changes {
            let broken = step(change).broken_bar(BARS);
            assert!(
                broken.as_ref().is_some_and(|broken| broken.contains(why)),
                "{broken:?} is not {why}"
            );
        }
    }
}
