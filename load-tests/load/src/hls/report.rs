//! What a run says in the end: a table for people, JSON for tools, and whether the bars were kept.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::crowd::Outcome;
use super::slow_report::SlowReport;
use super::spread::{Spread, ms};
use crate::table::or_dash;

/// What a run must not exceed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bars {
    /// Lateness of all but 1 % of the reloads that were held.
    pub reload_p99_max: Option<Duration>,
    /// What slow readers may add to that.
    pub slow_delay_max: Option<Duration>,
    /// When the last slow reader must have been cut.
    pub slow_max: Option<Duration>,
    /// All viewers together.
    pub stalls_max: Option<u64>,
    /// Answers that are no 200, and connections that broke.
    pub errors_max: Option<u64>,
}

/// The figures of a run. Each name says its unit.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    viewers: usize,
    connections: usize,
    measured_secs: f64,
    requests: u64,
    requests_per_second: f64,
    statuses: BTreeMap<u16, u64>,
    broken_connections: u64,
    unreadable_answers: u64,
    errors_max: Option<u64>,
    body_mbps: f64,
    reloads_held: Spread,
    reload_p99_max_ms: Option<f64>,
    slow_readers: Option<SlowReport>,
    reloads_not_held: u64,
    parts: Spread,
    part_age: Spread,
    stalls: u64,
    stalled_secs: f64,
    stalls_max: Option<u64>,
    ended: u64,
    server_cores: Option<f64>,
    server_cores_waited_for: Option<f64>,
    server_cpu_us_per_request: Option<f64>,
    server_bytes_per_viewer: Option<u64>,
    load_cores: f64,
    load_cores_waited_for: f64,
    passed: bool,
}

impl Report {
    /// The figures of an outcome, held against the bars.
    pub fn new(outcome: &Outcome, bars: Bars) -> Self {
        let (figures, seconds) = (&outcome.figures, outcome.lasted.as_secs_f64());
        let (requests, reloads) = (figures.n_requests(), Spread::of(&figures.reloads));
        let reload_p99_max_ms = bars.reload_p99_max.map(ms);
        let slow_readers = (outcome.slow.as_ref())
            .map(|slow| SlowReport::new(slow, reloads, bars.slow_delay_max, bars.slow_max));
        let is_at_most = |value: u64, max: Option<u64>| max.is_none_or(|max| value <= max);
        let is_in_time = match (reload_p99_max_ms, reloads.p99_ms) {
            (Some(max), Some(p99)) => p99 <= max,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let cores = |ran: Duration| ran.as_secs_f64() / seconds;
        let grown =
            |(idle, full): (u64, u64)| full.saturating_sub(idle) / outcome.n_viewers.max(1) as u64;
        Self {
            viewers: outcome.n_viewers,
            connections: outcome.n_tracks,
            measured_secs: seconds,
            requests,
            requests_per_second: requests as f64 / seconds,
            statuses: figures.statuses.clone(),
            broken_connections: figures.broken,
            unreadable_answers: figures.unreadable,
            errors_max: bars.errors_max,
            body_mbps: figures.body_bytes as f64 * 8.0 / seconds / 1e6,
            reloads_held: reloads,
            reload_p99_max_ms,
            reloads_not_held: figures.not_held,
            parts: Spread::of(&figures.parts),
            part_age: Spread::of(&figures.ages),
            stalls: figures.stalls,
            stalled_secs: figures.stalled.as_secs_f64(),
            stalls_max: bars.stalls_max,
            ended: figures.ended,
            server_cores: outcome.server.map(|server| cores(server.ran)),
            server_cores_waited_for: outcome.server.map(|server| cores(server.waited)),
            server_cpu_us_per_request: outcome
                .server
                .map(|server| server.ran.as_secs_f64() * 1e6 / requests.max(1) as f64),
            server_bytes_per_viewer: outcome.server_bytes.map(grown),
            load_cores: cores(outcome.own.ran),
            load_cores_waited_for: cores(outcome.own.waited),
            passed: is_in_time
                && slow_readers.as_ref().is_none_or(|slow| slow.passed)
                && requests > 0
                && is_at_most(figures.stalls, bars.stalls_max)
                && is_at_most(figures.n_errors(), bars.errors_max),
            slow_readers,
        }
    }

    /// The bars were kept.
    pub fn passed(&self) -> bool {
        self.passed
    }
}

impl Report {
    /// What there is one figure of.
    fn rows(&self) -> [(&'static str, String); 18] {
        let statuses = self
            .statuses
            .iter()
            .map(|(status, n)| format!("{status}: {n}"));
        [
            ("viewers", self.viewers.to_string()),
            ("connections", self.connections.to_string()),
            ("seconds", format!("{:.1}", self.measured_secs)),
            (
                "requests per second",
                format!("{:.0}", self.requests_per_second),
            ),
            ("answers", statuses.collect::<Vec<_>>().join(", ")),
            (
                "reloads that were not held",
                self.reloads_not_held.to_string(),
            ),
            (
                "connections that broke",
                self.broken_connections.to_string(),
            ),
            (
                "answers that could not be read",
                self.unreadable_answers.to_string(),
            ),
            ("Mbit/s of bodies", format!("{:.0}", self.body_mbps)),
            ("stalls", self.stalls.to_string()),
            ("seconds of stalls", format!("{:.1}", self.stalled_secs)),
            ("playlists that ended", self.ended.to_string()),
            ("server: cores", decimals(self.server_cores)),
            (
                "server: cores waited for",
                decimals(self.server_cores_waited_for),
            ),
            (
                "server: microseconds per request",
                decimals(self.server_cpu_us_per_request),
            ),
            (
                "server: bytes per viewer",
                or_dash(self.server_bytes_per_viewer),
            ),
            ("load: cores", format!("{:.2}", self.load_cores)),
            (
                "load: cores waited for",
                format!("{:.2}", self.load_cores_waited_for),
            ),
        ]
    }
}

fn decimals(figure: Option<f64>) -> String {
    or_dash(figure.map(|figure| format!("{figure:.2}")))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<36} {:>9} {:>9} {:>9} {:>9}",
            "milliseconds", "p50", "p95", "p99", "max"
        )?;
        let spreads = [
            ("ready to last byte of held reload", self.reloads_held),
            ("ready to last byte of part", self.parts),
            ("age of part", self.part_age),
        ];
        for (name, spread) in spreads {
            writeln!(f, "{name:<36} {spread}")?;
        }
        let slow = self.slow_readers.as_ref().map(SlowReport::rows);
        if let Some((without, _)) = &slow {
            writeln!(f, "{:<36} {without}", "held reload without slow readers")?;
        }
        let of_slow = slow.into_iter().flat_map(|(_, rows)| rows);
        for (name, figure) in self.rows().into_iter().chain(of_slow) {
            writeln!(f, "{name:<36} {figure:>9}")?;
        }
        if !self.passed {
            let max = |max: Option<u64>| or_dash(max);
            let late = decimals(self.reload_p99_max_ms);
            let (stalls, errors) = (max(self.stalls_max), max(self.errors_max));
            writeln!(
                f,
                "FAILED: the bars are reload p99 {late} ms, {stalls} stalls, {errors} errors"
            )?;
        }
        Ok(())
    }
}
