//! The target of a subscription: the best rung of its track's ladder that the subscriber's path carries.
//!
//! A step up must fit with room to spare and is not tried again soon after it failed; a step down is taken at once when a
//! queue stands, and otherwise when the estimate stays too low. So a quality does not flap, and a path that falls is not
//! filled.

use std::time::Duration;

use sfu_model::layer::Layer;
use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::ladder::{Ladder, Rung};
use crate::route::tracks::TrackOutline;

/// What is left free above an encoding before a step up to it: its rate varies, and its first picture is a keyframe.
const HEADROOM: f64 = 1.05;
/// How far an estimate may fall below what is sent before the step down: estimates waver by a few percent, and a queue that
/// builds lowers them further at once.
const SLACK: f64 = 0.95;
/// How long the estimate must have been too low before the step down: the keyframe of a step up, or a burst of others,
/// makes it fall for two or three reports, and a step down costs the viewer a keyframe and seconds of a worse picture.
const GRACE: Duration = Duration::from_millis(400);
/// And this soon after a step up it is as long as this: the keyframe has made a queue that drains within a second where its
/// encoding fits, and until then it is counted in what the encoding costs.
const GRACE_RAISED: Duration = Duration::from_secs(1);
/// A queue that stands longer than this leaves no time for grace: a keyframe of four frames on a link that its encoding
/// nearly fills makes 100 ms.
const QUEUE_BEARABLE: Duration = Duration::from_millis(200);
/// Nor does half of that when the path carries less than this share of what is sent: the link got slower, and its queue is
/// full a few hundred milliseconds later.
const QUEUE_BEARABLE_FAR: Duration = Duration::from_millis(100);
const FAR: f64 = 0.6;
/// How long after a step down the next step up is held back at first.
const HOLD_MIN: Duration = Duration::from_secs(2);
/// A step up that fails doubles the time to the next, up to this.
const HOLD_MAX: Duration = Duration::from_secs(16);
/// A step down this soon after the step up says that the step up failed.
const FAILED_WITHIN: Duration = Duration::from_secs(4);

/// What a subscription may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// Its path is not estimated: the best that flows.
    Unlimited,
    /// What its path carries.
    Limited {
        /// This much is left for pictures.
        left: Bitrate,
        /// How much delay stands before what is sent.
        queue: Duration,
    },
}

/// What there is to spend, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    pub(crate) budget: Budget,
    pub(crate) now: Instant,
}

/// Chooses for one subscription, and remembers how its last choices went.
#[derive(Clone, Debug)]
pub(crate) struct Planner {
    hold: Duration,
    held_until: Option<Instant>,
    raised_at: Option<Instant>,
    /// Since when the present encoding has not fitted.
    short_since: Option<Instant>,
}

/// A choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) target: Option<Rung>,
    /// What all pictures cost once the next rung up is sent; zero when there is none, or it is not wanted yet.
    pub(crate) next_up: Bitrate,
    /// A step down for a queue: what passes so far must not go on until the keyframe comes.
    pub(crate) is_urgent: bool,
}

impl Default for Planner {
    fn default() -> Self {
        Self {
            hold: HOLD_MIN,
            held_until: None,
            raised_at: None,
            short_since: None,
        }
    }
}

impl Planner {
    /// The plan for a subscription to this track, whose target so far is `current`. `rate` is what a rung costs, as far
    /// as is known.
    pub(crate) fn plan(
        &mut self,
        track: &TrackOutline,
        current: Option<Rung>,
        means: Means,
        rate: impl Fn(Rung) -> Option<Bitrate>,
    ) -> Plan {
        let Means { budget, now } = means;
        let ladder = Ladder::new(track);
        let rungs = ladder.rungs();
        let Budget::Limited { left, queue } = budget else {
            let best = rungs.last().copied();
            return Plan {
                target: best.or_else(|| kept(track, current)),
                next_up: Bitrate::ZERO,
                is_urgent: false,
            };
        };
        let Some(lowest) = rungs.first().copied() else {
            return Plan {
                target: kept(track, current),
                next_up: Bitrate::ZERO,
                is_urgent: false,
            };
        };
        let at = ladder.position(current);
        let fits =
            |rung: Rung, factor: f64| rate(rung).is_some_and(|rate| rate.scaled(factor) <= left);
        let is_held = self.held_until.is_some_and(|until| now < until);
        let best = (0..).zip(rungs).filter(|(index, rung)| {
            let is_up = at.is_none_or(|at| *index > at);
            if is_up {
                fits(**rung, HEADROOM) && !(is_held && at.is_some())
            } else {
                fits(**rung, SLACK)
            }
        });
        // Pictures are given up only when it is known that the smallest with all of them costs too much.
        let fallback = match rate(lowest) {
            Some(_) => 0,
            None => ladder.whole(),
        };
        let best = best.last().map_or(fallback, |(index, _)| index);
        let is_far = at
            .and_then(|at| rungs.get(at))
            .is_some_and(|rung| !fits(*rung, FAR));
        let bearable = if is_far {
            QUEUE_BEARABLE_FAR
        } else {
            QUEUE_BEARABLE
        };
        let chosen = at
            .filter(|at| best < *at && queue < bearable && self.has_grace(now))
            .unwrap_or(best);
        if at.is_none_or(|at| best >= at) {
            self.short_since = None;
        }
        self.remember(at, chosen, now);
        let above = rungs.get(chosen + 1).and_then(|rung| rate(*rung));
        Plan {
            target: Some(rungs.get(chosen).copied().unwrap_or(lowest)),
            next_up: above
                .filter(|_| !is_held)
                .map_or(Bitrate::ZERO, |rate| rate.scaled(HEADROOM)),
            is_urgent: at.is_some_and(|at| chosen < at) && queue >= bearable,
        }
    }

