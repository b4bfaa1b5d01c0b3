//! The figures of all rounds, and whether the bars were kept.

use std::fmt;

use crate::cost::Cost;

/// The costs of all rounds; those of one place were taken one after the other.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    pub(crate) one_at_a_time: Vec<Cost>,
    pub(crate) picture_at_once: Vec<Cost>,
    pub(crate) estimated: Vec<Cost>,
    pub(crate) bare_seal: Vec<Cost>,
    pub(crate) estimation: Vec<Cost>,
    pub(crate) nacks_heard: Vec<Cost>,
    pub(crate) nacks_flood: Vec<Cost>,
    pub(crate) feedback_heard: Vec<Cost>,
    pub(crate) feedback_flood: Vec<Cost>,
}

/// What the median of the rounds must not exceed; of the worker, where packets come one at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bars {
    pub(crate) ns_max: Option<f64>,
    /// Beyond those of packets that came.
    pub(crate) allocations_max: Option<f64>,
    /// The same of viewers whose paths are estimated.
    pub(crate) estimated_allocations_max: Option<f64>,
    /// For each packet that came.
    pub(crate) receipt_allocations_max: Option<f64>,
    /// Of engines, for each packet that leaves.
    pub(crate) engine_allocations_max: Option<f64>,
    /// Of following the path of a viewer.
    pub(crate) estimation_ns_max: Option<f64>,
}

/// One figure over all rounds. The middle one is the figure; the others say how far to trust it.
#[derive(Clone, Copy, Debug)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn new(samples: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = samples.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self {
            least: at(0),
            median: at(sorted.len() / 2),
            most: at(sorted.len().saturating_sub(1)),
        }
    }
}

/// What a packet costs, each way of driving the worker apart.
#[derive(Debug)]
pub(crate) struct Figures {
    one: Way,
    picture: Way,
    estimated: Way,
    seal_ns: Spread,
    estimation_ns: Spread,
    estimation_allocations: Spread,
    /// What a hostile datagram costs, in nanoseconds.
    hostile: [(&'static str, Spread); 4],
}

#[derive(Debug)]
struct Way {
    ns: Spread,
    /// Against the bare seal of the same turn: what the machine was busy with slows both.
    seals: Spread,
    allocations: Spread,
    engine_allocations: Spread,
    receipt_allocations: Spread,
}

impl Way {
    fn new(rounds: &[Cost], seals: &[Cost]) -> Self {
        let pairs = rounds.iter().zip(seals);
        Self {
            ns: Spread::new(rounds.iter().map(Cost::ns_per_packet)),
            seals: Spread::new(pairs.map(|(c, seal)| c.ns_per_packet() / seal.ns_per_packet())),
            allocations: Spread::new(rounds.iter().map(Cost::allocations_per_packet)),
            engine_allocations: Spread::new(rounds.iter().map(Cost::engine_allocations_per_packet)),
            receipt_allocations: Spread::new(rounds.iter().map(Cost::allocations_per_receipt)),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, how: &str) -> fmt::Result {
        row(f, &format!("{how}: CPU per packet, ns"), self.ns, 0)?;
        row(f, &format!("{how}: CPU in bare seals"), self.seals, 2)?;
        row(f, &format!("{how}: allocations"), self.allocations, 4)?;
        let receipt = self.receipt_allocations;
        row(
            f,
            &format!("{how}: those of a packet that came"),
            receipt,
            3,
        )
    }
}

impl Figures {
    pub(crate) fn new(rounds: &Rounds) -> Self {
        let ns = |rounds: &[Cost]| Spread::new(rounds.iter().map(Cost::ns_per_packet));
        Self {
            hostile: [
                (
                    "a datagram of NACKs that is heard, ns",
                    ns(&rounds.nacks_heard),
                ),
                (
                    "a datagram of NACKs in a flood, ns",
                    ns(&rounds.nacks_flood),
                ),
                (
                    "a datagram of feedback that is heard, ns",
                    ns(&rounds.feedback_heard),
                ),
                (
                    "a datagram of feedback in a flood, ns",
                    ns(&rounds.feedback_flood),
                ),
            ],
            one: Way::new(&rounds.one_at_a_time, &rounds.bare_seal),
            picture: Way::new(&rounds.picture_at_once, &rounds.bare_seal),
            estimated: Way::new(&rounds.estimated, &rounds.bare_seal),
            seal_ns: Spread::new(rounds.bare_seal.iter().map(Cost::ns_per_packet)),
            estimation_ns: Spread::new(rounds.estimation.iter().map(Cost::ns_per_packet)),
            estimation_allocations: Spread::new(
                rounds.estimation.iter().map(Cost::allocations_per_packet),
            ),
        }
    }

    /// Which bars were not kept. A figure that is no number keeps none.
    pub(crate) fn failures(&self, bars: Bars) -> Vec<&'static str> {
        let keeps = |figure: Spread, max: Option<f64>| max.is_none_or(|max| figure.median <= max);
        let checks = [
            (
                keeps(self.one.ns, bars.ns_max),
                "a packet costs too much CPU",
            ),
            (
                keeps(self.one.allocations, bars.allocations_max),
                "a packet costs too many allocations",
            ),
            (
                keeps(self.estimated.allocations, bars.estimated_allocations_max),
                "a packet to an estimated viewer costs too many allocations",
            ),
            (
                keeps(self.one.receipt_allocations, bars.receipt_allocations_max),
                "a packet that comes costs too many allocations",
            ),
            (
                keeps(
                    self.estimated.engine_allocations,
                    bars.engine_allocations_max,
                ),
                "engines and timers cost too many allocations",
            ),
            (
                keeps(self.estimation_ns, bars.estimation_ns_max),
                "to follow the paths of viewers costs too much CPU",
            ),
        ];
        let failed = checks.into_iter().filter(|(is_kept, _)| !is_kept);
        failed.map(|(_, what)| what).collect()
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, figure: Spread, decimals: usize) -> fmt::Result {
    let Spread {
        least,
        median,
        most,
    } = figure;
    writeln!(
        f,
        "{name:<56} {median:>9.decimals$}   ({least:.decimals$} .. {most:.decimals$})"
    )
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<56} {:>9}   (least .. most)", "", "median")?;
        self.one.write(f, "a packet at a time")?;
        self.picture.write(f, "a picture at a time")?;
        self.estimated.write(f, "estimated, with feedback")?;
        let engines = self.estimated.engine_allocations;
        row(f, "estimated, with feedback: those of engines", engines, 4)?;
        row(f, "bare AES-256-GCM seal, ns", self.seal_ns, 0)?;
        let (ns, allocations) = (self.estimation_ns, self.estimation_allocations);
        row(f, "estimation of the path: CPU per packet, ns", ns, 0)?;
        row(f, "estimation of the path: allocations", allocations, 3)?;
        for (name, figure) in self.hostile {
            row(f, name, figure, 0)?;
        }
        Ok(())
    }
}
