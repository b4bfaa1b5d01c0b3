//! The loss-based limit: how much of the loss is ours?
//!
//! A path loses a share of its packets whatever is sent (radio), and all that exceeds its rate where nothing queues (a
//! policer, a short buffer). Which of the two it is shows in how loss follows the rate. As libwebrtc's second
//! loss-based estimator, this one asks of some candidate rates which makes the observed losses likeliest, in a model
//! where a packet is lost with probability
//!
//! > p(rate) = inherent + (1 - inherent) * max(0, 1 - candidate / rate)
//!
//! and the inherent loss has a bound, above which loss is congestion whatever it follows. The inherent loss is fitted
//! by expectation and maximisation: each lost packet is the radio's with probability inherent / p.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::history::Sent;
use crate::budget::limits::in_range;

/// Time of sending that one observation covers (libwebrtc).
const OBSERVATION: Duration = Duration::from_millis(250);

/// Observations remembered, 5 s at least, and the weight of each relative to the one after it (libwebrtc).
const OBSERVATIONS: usize = 20;
const AGEING: f64 = 0.9;

/// Of the observations, newest first.
#[expect(
    clippy::indexing_slicing,
    reason = "the compiler evaluates it: an index out of bounds does not build"
)]
const WEIGHTS: [f64; OBSERVATIONS] = {
    let mut weights = [1.0; OBSERVATIONS];
    let mut age = 1;
    while age < OBSERVATIONS {
        weights[age] = weights[age - 1] * AGEING;
        age += 1;
    }
    weights
};

/// Loss up to this never lowers the estimate (draft-ietf-rmcat-gcc-02 section 6): any path has it now and then.
const LOSS_HARMLESS: f64 = 0.02;

/// The bound of inherent loss: a share, and a rate that makes it larger for small rates, at which a viewer has nothing
/// left to give up. At 300 kbit/s a path may lose 30 %, at 3 Mbit/s 7.5 % (libwebrtc).
const INHERENT_MAX: f64 = 0.05;
const INHERENT_KBPS: f64 = 75.0;

/// Candidates relative to the present limit (libwebrtc): steps of 5 % each quarter of a second.
const FACTORS: [f64; 3] = [1.05, 1.0, 0.95];

/// How quickly the limit rises per observation when there is no loss to explain.
const RISE: f64 = 1.1;

/// Where two candidates explain the losses alike the higher one is taken: per packet, and natural logarithm of the rate.
const HIGHER_BIAS: f64 = 0.005;

/// Steps of the fit: after two the inherent loss is right to a tenth, which is less than the losses' own noise.
const FIT_STEPS: u32 = 2;

#[derive(Clone, Copy, Debug, Default)]
struct Observation {
    kbps: f64,
    n_lost: f64,
    n_received: f64,
}

#[derive(Debug, Default)]
struct Open {
    bytes: u64,
    n_lost: u32,
    n_received: u32,
    last_sent: Option<Instant>,
}

/// Watches losses; says what they leave of the estimate.
#[derive(Debug, Default)]
pub(crate) struct LossLimit {
    open: Open,
    /// The last packet of the observation before the open one.
    began: Option<Instant>,
    /// Newest first.
    observations: [Observation; OBSERVATIONS],
    limit: Option<Bitrate>,
    loss: f64,
}

impl LossLimit {
    /// Feedback said this of a packet.
    pub(crate) fn push(&mut self, sent: Sent, is_lost: bool) {
        self.open.bytes += u64::from(sent.bytes);
        if is_lost {
            self.open.n_lost += 1;
        } else {
            self.open.n_received += 1;
        }
        self.began.get_or_insert(sent.at);
        self.open.last_sent = Some(
            self.open
                .last_sent
                .map_or(sent.at, |last| last.max(sent.at)),
        );
    }

    /// A packet counted as lost was only late.
    pub(crate) fn recover(&mut self) {
        self.open.n_lost = self.open.n_lost.saturating_sub(1);
        self.open.n_received += 1;
    }