    /// The present encoding does not fit: not for long yet.
    fn has_grace(&mut self, now: Instant) -> bool {
        let since = *self.short_since.get_or_insert(now);
        let is_new = self.raised_at.is_some_and(|at| since - at < GRACE_RAISED);
        now - since < if is_new { GRACE_RAISED } else { GRACE }
    }

    fn remember(&mut self, before: Option<usize>, chosen: usize, now: Instant) {
        let Some(before) = before else { return };
        if chosen > before {
            self.raised_at = Some(now);
        } else if chosen < before {
            self.short_since = None;
            let failed = self.raised_at.is_some_and(|at| now - at < FAILED_WITHIN);
            self.hold = if failed {
                (self.hold * 2).min(HOLD_MAX)
            } else {
                HOLD_MIN
            };
            self.held_until = Some(now + self.hold);
        }
    }
}

/// When nothing flows: the encoding it has, or else the smallest, which is the first that a publisher starts.
fn kept(track: &TrackOutline, current: Option<Rung>) -> Option<Rung> {
    let is_there = |rung: &Rung| track.encodings.iter().any(|e| e.id == rung.encoding);
    current.filter(is_there).or_else(|| {
        let smallest = track.encodings.iter().min_by_key(|e| e.rank)?;
        Some(Rung {
            encoding: smallest.id,
            ceiling: Layer::TOP,
        })
    })
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::MediaKind;
    use sfu_model::id::{EncodingId, TrackId};

    use super::*;
    use crate::route::tracks::EncodingOutline;

    fn track(flowing: &[bool]) -> TrackOutline {
        let encodings = (0_u8..)
            .zip(flowing)
            .map(|(rank, is_flowing)| EncodingOutline {
                id: EncodingId(u64::from(rank) + 10),
                rid: None,
                rank,
                codec: None,
                dimensions: None,
                is_flowing: *is_flowing,
                highest_layer: Layer::default(),
            })
            .collect();
        TrackOutline {
            id: TrackId(1),
            kind: MediaKind::Video,
            encodings,
        }
    }

    /// 300, 900 and 2,700 kbit/s.
    fn rate(rung: Rung) -> Option<Bitrate> {
        let step = u32::try_from(rung.encoding.0 - 10).unwrap();
        Some(Bitrate::from_kbps(300 * 3_u64.pow(step)))
    }

    fn rung(encoding: u64) -> Rung {
        Rung {
            encoding: EncodingId(encoding),
            ceiling: Layer {
                spatial: 0,
                temporal: Layer::TOP.temporal,
            },
        }
    }

    fn means(budget: Budget, ms: u64) -> Means {
        Means {
            budget,
            now: Instant::START + Duration::from_millis(ms),
        }
    }

    fn within(kbps: u64) -> Budget {
        Budget::Limited {
            left: Bitrate::from_kbps(kbps),
            queue: Duration::ZERO,
        }
    }

    #[test]
    fn without_a_limit_the_largest_that_flows_is_the_target() {
        let cases: [(&[bool], Option<u64>, Option<u64>); 5] = [
            (&[true, true, true], None, Some(12)),
            (&[true, true, false], Some(12), Some(11)),
            (&[false, false, false], Some(12), Some(12)),
            (&[false, false, false], None, Some(10)),
            (&[], None, None),
        ];
        for (flowing, current, expected) in cases {
            let current = current.map(rung);
            let plan = Planner::default().plan(
                &track(flowing),
                current,
                means(Budget::Unlimited, 0),
                rate,
            );
            assert_eq!(
                plan.target.map(|rung| rung.encoding),
                expected.map(EncodingId),
                "{flowing:?} {current:?}"
            );
        }
    }

    /// The ranks of the targets that a sequence of budgets, a second apart, leads to.
    fn walk(budgets: &[u64]) -> Vec<u64> {
        let mut planner = Planner::default();
        let mut current = None;
        let track = track(&[true, true, true]);
        let mut ranks = Vec::new();
        for (second, kbps) in (0..).zip(budgets) {
            let plan = planner.plan(&track, current, means(within(*kbps), second * 1_000), rate);
            current = plan.target;
            ranks.push(current.unwrap().encoding.0 - 10);
        }
        ranks
    }

    #[test]
    fn a_limit_is_kept_and_the_smallest_always_passes() {
        assert_eq!(walk(&[100]), [0]);
        assert_eq!(walk(&[940]), [0], "no room to spare");
        assert_eq!(walk(&[950]), [1]);
        assert_eq!(walk(&[50_000]), [2]);
    }

    #[test]
    fn a_step_down_has_a_grace_and_a_step_up_waits_longer() {
        assert_eq!(walk(&[4_000, 500, 4_000]), [2, 2, 2]);
        let budgets = [4_000, 500, 500, 4_000, 4_000, 4_000];
        assert_eq!(walk(&budgets), [2, 2, 0, 0, 2, 2]);
    }

    #[test]
    fn a_queue_ends_the_grace_sooner_the_less_is_left() {
        let cases = [
            (2_000, 150, 12),
            (2_000, 200, 11),
            (1_000, 90, 12),
            (1_000, 100, 11),
        ];
        for (kbps, queue_ms, expected) in cases {
            let budget = Budget::Limited {
                left: Bitrate::from_kbps(kbps),
                queue: Duration::from_millis(queue_ms),
            };
            let top = Some(rung(12));
            let track = track(&[true, true, true]);
            let plan = Planner::default().plan(&track, top, means(budget, 0), rate);
            let target = plan.target.map(|rung| rung.encoding.0);
            assert_eq!(target, Some(expected), "{kbps} {queue_ms}");
            assert_eq!(plan.is_urgent, expected < 12);
        }
    }

    #[test]
    fn an_estimate_that_wavers_changes_nothing() {
        assert_eq!(walk(&[3_200, 2_600, 3_200, 2_600, 2_570]), [2, 2, 2, 2, 2]);
        assert_eq!(walk(&[3_200, 2_500, 2_500]), [2, 2, 1]);
    }

    #[test]
    fn a_step_up_that_fails_is_tried_less_and_less_often() {
        let mut planner = Planner::default();
        let track = track(&[true, true, true]);
        let mut current = Some(rung(11));
        let mut raised_at = Vec::new();
        for ms in (0..60_000).step_by(100) {
            // Whatever is tried, the path carries the middle one and not more.
            let kbps = if current == Some(rung(12)) {
                1_200
            } else {
                4_000
            };
            let plan = planner.plan(&track, current, means(within(kbps), ms), rate);
            if plan.target.map(|r| r.encoding) > current.map(|r| r.encoding) {
                raised_at.push(ms);
            }
            current = plan.target;
        }
        let pauses: Vec<u64> = raised_at.windows(2).map(|w| w[1] - w[0]).collect();
        assert_eq!(pauses, [5_100, 9_100, 17_100, 17_100]);
    }

    #[test]
    fn what_comes_next_is_said_and_nothing_at_the_top() {
        let track = track(&[true, true, true]);
        let plan = |kbps| Planner::default().plan(&track, None, means(within(kbps), 0), rate);
        assert_eq!(plan(950).next_up.as_bps().div_ceil(1_000), 2_835);
        assert_eq!(plan(9_000).next_up, Bitrate::ZERO);
    }

    /// One encoding of two resolutions and three frame rates: 100, 150, 200, then 800 kbit/s.
    fn svc_rate(rung: Rung) -> Option<Bitrate> {
        Some(Bitrate::from_kbps(match rung.ceiling {
            Layer { spatial: 1, .. } => 800,
            Layer { temporal: 0, .. } => 100,
            Layer { temporal: 1, .. } => 150,
            _ => 200,
        }))
    }

    fn svc_track() -> TrackOutline {
        let mut track = track(&[true]);
        track.encodings[0].highest_layer = Layer {
            spatial: 1,
            temporal: 2,
        };
        track
    }

    #[test]
    fn layers_inside_an_encoding_are_steps_like_encodings() {
        let mut planner = Planner::default();
        let mut current = None;
        let mut walked = Vec::new();
        for (second, kbps) in (0..).zip([900, 300, 300, 160, 160, 20, 20]) {
            let means = means(within(kbps), second * 1_000);
            current = planner.plan(&svc_track(), current, means, svc_rate).target;
            let Layer { spatial, temporal } = current.unwrap().ceiling;
            walked.push((spatial, temporal));
        }
        let expected = [(1, 3), (1, 3), (0, 3), (0, 3), (0, 1), (0, 1), (0, 0)];
        assert_eq!(walked, expected);
    }

    #[test]
    fn pictures_are_given_up_only_when_it_is_known_what_they_cost() {
        let plan = |rate: fn(Rung) -> Option<Bitrate>| {
            let means = means(within(20), 0);
            let plan = Planner::default().plan(&svc_track(), None, means, rate);
            plan.target.unwrap().ceiling
        };
        assert_eq!(plan(svc_rate), Layer::default());
        let whole = Layer {
            spatial: 0,
            temporal: Layer::TOP.temporal,
        };
        assert_eq!(plan(|_| None), whole);
    }
}
