//! What a wire did: a table for people, JSON for programs.

use std::fmt;

use freshet_sim::network::{Carried, Direction};
use serde::Serialize;

use crate::histogram::Histogram;

/// Both directions of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// From the far end to the near one.
    pub up: Way,
    /// From the near end to the far one.
    pub down: Way,
}

/// One direction of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Packets put into it.
    pub packets: u64,
    /// Packets that came out.
    pub delivered: u64,
    /// Packets that the line lost, each for itself or in bursts.
    pub dropped_line: u64,
    /// Packets that found the bottleneck's queue full.
    pub dropped_queue: u64,
    /// Packets sent while the path was cut.
    pub dropped_cut: u64,
    /// Packets for which the emulator itself had no room ([`IN_FLIGHT_MAX`](crate::wire::IN_FLIGHT_MAX)).
    pub dropped_full: u64,
    /// Packets that the device at the other end did not take.
    pub dropped_refused: u64,
    /// How long packets waited before the bottleneck.
    pub queue_ms: Percentiles,
    /// How much later than the network decided packets came out: the machine's doing.
    pub late_ms: Percentiles,
}

/// Percentiles of a time, in whole milliseconds; zero where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Percentiles {
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
    pub max: u64,
}

impl From<&Histogram> for Percentiles {
    fn from(histogram: &Histogram) -> Self {
        let at = |percent| histogram.percentile_ms(percent).unwrap_or(0);
        Self {
            p50: at(50),
            p95: at(95),
            p99: at(99),
            max: at(100),
        }
    }
}

/// What is counted of one direction beside what the network counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    pub(crate) dropped_full: u64,
    pub(crate) dropped_refused: u64,
    pub(crate) queue: Histogram,
    pub(crate) late: Histogram,
}

impl Tally {
    /// The figures of a direction, with what its network counted.
    pub(crate) fn way(&self, carried: Carried) -> Way {
        Way {
            packets: carried.datagrams + self.dropped_full,
            delivered: self.delivered,
            dropped_line: carried.lost - carried.cut - carried.overflowed,
            dropped_queue: carried.overflowed,
            dropped_cut: carried.cut,
            dropped_full: self.dropped_full,
            dropped_refused: self.dropped_refused,
            queue_ms: Percentiles::from(&self.queue),
            late_ms: Percentiles::from(&self.late),
        }
    }
}

/// One of two, by direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Both<T> {
    pub(crate) up: T,
    pub(crate) down: T,
}

impl<T> Both<T> {
    pub(crate) fn of(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24}{:>12}{:>12}", "", "up", "down")?;
        let (up, down) = (&self.up, &self.down);
        let mut row = |name, up: u64, down: u64| writeln!(f, "{name:<24}{up:>12}{down:>12}");
        row("packets", up.packets, down.packets)?;
        row("delivered", up.delivered, down.delivered)?;
        row("dropped: line", up.dropped_line, down.dropped_line)?;
        row("dropped: queue full", up.dropped_queue, down.dropped_queue)?;
        row("dropped: cut", up.dropped_cut, down.dropped_cut)?;
        row("dropped: emulator full", up.dropped_full, down.dropped_full)?;
        row("dropped: refused", up.dropped_refused, down.dropped_refused)?;
        for (name, up, down) in [
            ("queue", up.queue_ms, down.queue_ms),
            ("late", up.late_ms, down.late_ms),
        ] {
            for (part, up, down) in [
                ("p50", up.p50, down.p50),
                ("p95", up.p95, down.p95),
                ("p99", up.p99, down.p99),
                ("max", up.max, down.max),
            ] {
                let name = format!("{name} {part}, ms");
                writeln!(f, "{name:<24}{up:>12}{down:>12}")?;
            }
        }
        Ok(())
    }
}
