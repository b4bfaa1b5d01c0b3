//! What the floods did, held against what they may do.

mod table;

use std::time::Duration;

use serde::Serialize;

use super::{Flood, Outcome, Pair, SetUps, Watched};
use crate::latency::SPAN;

/// What a flood may cost. A calm run of the same invocation is the measure of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Bars {
    /// The 95th percentile of a set-up, above the calm one.
    pub setup_excess_max: Duration,
    /// The 99th percentile of media's latency, above the calm one.
    pub latency_excess_max: Duration,
    /// Server CPU for each binding request that is rejected, its receipt included, in microseconds.
    pub cpu_us_max: f64,
    /// What the server's memory may grow by, beyond what it grows by without the flood. Four hundred thousand requests that
    /// left as little as a pointer each would pass it three times over.
    pub growth_excess_bytes_max: u64,
}

impl Default for Bars {
    fn default() -> Self {
        Self {
            setup_excess_max: Duration::from_millis(50),
            latency_excess_max: Duration::from_millis(2),
            cpu_us_max: 3.0,
            growth_excess_bytes_max: 1 << 20,
        }
    }
}

/// The least share of a flood's rate that must have been sent, and of what was sent that the server must have counted. What is
/// missing was lost on a machine that is too busy, and a flood that did not take place proves nothing.
const FLOOD_SHARE_MIN: f64 = 0.95;

/// Most cores that the server may have waited for while nobody attacked; a run above it has failed. A quarter of the core that
/// it is pinned to: then other programs have the machine, and a flood that makes nothing worse proves nothing.
const WAITED_CORES_MAX: f64 = 0.25;

/// The figures of a run. Each name says its unit.
#[derive(Debug, Serialize)]
pub struct Report {
    setups_wanted: usize,
    setups_calm: usize,
    setups_flooded: usize,
    setup_p50_ms: Pair<Option<f64>>,
    setup_p95_ms: Pair<Option<f64>>,
    setup_p95_excess_ms_max: f64,
    hellos: FloodReport,
    packets_received: Pair<u64>,
    latency_p50_ms: Pair<Option<f64>>,
    latency_p99_ms: Pair<Option<f64>>,
    latency_p99_excess_ms_max: f64,
    requests: FloodReport,
    server_cores: Pair<f64>,
    server_cores_waited_for: Pair<f64>,
    cpu_us_per_rejected: f64,
    cpu_us_per_rejected_max: f64,
    grown_bytes: Pair<u64>,
    grown_excess_bytes_max: u64,
    sessions_before: u64,
    sessions_after: u64,
    passed: bool,
}

/// One flood.
#[derive(Debug, Serialize)]
struct FloodReport {
    wanted_per_second: u32,
    sent_per_second: f64,
    sent: u64,
    refused_by_our_kernel: u64,
    rejected: u64,
    answers: u64,
}

impl FloodReport {
    fn new(flood: &Flood) -> Self {
        let Flood {
            wanted_per_second,
            attacked,
            n_rejected,
        } = *flood;
        Self {
            wanted_per_second,
            sent_per_second: attacked.n_sent as f64 / attacked.lasted.as_secs_f64(),
            sent: attacked.n_sent,
            refused_by_our_kernel: attacked.n_refused,
            rejected: n_rejected,
            answers: attacked.n_answers,
        }
    }

