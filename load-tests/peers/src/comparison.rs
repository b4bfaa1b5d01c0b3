//! Two servers, held against each other round by round.

use std::fmt;

use freshet_load::fanout::Outcome;
use freshet_load::limit::Spread;
use freshet_load::pacer::Pacing;
use serde::Serialize;

/// What one server did in one round.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// CPU for each packet that a player got.
    pub cpu_us_per_packet: f64,
    /// Of the packets that were owed.
    pub n_lost: u64,
    /// Players that got both tracks.
    pub n_receiving: usize,
    /// From the publisher's write to the kernel's receipt for a player.
    pub latency_p50_us: f64,
    /// The same.
    pub latency_p99_us: f64,
    /// Memory for each player.
    pub bytes_per_viewer: u64,
}

impl Figures {
    /// Those of an outcome; `None` where the server was not measured or nothing came.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        let server = outcome.measured.server?;
        let window = outcome.measured.window.total().window;
        let settled = outcome.settled.total();
        let percentile = |percent| {
            let latency = window.latency.percentile(percent)?;
            Some(latency.as_secs_f64() * 1e6)
        };
        Some(Self {
            cpu_us_per_packet: server.us_per_packet(window.n_packets),
            n_lost: settled.n_lost,
            n_receiving: settled.n_receiving,
            latency_p50_us: percentile(50)?,
            latency_p99_us: percentile(99)?,
            bytes_per_viewer: server.bytes_per_viewer(outcome.n_viewers),
        })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} us a packet, latency p50 {:.0} us, p99 {:.0} us, {} lost, {} receive, {} KiB a viewer",
            self.cpu_us_per_packet,
            self.latency_p50_us,
            self.latency_p99_us,
            self.n_lost,
            self.n_receiving,
            self.bytes_per_viewer / 1_024,
        )
    }
}

/// All rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    n_viewers: usize,
    pacing: Pacing,
    rounds: Vec<Round>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Round {
    freshet: Figures,
    janus: Figures,
}

/// What is compared: its name, the figure, and the ratio that must not be exceeded.
type Measure = (&'static str, fn(&Figures) -> f64, f64);

/// The bars are promises of docs/performance.md.
const MEASURES: [Measure; 3] = [
    ("CPU per packet, us", |f| f.cpu_us_per_packet, 1.0 / 8.0),
    ("latency p50, us", |f| f.latency_p50_us, 1.0 / 4.0),
    ("latency p99, us", |f| f.latency_p99_us, 1.0 / 4.0),
];

impl Comparison {
    /// No rounds yet.
    pub fn new(n_viewers: usize, pacing: Pacing) -> Self {
        Self {
            n_viewers,
            pacing,
            rounds: Vec::new(),
        }
    }

    /// Takes a round.
    pub fn push(&mut self, freshet: Figures, janus: Figures) {
        self.rounds.push(Round { freshet, janus });
    }

    /// Whether every ratio's median keeps its bar, and every player got everything from Freshet.
    pub fn passed(&self) -> bool {
        let is_whole = |round: &Round| {
            round.freshet.n_lost == 0 && round.freshet.n_receiving == self.n_viewers
        };
        let keeps = |(_, figure, bar): &Measure| {
            let ratio = self.ratio(*figure);
            ratio.is_some_and(|ratio| ratio.median <= *bar)
        };
        self.rounds.iter().all(is_whole) && MEASURES.iter().all(keeps)
    }

    /// Freshet's figure over Janus's of the same round.
    fn ratio(&self, figure: fn(&Figures) -> f64) -> Option<Spread> {
        let ratios = self.rounds.iter();
        Spread::of(ratios.map(|round| figure(&round.freshet) / figure(&round.janus)))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} viewers, {:?} publisher, {} rounds in alternation; medians, and the ratio's range",
            self.n_viewers,
            self.pacing,
            self.rounds.len()
        )?;
        writeln!(
            f,
            "{:<20} {:>10} {:>10} {:>8} {:>17}   bar",
            "", "Freshet", "Janus", "ratio", "range"
        )?;
        for (name, figure, bar) in MEASURES {
            let ours = Spread::of(self.rounds.iter().map(|round| figure(&round.freshet)));
            let theirs = Spread::of(self.rounds.iter().map(|round| figure(&round.janus)));
            let (Some(ours), Some(theirs), Some(ratio)) = (ours, theirs, self.ratio(figure)) else {
                continue;
            };
            let range = format!("{:.3} to {:.3}", ratio.min, ratio.max);
            writeln!(
                f,
                "{name:<20} {:>10.2} {:>10.2} {:>8.3} {range:>17}   <= {bar:.3}",
                ours.median, theirs.median, ratio.median
            )?;
        }
        let verdict = if self.passed() { "kept" } else { "NOT KEPT" };
        writeln!(f, "bars: {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(us: f64) -> Figures {
        Figures {
            cpu_us_per_packet: us,
            n_lost: 0,
            n_receiving: 2,
            latency_p50_us: us,
            latency_p99_us: us,
            bytes_per_viewer: 0,
        }
    }

    #[test]
    fn the_ratio_is_taken_within_each_round() {
        let mut comparison = Comparison::new(2, Pacing::Bursty);
        // Absolute figures that move by ten between the rounds leave the ratio alone.
        comparison.push(figures(1.0), figures(10.0));
        comparison.push(figures(10.0), figures(100.0));
        comparison.push(figures(1.0), figures(9.0));
        let ratio = comparison.ratio(|f| f.cpu_us_per_packet).unwrap();
        assert!((ratio.median - 0.1).abs() < 1e-9);
        assert!(comparison.passed());
    }

    #[test]
    fn a_ratio_that_is_too_high_or_a_packet_that_is_lost_fails() {
        let mut dear = Comparison::new(2, Pacing::Bursty);
        dear.push(figures(2.0), figures(10.0));
        assert!(!dear.passed());
        let mut lossy = Comparison::new(2, Pacing::Bursty);
        let lost = Figures {
            n_lost: 1,
            ..figures(1.0)
        };
        lossy.push(lost, figures(10.0));
        assert!(!lossy.passed());
        assert!(!Comparison::new(2, Pacing::Bursty).passed(), "no rounds");
    }
}
