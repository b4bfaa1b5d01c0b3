//! The target of a subscription: the best rung of its track's ladder that the subscriber allows and that its path carries.
//!
//! Where not even the lowest fits for long there is none: sound comes first. A step up must fit with room to spare and is not
//! tried again soon after it failed; a step down is taken at once when a queue stands, and otherwise when the estimate stays
//! too low. So a quality does not flap, and a path that falls is not filled.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::choice::{LayerChoice, Why};
use crate::budget::ladder::{Ladder, Rung, asleep_above, kept};
use crate::budget::means::{Budget, Means, PathLimits};
use crate::budget::sound_only::{Room, SoundOnly};
use crate::route::tracks::{Step, TrackOutline};

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
/// How long after a step down the next step up is held back at first.
const HOLD_MIN: Duration = Duration::from_secs(2);
/// A step up that fails doubles the time to the next, up to this.
const HOLD_MAX: Duration = Duration::from_secs(16);
/// A step down this soon after the step up says that the step up failed.
const FAILED_WITHIN: Duration = Duration::from_secs(4);
/// On a path that cannot be probed the next rung is tried with pictures, once the present one has gone well for this long:
/// some receiver reports, which come every second or two.
const TRY_AFTER: Duration = Duration::from_secs(5);
/// Receiver reports tell of a queue late: a step down this soon after a try says that the try failed.
const TRY_FAILED_WITHIN: Duration = Duration::from_secs(20);
/// And a failed try costs the viewer a second or two of a bad picture, so that tries are rarer than steps that fit.
const TRY_HOLD_MAX: Duration = Duration::from_secs(64);

/// Chooses for one subscription, and remembers how its last choices went.
#[derive(Clone, Debug)]
pub(crate) struct Planner {
    choice: LayerChoice,
    hold: Duration,
    held_until: Option<Instant>,
    raised_at: Option<Instant>,
    /// Since when the present encoding has not fitted.
    short_since: Option<Instant>,
    /// The present rung, and since when it is that.
    settled: Option<(Rung, Instant)>,
    /// The last step up was a try.
    has_tried: bool,
    sound_only: SoundOnly,
}

/// A choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// None with a track: nothing of it is to pass.
    pub(crate) target: Option<Rung>,
    /// What all pictures cost once the next rung up is sent; zero when there is none, or it is not wanted yet.
    pub(crate) next_up: Bitrate,
    /// A step down for a queue: what passes so far must not go on until the keyframe comes.
    pub(crate) is_urgent: bool,
    /// Why it is this target.
    pub(crate) why: Why,
    /// What pictures will cost, where the target is tried though the path is not known to carry it.
    pub(crate) tried: Option<Bitrate>,
}

impl Default for Planner {
    fn default() -> Self {
        Self {
            choice: LayerChoice::default(),
            hold: HOLD_MIN,
            held_until: None,
            raised_at: None,
            short_since: None,
            settled: None,
            has_tried: false,
            sound_only: SoundOnly::default(),
        }
    }
}

impl Planner {
    /// The subscriber asks for this from here on. What a step up cost before says nothing of a step that a person wants.
    pub(crate) fn choose(&mut self, choice: LayerChoice) {
        *self = Self {
            choice,
            sound_only: std::mem::take(&mut self.sound_only),
            ..Self::default()
        };
    }

    /// What it asks for.
    pub(crate) fn choice(&self) -> LayerChoice {
        self.choice
    }

    /// The plan for a subscription to this track, whose target so far is `current`. `rate` is what a rung costs, as far
    /// as is known.
    pub(crate) fn plan(
        &mut self,
        track: &TrackOutline,
        current: Option<Rung>,
        means: Means,
        rate: impl Fn(Rung) -> Option<Bitrate>,
    ) -> Plan {
        let ladder = Ladder::new(track, &self.choice);
        let rungs = ladder.rungs();
        let (Budget::Limited(limits), Some(lowest)) = (means.budget, rungs.first().copied()) else {
            return self.plan_unlimited(track, rungs, (current, means.budget));
        };
        let Means { now, .. } = means;
        let room = Room {
            left: limits.left,
            least: rate(lowest),
            queue: limits.queue,
            is_measured: limits.is_measured,
        };
        if self.sound_only.decide(room, now) {
            self.settled = None;
            return Plan {
                next_up: self.sound_only.next_up(room, now),
                ..no_pictures(limits.left)
            };
        }
        let at = ladder.position(current);
        let is_held = self.held_until.is_some_and(|until| now < until);
        let fitting = self.choose_fitting(&ladder, at, (limits, now), &rate);
        let tried = rungs
            .get(fitting + 1)
            .filter(|_| at == Some(fitting) && limits.may_try && !is_held && self.is_settled(now))
            .and_then(|above| rate(*above));
        let chosen = fitting + usize::from(tried.is_some());
        self.remember(at, chosen, now);
        self.has_tried |= tried.is_some();
        let target = rungs.get(chosen).copied().unwrap_or(lowest);
        self.settle(target, now);
        // What sleeps is probed for as if it flowed: a path that carries it is what wakes it.
        let asleep = || asleep_above(track, &self.choice, target.encoding);
        let above = rungs.get(chosen + 1).copied().or_else(asleep);
        let cost_above = above.and_then(&rate);
        let left = limits.left;
        let is_short =
            chosen + 1 < rungs.len() || cost_above.is_some_and(|cost| cost.scaled(HEADROOM) > left);
        Plan {
            target: Some(target),
            next_up: cost_above
                .filter(|_| !is_held)
                .map_or(Bitrate::ZERO, |rate| rate.scaled(HEADROOM)),
            is_urgent: at.is_some_and(|at| chosen < at)
                && limits.leaves_no_time(at.and_then(|at| rungs.get(at)), &rate),
            why: if is_short {
                Why::Path(left)
            } else {
                self.why_best(track, Some(target))
            },
            tried: tried.map(|rate| rate.scaled(HEADROOM)),
        }
    }

