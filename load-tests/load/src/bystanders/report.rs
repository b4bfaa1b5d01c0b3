//! What the others felt, held against what they may feel.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Round, Seen};
use crate::continuity::Faults;
use crate::table::or_dash;

/// What a poor path may cost the others.
#[derive(Clone, Copy, Debug)]
pub struct Bars {
    /// The 99th percentile of media's latency, above that without it: the median of the rounds.
    pub latency_excess_max: Duration,
    /// The server's memory, above that without it, in bytes: the median of the rounds, for a heap grows and shrinks by steps.
    pub server_excess_bytes_max: u64,
}

/// A picture that comes so much later than the one before it is a freeze, as receivers count them (W3C webrtc-stats, `freezeCount`).
const FREEZE_US: u128 = 150_000;

impl Default for Bars {
    fn default() -> Self {
        Self {
            latency_excess_max: Duration::from_millis(1),
            server_excess_bytes_max: 2 << 20,
        }
    }
}

/// The figures of a round. Each name says its unit.
#[derive(Clone, Debug, Serialize)]
struct RoundReport {
    latency_p50_us: [Option<u128>; 2],
    latency_p99_us: [Option<u128>; 2],
    latency_max_us: [u128; 2],
    /// Of players whose path loses nothing.
    packets_lost: [u64; 2],
    players_without_media: usize,
    is_continuous: bool,
    packets_of_poor: Option<u64>,
    server_bytes: [Option<u64>; 2],
}

/// The figures of a run. Of each pair the first is without the poor path, the second with it.
#[derive(Debug, Serialize)]
pub struct Report {
    rounds: Vec<RoundReport>,
    latency_p99_excess_us: Option<i128>,
    latency_p99_excess_us_max: i128,
    /// Absent where the server's memory cannot be read.
    server_excess_bytes: Option<i128>,
    server_excess_bytes_max: i128,
    passed: bool,
}

impl RoundReport {
    fn of(round: &Round) -> Self {
        let both = [&round.alone, &round.beside];
        let latency = |percent| {
            both.map(|seen| {
                let latency = seen.window.window.latency.percentile(percent);
                latency.map(|latency| latency.as_micros())
            })
        };
        let lacks = |seen: &Seen| seen.n_others - seen.settled.n_receiving.min(seen.n_others);
        Self {
            latency_p50_us: latency(50),
            latency_p99_us: latency(99),
            latency_max_us: both.map(|seen| seen.window.window.latency.max().as_micros()),
            packets_lost: both.map(|seen| seen.settled.n_lost),
            players_without_media: both.iter().map(|seen| lacks(seen)).sum(),
            is_continuous: both
                .iter()
                .all(|seen| seen.settled.faults == Faults::default()),
            packets_of_poor: round.beside.n_packets_of_poor,
            server_bytes: both.map(|seen| seen.server_bytes),
        }
    }
}

/// The median over the rounds of what is more beside the poor path; none where a round lacks it.
fn median_excess<T>(
    rounds: &[RoundReport],
    of: impl Fn(&RoundReport) -> [Option<T>; 2],
) -> Option<i128>
where
    i128: TryFrom<T>,
{
    let excess = |round: &RoundReport| {
        let [alone, beside] = of(round);
        Some(i128::try_from(beside?).ok()? - i128::try_from(alone?).ok()?)
    };
    let mut excesses: Vec<i128> = rounds.iter().map(excess).collect::<Option<_>>()?;
    excesses.sort_unstable();
    excesses.get(excesses.len() / 2).copied()
}

impl Report {
    /// The figures of these rounds.
    pub fn new(rounds: &[Round], bars: Bars) -> Self {
        let rounds: Vec<RoundReport> = rounds.iter().map(RoundReport::of).collect();
        let max = i128::try_from(bars.latency_excess_max.as_micros()).unwrap_or(i128::MAX);
        let mut report = Self {
            latency_p99_excess_us: median_excess(&rounds, |round| round.latency_p99_us),
            latency_p99_excess_us_max: max,
            server_excess_bytes: median_excess(&rounds, |round| round.server_bytes),
            server_excess_bytes_max: bars.server_excess_bytes_max.into(),
            rounds,
            passed: false,
        };
        report.passed = report.failures().is_empty();
        report
    }

    /// In how many rounds a packet of the others was so late that its picture stood still, and later than without the poor path.
    fn n_freezes(&self) -> usize {
        let stood = |round: &&RoundReport| {
            let [alone, beside] = round.latency_max_us;
            beside > FREEZE_US && beside > alone
        };
        self.rounds.iter().filter(stood).count()
    }

    /// Whether every bar was kept.
    pub fn passed(&self) -> bool {
        self.passed
    }

