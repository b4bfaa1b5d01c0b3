//! The estimate of one subscriber's path, as long as there is something to choose by it. A subscriber of a stream with one
//! encoding is not estimated: its packets carry no number, it sends no feedback, and nobody pays for either.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::{Instant, NtpTime};

use crate::budget::arrival::Arrival;
use crate::budget::estimate::Estimator;
use crate::egress::stream::TransportNumbers;
use crate::route::rate_meter::OVERHEAD_BYTES;
use crate::rtcp::TransportFeedback;
use crate::stats::PathStatus;

/// How often a plan is looked at at least.
const PLAN_INTERVAL: Duration = Duration::from_millis(500);

/// By what a path can be estimated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Negotiated {
    /// Transport-wide feedback was negotiated, for one stream at least.
    pub(crate) has_sequence: bool,
    /// `abs-send-time` was, by which receivers estimate themselves (REMB).
    pub(crate) has_send_time: bool,
    /// Repairs were: probes are made of them.
    pub(crate) has_repairs: bool,
}

/// Whether, and by what, a path is estimated.
#[derive(Debug)]
pub(crate) struct Estimation {
    negotiated: Negotiated,
    /// There is something to choose.
    is_active: bool,
    /// The estimate of the last plan.
    planned: Bitrate,
    /// When the plan is due again, estimate or not: what the encodings send changes too.
    next_plan_at: Instant,
    probing: Option<Probing>,
    /// The reference time of the last feedback, unwrapped.
    reference_ticks: Option<i64>,
    pub(crate) estimator: Estimator,
}

/// A probe on its way.
#[derive(Clone, Copy, Debug)]
struct Probing {
    rate: Bitrate,
    left_bytes: u64,
    packet_bytes: Option<usize>,
    next_at: Instant,
}

impl Estimation {
    pub(crate) fn new(negotiated: Negotiated) -> Self {
        Self {
            negotiated,
            is_active: false,
            planned: Bitrate::ZERO,
            next_plan_at: Instant::START,
            probing: None,
            reference_ticks: None,
            estimator: Estimator::default(),
        }
    }

    /// What the path carries, for a plan that has a choice to make or not. `None`: it is not estimated.
    pub(crate) fn plan(&mut self, has_choice: bool, now: Instant) -> Option<Bitrate> {
        self.is_active = has_choice;
        self.next_plan_at = now + PLAN_INTERVAL;
        self.planned = self.estimator.estimate();
        has_choice.then_some(self.planned)
    }

    /// The path is estimated: there is something to choose.
    pub(crate) fn is_active(&self) -> bool {
        self.is_active
    }

    /// The estimate, while there is one.
    pub(crate) fn estimate(&self) -> Option<Bitrate> {
        self.is_active.then(|| self.estimator.estimate())
    }

    /// The path as others are told of it, while it is followed.
    pub(crate) fn status(&self) -> Option<PathStatus> {
        self.is_active.then(|| PathStatus {
            estimate: self.estimator.estimate(),
            limited_by: self.estimator.limited_by(),
            round_trip: self.estimator.rtt(),
            loss: self.estimator.loss(),
        })
    }

    /// It is time to plan again: the estimate is another than that of the last plan, or that was long ago.
    pub(crate) fn wants_plan(&self, now: Instant) -> bool {
        self.is_active && (self.next_plan_at <= now || self.estimator.estimate() != self.planned)
    }

    /// The path cannot be probed, and goes well as it is.
    pub(crate) fn may_try(&self) -> bool {
        self.is_active && !self.can_probe() && self.estimator.is_at_ease()
    }

    /// The path itself holds the estimate where it is, as far as probes have tried it.
    pub(crate) fn is_measured(&self) -> bool {
        self.can_probe() && self.estimator.limited_by().is_measured()
    }

    /// Its receiver says when what arrives, and there is something to send that it does not miss.
    pub(crate) fn can_probe(&self) -> bool {
        self.negotiated.has_sequence && self.negotiated.has_repairs
    }

    /// The numbers of a packet that is to leave now, of a stream whose packets carry transport-wide numbers or do not. They
    /// are the next packet's still, until [`Self::sent`]: what could not be sealed leaves no number that its receiver misses.
    #[inline]
    pub(crate) fn numbers(
        &self,
        is_numbered: bool,
        now: Instant,
        ntp_anchor: NtpTime,
    ) -> TransportNumbers {
        if !self.follows(is_numbered) {
            return TransportNumbers::default();
        }
        let Negotiated {
            has_sequence,
            has_send_time,
            ..
        } = self.negotiated;
        let send_time = || {
            let ntp = ntp_anchor.after(now - Instant::START);
            // 6.18 fixed-point seconds.
            u32::try_from((ntp.0 >> 14) & 0x00ff_ffff).unwrap_or(0)
        };
        TransportNumbers {
            sequence: has_sequence.then(|| self.estimator.next_number()),
            send_time: (has_send_time && !has_sequence).then(send_time),
        }
    }

