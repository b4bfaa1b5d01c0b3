//! A minute of watching over an impaired path: what the matrix of networks is made of.

use std::time::Duration;

use sfu_core::command::CloseReason;
use sfu_model::codec::Codec;
use sfu_model::time::Instant;

use crate::network::{Conditions, PerMille};
use crate::oracle::smoothness::{self, Bounds, Smoothness, Stretch};
use crate::publisher::Camera;
use crate::viewer::Viewer;
use crate::world::{BrowserId, JoinError, World};

/// One cell of the matrix: the path between the node and a viewer, both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// How many datagrams are lost, in either direction.
    pub loss: PerMille,
    /// There and back.
    pub round_trip: Duration,
    /// Lost three in a row on average, rather than each for itself.
    pub is_bursty: bool,
}

/// Losses of the matrix.
pub const LOSSES: [PerMille; 5] = [
    PerMille(0),
    PerMille(10),
    PerMille(50),
    PerMille(100),
    PerMille(200),
];

/// Round trips of the matrix, in milliseconds: a city, a country, a continent, an ocean.
pub const ROUND_TRIPS_MS: [u64; 4] = [20, 50, 100, 200];

/// Datagrams lost in a row on average, where they are lost in bursts.
pub const BURST_LENGTH: u16 = 3;

/// How long a trial watches.
pub const WATCHED: Duration = Duration::from_secs(60);

/// What it takes to come up to the best encoding over any of these paths.
const UP: Duration = Duration::from_secs(15);

/// How a trial went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What the viewer saw.
    pub smoothness: Smoothness,
    /// Of the video packets that did not come at first, how many came later.
    pub repaired: PerMille,
    /// Packets that were sent again because they were asked for, of all that were sent.
    pub sent_again: PerMille,
    /// Further copies of them, which left before anybody could ask again, of the same.
    pub copied: PerMille,
    /// Audio packets that never came.
    pub audio_lost: PerMille,
    /// Why the node ended the session, if it did.
    pub closed: Option<CloseReason>,
    /// How far the jitter buffer held pictures back at the end.
    pub delay: Duration,
}

impl Path {
    /// All forty.
    pub fn all() -> Vec<Self> {
        let of_burstiness = |is_bursty| {
            LOSSES.into_iter().flat_map(move |loss| {
                ROUND_TRIPS_MS.into_iter().map(move |ms| Self {
                    loss,
                    round_trip: Duration::from_millis(ms),
                    is_bursty,
                })
            })
        };
        [false, true].into_iter().flat_map(of_burstiness).collect()
    }

    /// What is tolerated on it.
    ///
    /// Up to 100 ms a lost packet is back before most pictures are missed. Over 200 ms a repair that is lost itself takes
    /// nearly half a second, so that twice the freezes are tolerated, and at 1 % one in a minute.
    pub fn bounds(&self) -> Bounds {
        let is_long = self.round_trip > Duration::from_millis(100);
        let (frozen_ms, frozen_long_ms, shown_min) = match self.loss.0 {
            0 => (0, 0, 990),
            1..=10 => (0, 300, 990),
            11..=50 => (300, 600, 980),
            51..=100 => (1_000, 2_000, 950),
            _ => (6_000, 12_000, 0),
        };
        Bounds {
            frozen_per_minute_max: Duration::from_millis(if is_long {
                frozen_long_ms
            } else {
                frozen_ms
            }),
            shown_min: PerMille(shown_min),
        }
    }

    fn conditions(&self) -> Conditions {
        let line = Conditions::default().with_round_trip(self.round_trip);
        if self.is_bursty {
            line.losing_in_bursts(self.loss, BURST_LENGTH)
        } else {
            line.losing(self.loss)
        }
    }

    /// Watches a single encoding for a minute over it: the path is not estimated.
    pub fn watch(&self, codec: Codec, seed: u64) -> Result<Outcome, JoinError> {
        self.watch_camera(Camera::live(codec), Duration::from_secs(2), seed)
    }

