//! What somebody who watches complains about: freezes, as the statistics of a browser count them, and pictures that were
//! never shown.

use std::time::Duration;

use sfu_model::time::Instant;

use crate::decoder::Shown;
use crate::network::PerMille;

/// How smooth a stretch of video was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Smoothness {
    /// Freezes.
    pub n_freezes: usize,
    /// All of them together.
    pub frozen: Duration,
    /// How many of the pictures captured were shown.
    pub shown: PerMille,
}

/// What is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Freezes together, of each minute.
    pub frozen_per_minute_max: Duration,
    /// How many of the pictures captured must be shown.
    pub shown_min: PerMille,
}

/// What a minute may have of bad luck beyond twice what is tolerated, of freezes and in thousandths of its pictures.
const BAD_LUCK: Duration = Duration::from_millis(500);
const BAD_LUCK_SHOWN: u16 = 20;

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub until: Instant,
    /// Time between two pictures at the camera.
    pub frame_interval: Duration,
}

/// So many intervals make the average (W3C webrtc-stats, `freezeCount`).
const AVERAGED: usize = 30;

/// The freeze's absolute part, from there too.
const FREEZE_MARGIN: Duration = Duration::from_millis(150);

/// Pictures captured this long before the end had the time to be shown: longer than the longest delay of a screen.
const SETTLED: Duration = Duration::from_millis(1_500);

/// Measures a stretch.
///
/// "It is a freeze if the interval between two rendered frames is at least max(3 * average, average + 150 ms)", the average
/// being that of the last thirty intervals. The stretch's end closes the last interval.
pub fn measure(shown: &[Shown], stretch: Stretch) -> Smoothness {
    let Stretch {
        from,
        until,
        frame_interval,
    } = stretch;
    let inside = shown.iter().map(|s| s.at);
    let moments: Vec<Instant> = [from]
        .into_iter()
        .chain(inside.filter(|at| (from..=until).contains(at)))
        .chain([until])
        .collect();
    let mut result = Smoothness::default();
    let mut recent: Vec<Duration> = vec![frame_interval; AVERAGED];
    for (n, pair) in moments.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        let interval = *after - *before;
        let n_recent = u32::try_from(recent.len()).unwrap_or(1);
        let average = recent.iter().sum::<Duration>() / n_recent;
        if interval >= (average * 3).max(average + FREEZE_MARGIN) {
            result.n_freezes += 1;
            result.frozen += interval;
        }
        if let Some(oldest) = recent.get_mut(n % AVERAGED) {
            *oldest = interval;
        }
    }
    result.shown = share_shown(shown, stretch);
    result
}

fn share_shown(shown: &[Shown], stretch: Stretch) -> PerMille {
    let until = stretch.until.saturating_sub(SETTLED);
    let captured = shown.iter().map(|s| s.stamp.captured_at);
    let n_shown = captured
        .filter(|at| (stretch.from..until).contains(at))
        .count() as u128;
    let interval = stretch.frame_interval.as_nanos().max(1);
    let n_captured = ((until - stretch.from).as_nanos() / interval).max(1);
    PerMille(u16::try_from(n_shown * 1_000 / n_captured).unwrap_or(u16::MAX))
}

/// Fails, with what was measured, when a bound is passed.
pub fn check(shown: &[Shown], stretch: Stretch, bounds: Bounds) -> Result<Smoothness, Smoothness> {
    let measured = measure(shown, stretch);
    if bounds.allow(measured, stretch.until - stretch.from) {
        return Ok(measured);
    }
    Err(measured)
}

impl Bounds {
    /// Whether what was measured in so much time is tolerated.
    pub fn allow(&self, measured: Smoothness, watched: Duration) -> bool {
        let frozen_max = self
            .frozen_per_minute_max
            .mul_f64(watched.as_secs_f64() / 60.0);
        measured.frozen <= frozen_max && measured.shown >= self.shown_min
    }

    /// Whether it may be one minute of several: a few losses' bad luck, and no more.
    pub fn bear(&self, measured: Smoothness, watched: Duration) -> bool {
        let worse = Self {
            frozen_per_minute_max: self.frozen_per_minute_max * 2 + BAD_LUCK,
            shown_min: PerMille(self.shown_min.0.saturating_sub(BAD_LUCK_SHOWN)),
        };
        worse.allow(measured, watched)
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;

    use super::*;
    use crate::layers::Place;
    use crate::stamp::Stamp;

    const INTERVAL: Duration = Duration::from_millis(40);

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn stretch(until_ms: u64) -> Stretch {
        Stretch {
            from: at(0),
            until: at(until_ms),
            frame_interval: INTERVAL,
        }
    }

    fn shown(moments: impl Iterator<Item = u64>) -> Vec<Shown> {
        moments
            .map(|ms| Shown {
                at: at(ms),
                stamp: Stamp {
                    publisher: 1,
                    kind: MediaKind::Video,
                    rank: 0,
                    is_keyframe: false,
                    frame: 0,
                    place: Place::default(),
                    packet_index: 0,
                    n_packets: 1,
                    captured_at: at(ms),
                },
            })
            .collect()
    }

    #[test]
    fn a_gap_counts_as_a_freeze_from_the_average_and_150_ms_on() {
        // Pictures each 40 ms, and one gap of 189 or 190 ms.
        let with_gap = |gap: u64| {
            shown(
                (0..50)
                    .map(|n| n * 40)
                    .chain((0..50).map(move |n| 1_960 + gap + n * 40)),
            )
        };
        let until = 1_960 + 190 + 49 * 40;
        let short = measure(&with_gap(189), stretch(until));
        assert_eq!((short.n_freezes, short.frozen), (0, Duration::ZERO));
        let long = measure(&with_gap(190), stretch(until));
        assert_eq!(
            (long.n_freezes, long.frozen),
            (1, Duration::from_millis(190))
        );
    }

    #[test]
    fn pictures_that_are_missing_count_and_nothing_at_all_is_one_freeze() {
        let half = shown((0..269).map(|n| n * 80));
        let measured = measure(&half, stretch(21_500));
        assert_eq!((measured.n_freezes, measured.shown), (0, PerMille(500)));
        let nothing = measure(&[], stretch(20_000));
        assert_eq!((nothing.n_freezes, nothing.shown), (1, PerMille(0)));
    }

    #[test]
    fn each_bound_can_be_missed() {
        let all = shown((0..500).filter(|n| !(100..110).contains(n)).map(|n| n * 40));
        let bounds = |frozen_ms, shown_min| Bounds {
            frozen_per_minute_max: Duration::from_millis(frozen_ms),
            shown_min: PerMille(shown_min),
        };
        // One freeze of 440 ms in 20 s, and 10 pictures of 463.
        assert!(check(&all, stretch(20_000), bounds(1_400, 970)).is_ok());
        assert!(check(&all, stretch(20_000), bounds(1_300, 970)).is_err());
        assert!(check(&all, stretch(20_000), bounds(1_400, 990)).is_err());
        assert!(check(&all, stretch(20_000), bounds(0, 0)).is_err());
    }
}