    /// After each feedback: what the delays allow, and what arrives. True: the limit fell.
    pub(crate) fn update(&mut self, allowed: Bitrate, acknowledged: Option<Bitrate>) -> bool {
        if !self.close() {
            return false;
        }
        self.loss = self.average_loss();
        let present = self.limit.map_or(allowed, |limit| limit.min(allowed));
        let next = if self.loss <= LOSS_HARMLESS {
            present.scaled(RISE)
        } else {
            self.likeliest(present, acknowledged)
        };
        // A limit that does not bind is none: it must not hold the estimate when the path gets better.
        self.limit = (next < allowed).then_some(in_range(next));
        next < present
    }

    /// What it leaves is all that is allowed by now.
    pub(crate) fn lift(&mut self) {
        self.limit = None;
    }

    /// None: losses do not limit.
    pub(crate) const fn limit(&self) -> Option<Bitrate> {
        self.limit
    }

    /// The share of packets lost of late, old observations counting less.
    pub(crate) const fn loss(&self) -> f64 {
        self.loss
    }

    /// Ends the open observation when it has lasted.
    fn close(&mut self) -> bool {
        let (Some(began), Some(last)) = (self.began, self.open.last_sent) else {
            return false;
        };
        let length = last - began;
        if length < OBSERVATION {
            return false;
        }
        let open = std::mem::take(&mut self.open);
        self.began = Some(last);
        self.observations.rotate_right(1);
        if let Some(newest) = self.observations.first_mut() {
            *newest = Observation {
                kbps: Bitrate::of(open.bytes, length)
                    .unwrap_or(Bitrate::ZERO)
                    .as_kbps(),
                n_lost: f64::from(open.n_lost),
                n_received: f64::from(open.n_received),
            };
        }
        true
    }

    fn weighted(&self) -> impl Iterator<Item = (f64, &Observation)> {
        WEIGHTS.iter().copied().zip(&self.observations)
    }

    fn average_loss(&self) -> f64 {
        let (mut lost, mut all) = (0.0, 0.0);
        for (weight, seen) in self.weighted() {
            lost += weight * seen.n_lost;
            all += weight * (seen.n_lost + seen.n_received);
        }
        if all > 0.0 { lost / all } else { 0.0 }
    }

    fn likeliest(&self, present: Bitrate, acknowledged: Option<Bitrate>) -> Bitrate {
        let steps = FACTORS.map(|factor| Some(present.scaled(factor)));
        // Where nothing queues what arrives is the capacity: found in one step, however far away.
        let arriving = acknowledged.filter(|rate| *rate < present);
        let mut best = (present, f64::NEG_INFINITY);
        for candidate in steps.into_iter().chain([arriving]).flatten() {
            let likelihood = self.likelihood(candidate.as_kbps().max(1.0));
            if likelihood > best.1 {
                best = (candidate, likelihood);
            }
        }
        best.0
    }

    /// The logarithm of the probability of what was observed.
    fn likelihood(&self, candidate_kbps: f64) -> f64 {
        let bound = (INHERENT_MAX + INHERENT_KBPS / candidate_kbps).min(1.0);
        // Whatever was sent below the candidate has one probability: it is one observation, and most are of it.
        let mut below = Observation::default();
        let mut all = 0.0;
        for (weight, seen) in self.weighted() {
            all += weight * (seen.n_lost + seen.n_received);
            if seen.kbps <= candidate_kbps {
                below.n_lost += weight * seen.n_lost;
                below.n_received += weight * seen.n_received;
            }
        }
        let above = || {
            self.weighted()
                .filter(|(_, seen)| seen.kbps > candidate_kbps)
        };
        let mut inherent = self.loss.min(bound);
        for _ in 0..FIT_STEPS {
            // The share of all packets that the inherent loss took: below the candidate, all that were lost.
            let mut taken = below.n_lost;
            for (weight, seen) in above() {
                let p = seen.loss_at(inherent, candidate_kbps);
                taken += weight * seen.n_lost * inherent / p.max(f64::MIN_POSITIVE);
            }
            inherent = (taken / all.max(1.0)).min(bound);
        }
        let mut sum = below.likelihood_at(inherent) + HIGHER_BIAS * candidate_kbps.ln() * all;
        for (weight, seen) in above() {
            sum += weight * seen.likelihood_at(seen.loss_at(inherent, candidate_kbps));
        }
        sum
    }
}

impl Observation {
    /// The model's probability of loss at this observation's rate.
    fn loss_at(&self, inherent: f64, candidate_kbps: f64) -> f64 {
        let congested = if self.kbps > candidate_kbps {
            1.0 - candidate_kbps / self.kbps
        } else {
            0.0
        };
        inherent + (1.0 - inherent) * congested
    }