    /// Watches one of three encodings, which is chosen by an estimate of the path.
    pub fn watch_simulcast(&self, codec: Codec, seed: u64) -> Result<Outcome, JoinError> {
        self.watch_camera(Camera::live(codec).simulcast(), UP, seed)
    }

    /// It loses nothing for the first seconds.
    fn watch_camera(
        &self,
        camera: Camera,
        first: Duration,
        seed: u64,
    ) -> Result<Outcome, JoinError> {
        let mut world = World::new(seed, 1);
        world.publish("demo", camera)?;
        world.run_for(Duration::from_secs(1));
        let viewer = world.watch("demo")?;
        world.set_path(
            viewer,
            Conditions::default().with_round_trip(self.round_trip),
        );
        world.run_for(first);
        world.set_path(viewer, self.conditions());
        let from = world.now();
        let before = Sent::by(&mut world);
        world.run_for(WATCHED);
        let sent = Sent::by(&mut world).since(before);
        Ok(Outcome {
            sent_again: share(sent.n_again, sent.n_packets),
            copied: share(sent.n_copies, sent.n_packets),
            ..outcome(&world, viewer, from, camera.frame_interval)
        })
    }
}

/// What the node has sent so far.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    n_packets: u64,
    n_again: u64,
    n_copies: u64,
}

impl Sent {
    fn by(world: &mut World) -> Self {
        let stats = world.node().workers().map(|(_, worker)| worker.stats());
        stats.fold(Self::default(), |sent, stats| Self {
            n_packets: sent.n_packets + stats.packets_out,
            n_again: sent.n_again + stats.repairs_out,
            n_copies: sent.n_copies + stats.copies_out,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            n_packets: self.n_packets - before.n_packets,
            n_again: self.n_again - before.n_again,
            n_copies: self.n_copies - before.n_copies,
        }
    }
}

fn outcome(world: &World, viewer: BrowserId, from: Instant, frame_interval: Duration) -> Outcome {
    let seen = world.viewer(viewer);
    let stretch = Stretch {
        from,
        until: world.now(),
        frame_interval,
    };
    let n_missing = missing(seen.video.iter().map(|p| p.sequence));
    let n_late = seen.n_video_late as u64;
    let n_audio_missing = missing(seen.audio.iter().map(|p| p.sequence));
    Outcome {
        smoothness: smoothness::measure(&seen.screen.shown, stretch),
        repaired: share(n_late, n_late + n_missing),
        audio_lost: share(n_audio_missing, n_audio_missing + seen.audio.len() as u64),
        closed: world.browser(viewer).close_reason,
        delay: seen.screen.delay(),
        ..Outcome::default()
    }
}

/// Numbers that are between the first and the last and never came. A number that came twice counts once.
fn missing(numbers: impl Iterator<Item = u64>) -> u64 {
    let mut all: Vec<u64> = numbers.collect();
    all.sort_unstable();
    all.dedup();
    match (all.first(), all.last()) {
        (Some(first), Some(last)) => last - first + 1 - all.len() as u64,
        _ => 0,
    }
}

/// A share of nothing is all of it.
fn share(part: u64, whole: u64) -> PerMille {
    let share = (part * 1_000).checked_div(whole).unwrap_or(1_000);
    PerMille(u16::try_from(share).unwrap_or(u16::MAX))
}

/// What a viewer saw from a moment on.
pub fn smoothness_since(
    seen: &Viewer,
    from: Instant,
    until: Instant,
    frame_interval: Duration,
) -> Smoothness {
    let stretch = Stretch {
        from,
        until,
        frame_interval,
    };
    smoothness::measure(&seen.screen.shown, stretch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_has_forty_cells_and_missing_numbers_are_counted() {
        assert_eq!(Path::all().len(), 40);
        assert_eq!(missing([7, 5, 9, 5].into_iter()), 2);
        assert_eq!((share(1, 4), share(0, 0)), (PerMille(250), PerMille(1_000)));
    }
}
