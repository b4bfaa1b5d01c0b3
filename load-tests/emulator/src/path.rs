//! What the operator says of the path: a profile by name, and what differs from it.

use std::time::Duration;

use clap::{Args, ValueEnum};
use freshet_sim::network::{Bottleneck, Conditions, Direction, Loss, PerMille, QUEUE_DELAY};

/// Paths by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// 10 ms each way, and nothing else
    #[default]
    Good,
    /// 50 ms each way, and 2 % lost, each packet for itself
    Lossy,
    /// 50 ms each way, and 2 % lost, five in a row on average (Gilbert and Elliott)
    Bursty,
    /// 600 kbit/s behind a queue of 200 ms, and 25 ms each way
    Narrow,
    /// 5 Mbit/s behind a queue of 200 ms, and 25 ms each way
    Wide,
    /// Nothing passes
    Cut,
}

impl Profile {
    fn conditions(self) -> Conditions {
        let with_latency_ms = |ms| Conditions {
            latency: Duration::from_millis(ms),
            ..Conditions::default()
        };
        match self {
            Self::Good => Conditions::default(),
            Self::Lossy => with_latency_ms(50).losing(PerMille(20)),
            Self::Bursty => with_latency_ms(50).losing_in_bursts(PerMille(20), 5),
            Self::Narrow => with_latency_ms(25).through(Bottleneck::of(600_000)),
            Self::Wide => with_latency_ms(25).through(Bottleneck::of(5_000_000)),
            Self::Cut => Conditions::default().cut(),
        }
    }
}

/// Which directions are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Ways {
    /// From the far end to the near one
    Up,
    /// From the near end to the far one
    Down,
    /// Both
    #[default]
    Both,
}

impl Ways {
    /// The directions that are meant.
    pub fn directions(self) -> &'static [Direction] {
        match self {
            Self::Up => &[Direction::Up],
            Self::Down => &[Direction::Down],
            Self::Both => &[Direction::Up, Direction::Down],
        }
    }
}

/// A path, on the command line and in an order.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Path {
    /// The path by name; what else is said differs from it
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// The directions that are meant; the other one stays as it is
    #[arg(long, value_enum, default_value_t)]
    ways: Ways,
    /// What every packet takes, in ms, each way
    #[arg(long, value_name = "MS")]
    latency_ms: Option<u64>,
    /// At most this much more, in ms, drawn for each moment; order is kept
    #[arg(long, value_name = "MS")]
    jitter_ms: Option<u64>,
    /// Packets lost, in thousandths
    #[arg(long, value_name = "PER_MILLE", value_parser = clap::value_parser!(u16).range(..=1_000))]
    loss: Option<u16>,
    /// How many in a row are lost on average; 0: each for itself
    #[arg(long, value_name = "PACKETS")]
    burst: Option<u16>,
    /// Packets that are overtaken, in thousandths
    #[arg(long, value_name = "PER_MILLE", value_parser = clap::value_parser!(u16).range(..=1_000))]
    reordered: Option<u16>,
    /// What the bottleneck carries, in kbit/s; 0: there is none
    #[arg(long, value_name = "KBPS")]
    rate_kbps: Option<u32>,
    /// How long a full queue before the bottleneck takes to empty, in ms
    #[arg(long, value_name = "MS")]
    queue_ms: Option<u32>,
}

impl Path {
    /// The directions that are meant.
    pub fn directions(&self) -> &'static [Direction] {
        self.ways.directions()
    }

    /// What they become.
    pub fn conditions(&self) -> Conditions {
        let profile = self.profile.conditions();
        let or_ms = |said: Option<u64>, else_: Duration| said.map_or(else_, Duration::from_millis);
        Conditions {
            latency: or_ms(self.latency_ms, profile.latency),
            jitter: or_ms(self.jitter_ms, profile.jitter),
            loss: self.loss(profile.loss),
            reordered: self.reordered.map_or(profile.reordered, PerMille),
            bottleneck: self.bottleneck(profile.bottleneck),
            is_cut: profile.is_cut,
        }
    }

    fn loss(&self, profile: Loss) -> Loss {
        let (share, length) = match profile {
            Loss::Random(share) => (share, 0),
            Loss::Bursts { share, length } => (share, length),
        };
        let share = self.loss.map_or(share, PerMille);
        match self.burst.unwrap_or(length) {
            0 => Loss::Random(share),
            length => Loss::Bursts { share, length },
        }
    }

    fn bottleneck(&self, profile: Option<Bottleneck>) -> Option<Bottleneck> {
        let rate_bps = match self.rate_kbps {
            Some(kbps) => u64::from(kbps) * 1_000,
            None => profile?.rate_bps,
        };
        let queue_ms = match self.queue_ms {
            Some(ms) => u64::from(ms),
            None => u64::try_from(QUEUE_DELAY.as_millis()).unwrap_or(u64::MAX),
        };
        let queue_bytes = rate_bps.saturating_mul(queue_ms) / 8_000;
        (rate_bps > 0).then(|| Bottleneck::of(rate_bps).queueing(queue_bytes))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(no_binary_name = true)]
    struct Said {
        #[command(flatten)]
        path: Path,
    }

    fn said(line: &str) -> Path {
        Said::try_parse_from(line.split_whitespace())
            .expect("the line is a path")
            .path
    }

    #[test]
    fn a_profile_stands_where_nothing_else_is_said() {
        let path = said("--profile bursty --latency-ms 7 --ways up").conditions();
        let (share, length) = (PerMille(20), 5);
        assert_eq!(path.loss, Loss::Bursts { share, length });
        assert_eq!(path.latency, Duration::from_millis(7));
        assert_eq!(said("--ways up").directions(), [Direction::Up]);
        assert_eq!(said("").directions(), [Direction::Up, Direction::Down]);
    }

    #[test]
    fn each_thing_that_is_said_counts() {
        let path =
            said("--loss 30 --burst 3 --jitter-ms 4 --reordered 5 --rate-kbps 800 --queue-ms 100");
        let path = path.conditions();
        let (share, length) = (PerMille(30), 3);
        assert_eq!(path.loss, Loss::Bursts { share, length });
        assert_eq!(path.jitter, Duration::from_millis(4));
        assert_eq!(path.reordered, PerMille(5));
        let bottleneck = Bottleneck::of(800_000).queueing(10_000);
        assert_eq!(path.bottleneck, Some(bottleneck));
        let wide = said("--profile narrow --rate-kbps 0 --burst 0");
        assert_eq!(wide.conditions().bottleneck, None);
        assert_eq!(wide.conditions().loss, Loss::Random(PerMille(0)));
    }

    #[test]
    fn narrow_and_wide_queue_for_the_same_time() {
        for (name, rate_bps) in [("narrow", 600_000), ("wide", 5_000_000)] {
            let path = said(&format!("--profile {name}")).conditions();
            assert_eq!(path.bottleneck, Some(Bottleneck::of(rate_bps)));
        }
        assert!(said("--profile cut").conditions().is_cut);
    }

    #[test]
    fn a_share_above_all_is_refused() {
        for line in [
            "--loss 1001",
            "--reordered 1001",
            "--profile perfect",
            "cut",
        ] {
            assert!(Said::try_parse_from(line.split_whitespace()).is_err());
        }
    }
}