    fn failures(&self) -> [(bool, &'static str); 3] {
        let wanted = f64::from(self.wanted_per_second);
        let is_slow = self.sent_per_second < wanted * FLOOD_SHARE_MIN;
        let is_uncounted = (self.rejected as f64) < self.sent as f64 * FLOOD_SHARE_MIN;
        [
            (is_slow || self.sent == 0, "a flood did not reach its rate"),
            (is_uncounted, "the server did not reject all of a flood"),
            (self.answers > 0, "a stranger was answered"),
        ]
    }
}

impl Report {
    /// The figures of an outcome, held against the bars.
    pub fn new(outcome: &Outcome, bars: Bars) -> Self {
        let Pair { calm, flooded } = &outcome.watched;
        let setup = |percent| both(&outcome.set_ups, |s| percentile_ms(s, percent));
        let latency = |percent| both(&outcome.watched, |w| latency_ms(w, percent));
        // Blocks of both kinds are equally long: what the server used more, it used for the flood.
        let extra = flooded.server.ran.as_secs_f64() - calm.server.ran.as_secs_f64();
        let mut report = Self {
            setups_wanted: outcome.set_ups.flooded.n_wanted,
            setups_calm: outcome.set_ups.calm.n_connected,
            setups_flooded: outcome.set_ups.flooded.n_connected,
            setup_p50_ms: setup(50),
            setup_p95_ms: setup(95),
            setup_p95_excess_ms_max: ms(bars.setup_excess_max),
            hellos: FloodReport::new(&outcome.hellos),
            packets_received: both(&outcome.watched, |w| w.n_packets),
            latency_p50_ms: latency(50),
            latency_p99_ms: latency(99),
            latency_p99_excess_ms_max: ms(bars.latency_excess_max),
            requests: FloodReport::new(&outcome.requests),
            server_cores: both(&outcome.watched, |w| cores(w, w.server.ran)),
            server_cores_waited_for: both(&outcome.watched, |w| cores(w, w.server.waited)),
            cpu_us_per_rejected: extra * 1e6 / outcome.requests.n_rejected.max(1) as f64,
            cpu_us_per_rejected_max: bars.cpu_us_max,
            grown_bytes: both(&outcome.watched, |w| w.grown_bytes),
            grown_excess_bytes_max: bars.growth_excess_bytes_max,
            sessions_before: outcome.n_sessions.0,
            sessions_after: outcome.n_sessions.1,
            passed: false,
        };
        report.passed = report.failures().is_empty();
        report
    }

    /// Whether every bar was kept.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// Which bars were not kept.
    fn failures(&self) -> Vec<&'static str> {
        let Pair { calm, flooded } = self.grown_bytes;
        let has_grown = flooded.saturating_sub(calm) > self.grown_excess_bytes_max;
        let is_busy = self.server_cores_waited_for.calm > WAITED_CORES_MAX;
        let checks = [
            (is_busy, "the machine is too busy with something else"),
            (
                self.setups_calm < self.setups_wanted,
                "a session was not set up, though nobody disturbed it",
            ),
            (
                self.setups_flooded < self.setups_wanted,
                "a session was not set up",
            ),
            (
                exceeds(&self.setup_p95_ms, self.setup_p95_excess_ms_max),
                "sessions are set up more slowly",
            ),
            (
                exceeds(&self.latency_p99_ms, self.latency_p99_excess_ms_max),
                "media is later",
            ),
            (
                self.cpu_us_per_rejected > self.cpu_us_per_rejected_max,
                "a request costs too much to reject",
            ),
            (
                has_grown || self.sessions_before != self.sessions_after,
                "strangers leave something behind",
            ),
        ];
        let floods = [self.hellos.failures(), self.requests.failures()];
        let all = checks.into_iter().chain(floods.into_iter().flatten());
        let failed = all.filter(|(is_failed, _)| *is_failed);
        failed.map(|(_, what)| what).collect()
    }
}

/// True when the flooded figure is more than so much above the calm one, or when one of them does not exist.
fn exceeds(pair: &Pair<Option<f64>>, excess_max: f64) -> bool {
    match (pair.calm, pair.flooded) {
        (Some(calm), Some(flooded)) => flooded - calm > excess_max,
        _ => true,
    }
}

fn both<T, U>(pair: &Pair<T>, figure: impl Fn(&T) -> U) -> Pair<U> {
    Pair {
        calm: figure(&pair.calm),
        flooded: figure(&pair.flooded),
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn percentile_ms(set_ups: &SetUps, percent: usize) -> Option<f64> {
    let mut sorted = set_ups.took.clone();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().map(ms)
}

/// `None` as well when packets were later than can be told apart: two such figures must not look alike.
fn latency_ms(watched: &Watched, percent: u64) -> Option<f64> {
    let percentile = watched.latency.percentile(percent)?;
    (percentile <= SPAN).then(|| ms(percentile))
}

fn cores(watched: &Watched, used: Duration) -> f64 {
    used.as_secs_f64() / watched.lasted.as_secs_f64()
}

#[cfg(test)]
mod tests;