    /// A packet with this payload has left, of such a stream.
    #[inline]
    pub(crate) fn sent(&mut self, (payload_bytes, is_numbered): (usize, bool), now: Instant) {
        if !self.follows(is_numbered) {
            return;
        }
        let bytes = payload_bytes + OVERHEAD_BYTES;
        self.estimator.on_sent(bytes, now);
        if let Some(probing) = &mut self.probing {
            probing.left_bytes = probing.left_bytes.saturating_sub(bytes as u64);
            // The next packet of the probe keeps the rate with this one, whatever it is.
            probing.next_at = probing.next_at.max(now) + time_at(probing.rate, bytes);
        }
    }

    /// Beside a stream whose packets carry transport-wide numbers, others are not followed: a number that no packet carries
    /// is reported as lost.
    fn follows(&self, is_numbered: bool) -> bool {
        self.is_active && (is_numbered || !self.negotiated.has_sequence)
    }

    /// Lets time pass. True when a packet of a probe must leave now.
    pub(crate) fn poll_probe(&mut self, now: Instant) -> bool {
        if !self.is_active {
            return false;
        }
        if self.estimator.poll_timeout().is_some_and(|at| at <= now) {
            self.estimator.on_timeout(now);
        }
        if self.probing.is_none()
            && let Some(probe) = self.estimator.poll_probe(now)
        {
            self.probing = Some(Probing {
                rate: probe.rate,
                left_bytes: probe.bytes,
                packet_bytes: probe.packet_bytes,
                next_at: now,
            });
        }
        self.probing = self.probing.filter(|probing| probing.left_bytes > 0);
        self.probing.is_some_and(|probing| probing.next_at <= now)
    }

    /// What each packet of the running probe weighs at most, where it is made of padding.
    pub(crate) fn probe_packet_bytes(&self) -> Option<usize> {
        self.probing?.packet_bytes
    }

    /// Gives up a probe that nothing can be sent for.
    pub(crate) fn abandon_probe(&mut self) {
        self.probing = None;
    }

    /// Takes a packet of transport-wide feedback.
    pub(crate) fn hear(&mut self, feedback: &TransportFeedback<'_>, now: Instant) {
        let reference = feedback.reference_ticks(self.reference_ticks);
        self.reference_ticks = Some(reference);
        let lines = feedback.packets(reference);
        let lines = lines.map(|(sequence, arrival)| (sequence, arrival.map(Arrival)));
        self.estimator.on_feedback(lines, now);
    }

    /// When [`Self::poll_probe`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        if !self.is_active {
            return None;
        }
        let probing = self.probing.map(|probing| probing.next_at);
        let next = probing.or_else(|| self.estimator.poll_timeout());
        Some(next.map_or(self.next_plan_at, |at| at.min(self.next_plan_at)))
    }
}

/// How long this many bytes take at a rate.
fn time_at(rate: Bitrate, bytes: usize) -> Duration {
    let nanos = (bytes as u64)
        .saturating_mul(8_000_000_000)
        .checked_div(rate.as_bps());
    Duration::from_nanos(nanos.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(has_sequence: bool) -> Negotiated {
        Negotiated {
            has_sequence,
            has_send_time: true,
            has_repairs: true,
        }
    }

    #[test]
    fn what_carries_no_number_takes_none() {
        let mut estimation = Estimation::new(negotiated(true));
        assert!(estimation.plan(true, Instant::START).is_some());
        let mut number = |is_numbered| {
            let numbers = estimation.numbers(is_numbered, Instant::START, NtpTime(0));
            estimation.sent((100, is_numbered), Instant::START);
            (numbers.sequence, numbers.send_time)
        };
        assert_eq!(number(true), (Some(0), None));
        assert_eq!(number(false), (None, None));
        assert_eq!(number(true), (Some(1), None), "without a hole");
    }

    #[test]
    fn without_a_choice_nothing_is_numbered() {
        let mut estimation = Estimation::new(negotiated(true));
        let numbers = estimation.numbers(true, Instant::START, NtpTime(0));
        assert_eq!((numbers.sequence, numbers.send_time), (None, None));
        assert_eq!(estimation.plan(false, Instant::START), None);
        assert!(!estimation.wants_plan(Instant::START + PLAN_INTERVAL));
        assert_eq!(estimation.poll_timeout(), None);
    }

    #[test]
    fn with_a_choice_packets_are_numbered_or_dated() {
        let mut numbered = Estimation::new(negotiated(true));
        assert!(numbered.plan(true, Instant::START).is_some());
        assert!(!numbered.wants_plan(Instant::START));
        assert!(numbered.wants_plan(Instant::START + PLAN_INTERVAL));
        for expected in 0..3 {
            for _ in 0..2 {
                let numbers = numbered.numbers(true, Instant::START, NtpTime(0));
                assert_eq!(
                    (numbers.sequence, numbers.send_time),
                    (Some(expected), None),
                    "the same until it has left"
                );
            }
            numbered.sent((1_000, true), Instant::START);
        }
        let mut dated = Estimation::new(negotiated(false));
        assert!(dated.plan(true, Instant::START).is_some());
        let later = Instant::START + Duration::from_millis(500);
        let numbers = dated.numbers(true, later, NtpTime(1 << 32));
        assert_eq!(numbers.send_time, Some((1 << 18) + (1 << 17)));
    }
}