    /// Without a limit, or with nothing that flows.
    fn plan_unlimited(
        &mut self,
        track: &TrackOutline,
        rungs: &[Rung],
        (current, budget): (Option<Rung>, Budget),
    ) -> Plan {
        match budget {
            Budget::Unlimited => self.sound_only.forget(),
            Budget::Limited(limits) if self.sound_only.is_on() => return no_pictures(limits.left),
            Budget::Limited(_) => {}
        }
        let target = rungs.last().copied().or_else(|| kept(track, current));
        Plan {
            target,
            next_up: Bitrate::ZERO,
            is_urgent: false,
            why: self.why_best(track, target),
            tried: None,
        }
    }

    /// The index of the best rung that fits, or of the present one while it has grace.
    fn choose_fitting(
        &mut self,
        ladder: &Ladder,
        at: Option<usize>,
        (limits, now): (PathLimits, Instant),
        rate: &impl Fn(Rung) -> Option<Bitrate>,
    ) -> usize {
        let rungs = ladder.rungs();
        let is_held = self.held_until.is_some_and(|until| now < until);
        let best = (0..).zip(rungs).filter(|(index, rung)| {
            let is_up = at.is_none_or(|at| *index > at);
            if is_up {
                limits.fits(**rung, HEADROOM, rate) && !(is_held && at.is_some())
            } else {
                limits.fits(**rung, SLACK, rate)
            }
        });
        // Pictures are given up only when it is known that the smallest with all of them costs too much.
        let is_known = rungs.first().is_some_and(|lowest| rate(*lowest).is_some());
        let fallback = if is_known { 0 } else { ladder.whole() };
        let best = best.last().map_or(fallback, |(index, _)| index);
        let has_time = !limits.leaves_no_time(at.and_then(|at| rungs.get(at)), rate);
        let chosen = at
            .filter(|at| best < *at && has_time && self.has_grace(now))
            .unwrap_or(best);
        if at.is_none_or(|at| best >= at) {
            self.short_since = None;
        }
        chosen
    }

    /// The present rung has been it for long enough to try the next.
    fn is_settled(&self, now: Instant) -> bool {
        self.settled
            .is_some_and(|(_, since)| now - since >= TRY_AFTER)
    }

    fn settle(&mut self, target: Rung, now: Instant) {
        if self.settled.is_none_or(|(rung, _)| rung != target) {
            self.settled = Some((target, now));
        }
    }

    /// The target is the best candidate: because no other is allowed, or because no other flows.
    fn why_best(&self, track: &TrackOutline, target: Option<Rung>) -> Why {
        let allowed = track
            .steps()
            .filter(|step| self.choice.allows(*step, track));
        let highest = allowed.max_by_key(|step| (step.encoding.rank, step.spatial));
        let is_target = |step: &Step<'_>| {
            target.is_some_and(|rung| {
                rung.encoding == step.encoding.id && rung.ceiling.spatial >= step.spatial
            })
        };
        match highest.filter(is_target) {
            Some(highest) if self.choice.decides(highest, track) => Why::Chosen,
            Some(_) | None => Why::Best,
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
            let (within, most) = if std::mem::take(&mut self.has_tried) {
                (TRY_FAILED_WITHIN, TRY_HOLD_MAX)
            } else {
                (FAILED_WITHIN, HOLD_MAX)
            };
            let failed = self.raised_at.is_some_and(|at| now - at < within);
            self.hold = if failed {
                (self.hold * 2).min(most)
            } else {
                HOLD_MIN
            };
            self.held_until = Some(now + self.hold);
        }
    }
}

/// Sound alone, on a path that carries so much beside it.
fn no_pictures(left: Bitrate) -> Plan {
    Plan {
        target: None,
        next_up: Bitrate::ZERO,
        is_urgent: false,
        why: Why::SoundOnly(left),
        tried: None,
    }
}

#[cfg(test)]
mod tests;
