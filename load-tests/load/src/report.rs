//! What a run says in the end: a table for people, JSON for tools, and whether the bars were kept.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use sfu_model::time::Instant;

use crate::continuity::Faults;
use crate::fanout::Outcome;
use crate::latency::at_percentile;
use crate::limit::Spread;
use crate::network_figures::{self, NetworkFigures};
use crate::table::or_dash;

/// What a run must not exceed.
#[derive(Clone, Copy, Debug)]
pub struct Bars {
    /// Packets that never came, all players together.
    pub lost_max: u64,
    /// Server CPU for each packet that a player got, in microseconds.
    pub cpu_us_max: Option<f64>,
    /// The same cost, in multiples of the limit.
    pub limit_ratio_max: Option<f64>,
    /// From a player's POST to its first whole picture, of all but 5 % of the players.
    pub join_p95_max: Option<Duration>,
    /// Keyframe requests that reach the publisher.
    pub keyframe_requests_max: Option<u64>,
    /// The latency of half of the packets.
    pub latency_p50_max: Option<Duration>,
    /// The latency of all but 1 % of the packets, beyond what a keyframe takes to reach everybody.
    pub latency_p99_beyond_max: Option<Duration>,
    /// What the server uses of the CPUs.
    pub server_cores_max: Option<f64>,
    /// Memory that a player costs the server.
    pub server_bytes_per_viewer_max: Option<u64>,
}

/// The figures of a run. Each name says its unit.
#[derive(Debug, Serialize)]
pub struct Report {
    viewers: usize,
    viewers_alive: usize,
    viewers_receiving: usize,
    viewers_with_picture: usize,
    measured_secs: f64,
    packets_received: u64,
    received_mbps: f64,
    packets_lost: u64,
    lost_max: u64,
    retransmissions: u64,
    viewers_at_encoding: Vec<usize>,
    arrival_reports: u64,
    faults: Faults,
    client_send_refused: usize,
    latency_p50_us: Option<u128>,
    latency_p95_us: Option<u128>,
    latency_p99_us: Option<u128>,
    latency_max_us: u128,
    latency_p50_max_us: Option<u128>,
    latency_p99_max_us: Option<u128>,
    keyframe_fanout_us: Option<u128>,
    join_p50_ms: Option<u128>,
    join_p95_ms: Option<u128>,
    join_p95_max_ms: Option<u128>,
    posts_spread_ms: Option<u128>,
    keyframe_requests: u64,
    keyframe_requests_max: Option<u64>,
    server_cpu_us_per_packet: Option<f64>,
    server_cpu_us_per_packet_max: Option<f64>,
    limit_cpu_us_per_packet: Option<f64>,
    server_cpu_over_limit: Option<f64>,
    server_cpu_over_limit_max: Option<f64>,
    server_cores: Option<f64>,
    server_cores_max: Option<f64>,
    server_cores_waited_for: Option<f64>,
    server_bytes_per_viewer: Option<u64>,
    server_bytes_per_viewer_max: Option<u64>,
    load_cores: f64,
    load_cores_waited_for: f64,
    networks: Vec<NetworkFigures>,
    passed: bool,
}