    /// The logarithm of the probability of these losses where each has this one.
    fn likelihood_at(&self, p: f64) -> f64 {
        // Neither end: a loss of none or all is unlikely, not impossible.
        let p = p.clamp(1e-4, 1.0 - 1e-4);
        self.n_lost * p.ln() + self.n_received * (1.0 - p).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 1,200 bytes over a path that carries some of them.
    struct Path {
        limit: LossLimit,
        now: Instant,
        number: u64,
    }

    impl Path {
        fn new() -> Self {
            Self {
                limit: LossLimit::default(),
                now: Instant::START,
                number: 0,
            }
        }

        /// A second at the rate that the limit leaves of `allowed`; `lost` says which packets the path loses, given
        /// their number and the rate. The rate after it.
        fn second(&mut self, allowed: Bitrate, lost: impl Fn(u64, f64) -> bool) -> Bitrate {
            let end = self.now + Duration::from_secs(1);
            let mut rate = self.rate(allowed);
            let (mut n_sent, mut n_received) = (0_u32, 0_u32);
            while self.now < end {
                let is_lost = lost(self.number, rate.as_kbps());
                let sent = Sent {
                    number: self.number,
                    at: self.now,
                    bytes: 1_200,
                };
                self.limit.push(sent, is_lost);
                n_sent += 1;
                n_received += u32::from(!is_lost);
                let arrived = rate.scaled(f64::from(n_received) / f64::from(n_sent));
                self.limit.update(allowed, Some(arrived));
                rate = self.rate(allowed);
                self.number += 1;
                self.now += rate.time_for(1_200);
            }
            rate
        }

        fn rate(&self, allowed: Bitrate) -> Bitrate {
            self.limit
                .limit()
                .map_or(allowed, |limit| limit.min(allowed))
        }
    }

    /// The share of a hash of the number: losses without a pattern, the same in every run.
    fn chance(number: u64) -> f64 {
        let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[test]
    fn two_percent_of_random_loss_limit_nothing() {
        let mut path = Path::new();
        for _ in 0..30 {
            let rate = path.second(Bitrate::from_kbps(2_000), |number, _| number % 50 == 0);
            assert_eq!(rate, Bitrate::from_kbps(2_000));
        }
    }

    #[test]
    fn ten_percent_of_random_loss_leave_a_picture() {
        let mut path = Path::new();
        let mut rate = Bitrate::ZERO;
        for _ in 0..60 {
            rate = path.second(Bitrate::from_kbps(3_000), |number, _| chance(number) < 0.1);
        }
        assert!(rate > Bitrate::from_kbps(800), "{rate}");
        assert!(
            (path.limit.loss() - 0.1).abs() < 0.05,
            "{}",
            path.limit.loss()
        );
    }

    #[test]
    fn a_policer_is_found_within_two_seconds_and_kept_to() {
        let policed = |number: u64, kbps: f64| chance(number) < 1.0 - 500.0 / kbps;
        let mut path = Path::new();
        for second in 0..30 {
            let rate = path.second(Bitrate::from_kbps(2_000), policed).as_kbps();
            assert!(second < 1 || rate < 650.0, "{second}: {rate}");
            assert!(rate > 350.0, "{second}: {rate}");
        }
    }

    #[test]
    fn the_limit_ends_with_the_losses() {
        let mut path = Path::new();
        for _ in 0..10 {
            path.second(Bitrate::from_kbps(2_000), |number, kbps| {
                chance(number) < 1.0 - 500.0 / kbps
            });
        }
        assert!(path.limit.limit().is_some());
        for _ in 0..20 {
            path.second(Bitrate::from_kbps(2_000), |_, _| false);
        }
        assert_eq!(path.limit.limit(), None);
    }

    #[test]
    fn a_late_packet_is_no_loss() {
        let mut limit = LossLimit::default();
        for number in 0..100 {
            let sent = Sent {
                number,
                at: Instant::from_nanos(number * 10_000_000),
                bytes: 1_200,
            };
            limit.push(sent, true);
            limit.recover();
            limit.update(Bitrate::from_kbps(1_000), None);
        }
        assert!(limit.loss() < 0.01, "{}", limit.loss());
    }
}