    fn failures(&self) -> Vec<&'static str> {
        let max = self.latency_p99_excess_us_max;
        let rounds = &self.rounds;
        let checks = [
            (
                self.latency_p99_excess_us.is_none_or(|us| us > max),
                "the others' packets come later",
            ),
            (
                self.server_excess_bytes
                    .is_some_and(|bytes| bytes > self.server_excess_bytes_max),
                "it costs the server too much memory",
            ),
            (
                rounds.iter().any(|round| round.packets_lost != [0, 0]),
                "others lost packets",
            ),
            (
                // The machine may have been busy with something else once.
                self.n_freezes() * 2 > rounds.len(),
                "the others' pictures stand still",
            ),
            (
                rounds.iter().any(|round| round.players_without_media > 0),
                "others receive nothing",
            ),
            (
                rounds.iter().any(|round| !round.is_continuous),
                "the others' streams were not continuous",
            ),
            (
                rounds
                    .iter()
                    .any(|round| round.packets_of_poor.is_none_or(|n| n == 0)),
                "the poor path had no part in it",
            ),
        ];
        let failed = checks.into_iter().filter(|(is_failed, _)| *is_failed);
        failed.map(|(_, what)| what).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "of the others, without / with   latency p50, us     p99, us     max, us   lost    the poor path's packets"
        )?;
        for (n, round) in (1..).zip(&self.rounds) {
            let [p50, p50_beside] = round.latency_p50_us.map(or_dash);
            let [p99, p99_beside] = round.latency_p99_us.map(or_dash);
            let [max, max_beside] = round.latency_max_us;
            let [lost, lost_beside] = round.packets_lost;
            let poor = or_dash(round.packets_of_poor);
            writeln!(
                f,
                "round {n:<25} {p50:>7} / {p50_beside:<7} {p99:>6} / {p99_beside:<6} {max:>6} / {max_beside:<6} {lost} / {lost_beside}   {poor:>6}"
            )?;
        }
        let excess = self
            .latency_p99_excess_us
            .map_or_else(|| "-".into(), |us| format!("{us:+}"));
        let max = self.latency_p99_excess_us_max;
        writeln!(
            f,
            "latency p99 with the poor path, us: {excess}, <= {max:+} (median of the rounds)"
        )?;
        let mib = |bytes: i128| bytes as f64 / f64::from(1 << 20);
        if let Some(excess) = self.server_excess_bytes {
            let (excess, max) = (mib(excess), mib(self.server_excess_bytes_max));
            writeln!(
                f,
                "the server's memory with the poor path, MiB: {excess:+.1}, <= {max:+.1} (median of the rounds)"
            )?;
        }
        for failure in self.failures() {
            writeln!(f, "FAILED: {failure}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Tally;

    fn seen(p99_us: u64, n_lost: u64, n_packets_of_poor: Option<u64>) -> Seen {
        let mut window = Tally::default();
        window.window.latency.record(Duration::from_micros(p99_us));
        Seen {
            window,
            settled: Tally {
                n_receiving: 9,
                n_lost,
                ..Tally::default()
            },
            n_others: 9,
            n_packets_of_poor,
            server_bytes: n_packets_of_poor.map_or(Some(50 << 20), |_| Some(51 << 20)),
        }
    }

    fn rounds(excesses_us: &[u64], n_lost: u64, of_poor: Option<u64>) -> Vec<Round> {
        let round = |excess: &u64| Round {
            alone: seen(800, 0, None),
            beside: seen(800 + excess, n_lost, of_poor),
        };
        excesses_us.iter().map(round).collect()
    }

    #[test]
    fn the_median_of_the_rounds_counts() {
        let report = Report::new(&rounds(&[100, 9_000, 900], 0, Some(7)), Bars::default());
        assert!(report.passed(), "{report}");
        assert_eq!(report.latency_p99_excess_us, Some(900));
    }

    #[test]
    fn each_bar_is_named_when_it_is_broken() {
        let failures = |rounds: &[Round]| Report::new(rounds, Bars::default()).failures();
        let late = failures(&rounds(&[1_100, 1_200, 10], 0, Some(7)));
        assert_eq!(late, ["the others' packets come later"]);
        assert_eq!(failures(&rounds(&[0], 1, Some(7))), ["others lost packets"]);
        let absent = failures(&rounds(&[0], 0, None));
        assert_eq!(absent, ["the poor path had no part in it"]);
        assert!(!failures(&[]).is_empty(), "nothing was measured");
        let mut dead = rounds(&[0], 0, Some(7));
        dead.iter_mut()
            .for_each(|round| round.beside.settled.n_receiving = 8);
        assert_eq!(failures(&dead), ["others receive nothing"]);
        let with_stalls = |stalls: [u64; 3]| {
            let mut rounds = rounds(&[0, 0, 0], 0, Some(7));
            for (round, ms) in rounds.iter_mut().zip(stalls) {
                let latency = &mut round.beside.window.window.latency;
                (0..500).for_each(|_| latency.record(Duration::from_micros(800)));
                latency.record(Duration::from_millis(ms));
            }
            failures(&rounds)
        };
        assert!(with_stalls([190, 100, 100]).is_empty(), "once");
        assert_eq!(
            with_stalls([190, 190, 100]),
            ["the others' pictures stand still"]
        );
        let mut fat = rounds(&[0], 0, Some(7));
        fat.iter_mut()
            .for_each(|round| round.beside.server_bytes = Some((52 << 20) + 1));
        assert_eq!(failures(&fat), ["it costs the server too much memory"]);
        fat.iter_mut()
            .for_each(|round| round.alone.server_bytes = None);
        assert!(failures(&fat).is_empty(), "a server elsewhere has no /proc");
    }
}