impl Report {
    /// The figures of an outcome, held against the bars.
    ///
    /// `limit` is what a packet costs this machine with nothing else done, where that was measured in the same run.
    pub fn new(outcome: &Outcome, bars: Bars, limit: Option<Spread>) -> Self {
        let measured = &outcome.measured;
        let (window, server) = (measured.window.total().window, measured.server);
        let settled = outcome.settled.total();
        let seconds = measured.lasted.as_secs_f64();
        let fanout = window.keyframes.median();
        let percentile = |percent| window.latency.percentile(percent).map(|d| d.as_micros());
        let joins = settled.joins_since(Instant::START);
        let at_each = settled.n_at.into_iter().take(outcome.encodings.all().len());
        let join = |percent| at_percentile(&joins, percent).map(|d| d.as_millis());
        let mut report = Self {
            viewers: outcome.n_viewers,
            viewers_alive: settled.n_alive,
            viewers_receiving: settled.n_receiving,
            viewers_with_picture: joins.len(),
            measured_secs: seconds,
            packets_received: window.n_packets,
            received_mbps: window.n_bytes as f64 * 8.0 / seconds / 1e6,
            packets_lost: settled.n_lost,
            lost_max: bars.lost_max,
            retransmissions: settled.n_repairs,
            viewers_at_encoding: at_each.collect(),
            arrival_reports: settled.n_arrival_reports,
            faults: settled.faults,
            client_send_refused: settled.n_refused + outcome.published.n_refused,
            latency_p50_us: percentile(50),
            latency_p95_us: percentile(95),
            latency_p99_us: percentile(99),
            latency_max_us: window.latency.max().as_micros(),
            latency_p50_max_us: bars.latency_p50_max.map(|max| max.as_micros()),
            latency_p99_max_us: bars
                .latency_p99_beyond_max
                .zip(fanout)
                .map(|(beyond, fanout)| (beyond + fanout).as_micros()),
            keyframe_fanout_us: fanout.map(|fanout| fanout.as_micros()),
            server_cores_max: bars.server_cores_max,
            server_bytes_per_viewer_max: bars.server_bytes_per_viewer_max,
            join_p50_ms: join(50),
            join_p95_ms: join(95),
            join_p95_max_ms: bars.join_p95_max.map(|max| max.as_millis()),
            posts_spread_ms: settled
                .posted
                .map(|(first, last)| last.saturating_since(first).as_millis()),
            keyframe_requests: outcome.published.n_keyframe_requests,
            keyframe_requests_max: bars.keyframe_requests_max,
            server_cpu_us_per_packet: server.map(|used| used.us_per_packet(window.n_packets)),
            server_cpu_us_per_packet_max: bars.cpu_us_max,
            limit_cpu_us_per_packet: limit.map(|limit| limit.median / 1e3),
            server_cpu_over_limit: None,
            server_cpu_over_limit_max: bars.limit_ratio_max,
            server_cores: server.map(|used| used.scheduled.ran.as_secs_f64() / seconds),
            server_cores_waited_for: server
                .map(|used| used.scheduled.waited.as_secs_f64() / seconds),
            server_bytes_per_viewer: server.map(|used| used.bytes_per_viewer(outcome.n_viewers)),
            networks: NetworkFigures::of(measured, &outcome.settled),
            load_cores: measured.own.ran.as_secs_f64() / seconds,
            load_cores_waited_for: measured.own.waited.as_secs_f64() / seconds,
            passed: false,
        };
        report.server_cpu_over_limit = report
            .server_cpu_us_per_packet
            .zip(report.limit_cpu_us_per_packet)
            .map(|(cost, limit)| cost / limit);
        report.passed = report.failures().is_empty();
        report
    }

    /// Whether every bar was kept.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// Which bars were not kept.
    fn failures(&self) -> Vec<&'static str> {
        let is_beyond = |figure: Option<f64>, max: Option<f64>| match (max, figure) {
            (Some(max), Some(figure)) => figure > max,
            // A bar whose figure is missing is not kept.
            (Some(_), None) => true,
            (None, _) => false,
        };
        let is_too_costly =
            is_beyond(
                self.server_cpu_us_per_packet,
                self.server_cpu_us_per_packet_max,
            ) || is_beyond(self.server_cpu_over_limit, self.server_cpu_over_limit_max);
        // Whoever has not joined is not among those that joined soon.
        let joins_late = self.join_p95_max_ms.is_some_and(|max| {
            self.viewers_with_picture < self.viewers || self.join_p95_ms.is_none_or(|ms| ms > max)
        });
        let asks_too_often = self
            .keyframe_requests_max
            .is_some_and(|max| self.keyframe_requests > max);
        let is_above = |figure: Option<u128>, max: Option<u128>| {
            max.is_some_and(|max| figure.is_none_or(|figure| figure > max))
        };
        let comes_late = is_above(self.latency_p50_us, self.latency_p50_max_us)
            || is_above(self.latency_p99_us, self.latency_p99_max_us);
        let holds_too_much = is_above(
            self.server_bytes_per_viewer.map(u128::from),
            self.server_bytes_per_viewer_max.map(u128::from),
        );
        let checks = [
            (comes_late, "packets come too late"),
            (holds_too_much, "a player costs the server too much memory"),
            (
                is_beyond(self.server_cores, self.server_cores_max),
                "the server uses too much of the CPUs",
            ),
            (
                self.viewers_receiving < self.viewers,
                "a player receives nothing",
            ),
            (self.packets_received == 0, "nothing was received"),
            (self.packets_lost > self.lost_max, "packets were lost"),
            (
                self.faults != Faults::default(),
                "the stream was not continuous",
            ),
            (is_too_costly, "a packet costs the server too much"),
            (joins_late, "players wait too long for their first picture"),
            (
                asks_too_often,
                "the publisher is asked for too many keyframes",
            ),
        ];
        let failed = checks.into_iter().filter(|(is_failed, _)| *is_failed);
        failed.map(|(_, what)| what).collect()
    }
}

/// One line of the table: what, how much, and the bar where there is one.
type Row = (&'static str, String, String);

fn row(name: &'static str, figure: impl fmt::Display) -> Row {
    (name, figure.to_string(), String::new())
}

fn barred(name: &'static str, figure: impl fmt::Display, bar: impl fmt::Display) -> Row {
    (name, figure.to_string(), bar.to_string())
}

impl Report {
    fn stream_rows(&self) -> Vec<Row> {
        let Faults {
            duplicates,
            misnumbered,
            joined_without_keyframe,
            foreign,
        } = self.faults;
        let at_each: Vec<String> = self
            .viewers_at_encoding
            .iter()
            .map(usize::to_string)
            .collect();
        let lost_bar = format!("<= {}", self.lost_max);
        vec![
            barred(
                "players whose session lives",
                self.viewers_alive,
                self.viewers,
            ),
            barred("players that receive", self.viewers_receiving, self.viewers),
            row("measured, s", format!("{:.0}", self.measured_secs)),
            row("packets received", self.packets_received),
            row(
                "received, Mbit/s of payload",
                format!("{:.1}", self.received_mbps),
            ),
            barred("packets lost", self.packets_lost, lost_bar),
            row("retransmissions received", self.retransmissions),
            row("players at each encoding, low to high", at_each.join(" ")),
            row("reports of arrivals sent", self.arrival_reports),
            barred("packets received twice", duplicates, 0),
            barred("packets out of numbering", misnumbered, 0),
            barred("joins without a keyframe", joined_without_keyframe, 0),
            barred("foreign payloads", foreign, 0),
            row(
                "datagrams our own sockets refused",
                self.client_send_refused,
            ),
        ]
    }

    fn cost_rows(&self) -> Vec<Row> {
        let cpu = self.server_cpu_us_per_packet.map(|us| format!("{us:.2}"));
        let cpu_bar = self.server_cpu_us_per_packet_max;
        let cpu_bar = cpu_bar.map_or_else(String::new, |max| format!("<= {max:.2}"));
        let limit = self.limit_cpu_us_per_packet.map(|us| format!("{us:.2}"));
        let ratio = self
            .server_cpu_over_limit
            .map(|ratio| format!("{ratio:.2}"));
        let ratio_bar = self.server_cpu_over_limit_max;
        let ratio_bar = ratio_bar.map_or_else(String::new, |max| format!("<= {max:.2}"));
        let at_most = |max: Option<u128>| max.map_or_else(String::new, |max| format!("<= {max}"));
        let join_bar = at_most(self.join_p95_max_ms);
        let asked = self.keyframe_requests;
        let asked_bar = at_most(self.keyframe_requests_max.map(u128::from));
        let cores = self.server_cores.map(|cores| format!("{cores:.2}"));
        let waited = self.server_cores_waited_for;
        let waited = waited.map(|cores| format!("{cores:.2}"));
        let own_wait = format!("{:.2}", self.load_cores_waited_for);
        let memory = self.server_bytes_per_viewer.map(|bytes| bytes / 1_024);
        let memory_max = self.server_bytes_per_viewer_max.map(|max| max / 1_024);
        let memory_bar = at_most(memory_max.map(u128::from));
        let cores_bar = self.server_cores_max;
        let cores_bar = cores_bar.map_or_else(String::new, |max| format!("<= {max:.2}"));
        vec![
            barred(
                "latency p50, us",
                or_dash(self.latency_p50_us),
                at_most(self.latency_p50_max_us),
            ),
            row("latency p95, us", or_dash(self.latency_p95_us)),
            barred(
                "latency p99, us",
                or_dash(self.latency_p99_us),
                at_most(self.latency_p99_max_us),
            ),
            row(
                "a keyframe reaches everybody, us",
                or_dash(self.keyframe_fanout_us),
            ),
            row("latency max, us", self.latency_max_us),
            row(
                "first to last POST of players, ms",
                or_dash(self.posts_spread_ms),
            ),
            row(
                "POST to first whole picture, p50, ms",
                or_dash(self.join_p50_ms),
            ),
            barred(
                "POST to first whole picture, p95, ms",
                or_dash(self.join_p95_ms),
                join_bar,
            ),
            barred("keyframe requests at the publisher", asked, asked_bar),
            barred("server CPU per received packet, us", or_dash(cpu), cpu_bar),
            row("limit of this machine, us", or_dash(limit)),
            barred("server CPU over the limit", or_dash(ratio), ratio_bar),
            barred("server CPU, cores", or_dash(cores), cores_bar),
            row("cores that the server waited for", or_dash(waited)),
            barred("server memory per player, KiB", or_dash(memory), memory_bar),
            row(
                "CPU of this program, cores",
                format!("{:.2}", self.load_cores),
            ),
            row("cores that this program waited for", own_wait),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figure, bar) in self.stream_rows().into_iter().chain(self.cost_rows()) {
            let line = format!("{name:<38} {figure:>14}   {bar}");
            writeln!(f, "{}", line.trim_end())?;
        }
        network_figures::write(f, "by network", &self.networks)?;
        for failure in self.failures() {
            writeln!(f, "FAILED: {failure}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
