//! When to send more than the estimate, to see whether it arrives.
//!
//! libwebrtc probes when a call begins, and later when the application sends less than it may. A server knows better
//! when there is something to gain: while a higher layer is wanted than the estimate allows, and only then.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::arrival::Arrival;
use crate::budget::cluster::{Cluster, Measured, PACKETS_MIN};
use crate::budget::history::Sent;
use crate::budget::limits::in_range;

/// How long a probe lasts: at twice the capacity it leaves a queue of half of this, which a jitter buffer does not
/// notice; libwebrtc's 15 ms are three frames of a Wi-Fi link that sends in bursts, too few to measure.
const LENGTH: Duration = Duration::from_millis(40);

/// But never fewer bytes than make a measurement.
const PACKET_BYTES: u64 = 1_200;

/// Where only sound is sent, a measurement is made of packets as small as its own: at 100 kbit/s six of these are 48 ms.
const GENTLE_BYTES: u64 = 100;

/// What a probe asks for, as multiples of the estimate: the first knows nothing (libwebrtc: 3 and then 6 of the start),
/// the others step by two.
const FIRST_FACTOR: f64 = 3.0;
const FACTOR: f64 = 2.0;

/// And never more than this multiple of what is wanted: knowing it gains nothing, and the rest is the margin that keeps
/// the layer once it is got, and what jitter takes from a train: one of 40 ms that arrives 20 ms longer shows two thirds.
const WANTED_FACTOR: f64 = 1.6;

/// A probe that finds this share of what it asked for has not found the end (libwebrtc): the next follows at once.
const GO_ON_SHARE: f64 = 0.7;

/// Time until the next try after a probe has met the link's end. At twice the rate for 40 ms it costs 4 % of the rate; a
/// link that has grown sixfold is known within two tries, and beside a TCP flow it is half of what holds our share.
const INTERVAL: Duration = Duration::from_secs(2);

/// But the first tries follow each other sooner, each pause twice the one before: one train in four is torn by a radio or a
/// busy machine, and a viewer who has just come must not wait two seconds for a better picture because of it.
const INTERVAL_FIRST: Duration = Duration::from_millis(400);

/// No probe for this long after the estimate fell: the queue must drain first.
const AFTER_FALL: Duration = Duration::from_secs(1);

/// A probe ends without result after this and its own length three times over: what has not been sent or reported by
/// then will not be.
const PATIENCE: Duration = Duration::from_secs(1);

/// Please send this many bytes at this rate, media and padding together; only the rate and the bytes count, not which
/// packets they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) rate: Bitrate,
    pub(crate) bytes: u64,
    /// What each packet of it weighs at most, where that matters: it is made of padding then.
    pub(crate) packet_bytes: Option<usize>,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Idle,
    /// Packets count for the cluster until these bytes are sent.
    Sending(Running),
    /// All is sent; feedback is awaited.
    Awaiting(Running),
}

#[derive(Debug)]
struct Running {
    cluster: Cluster,
    bytes: u64,
    expires: Instant,
}

/// Decides when to probe, and follows one probe at a time.
#[derive(Debug)]
pub(crate) struct Prober {
    phase: Phase,
    has_probed: bool,
    not_before: Option<Instant>,
    /// The pause after the next probe that finds nothing.
    interval: Duration,
    is_gentle: bool,
}

impl Default for Prober {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            has_probed: false,
            not_before: None,
            interval: INTERVAL_FIRST,
            is_gentle: false,
        }
    }
}

impl Prober {
    /// A probe to send, the first packet of which will be `next_number`.
    pub(crate) fn poll(
        &mut self,
        estimate: Bitrate,
        wanted: Bitrate,
        next_number: u64,
        now: Instant,
    ) -> Option<Probe> {
        let is_due = self.due_at(estimate, wanted).is_some_and(|at| now >= at);
        if !is_due {
            return None;
        }
        // Sound alone is sent because something is known.
        let factor = if self.has_probed || self.is_gentle {
            FACTOR
        } else {
            FIRST_FACTOR
        };
        self.has_probed = true;
        let rate = in_range(estimate.scaled(factor).min(wanted.scaled(WANTED_FACTOR)));
        let packets = u64::from(PACKETS_MIN + 1);
        let least = if self.is_gentle {
            GENTLE_BYTES
        } else {
            PACKET_BYTES
        };
        let bytes = rate.bytes_in(LENGTH).max(packets * least);
        let packet_bytes = usize::try_from(bytes / packets).ok();
        self.phase = Phase::Sending(Running {
            cluster: Cluster::new(rate, next_number),
            bytes,
            expires: now + rate.time_for(bytes) * 3 + PATIENCE,
        });
        Some(Probe {
            rate,
            bytes,
            packet_bytes: packet_bytes.filter(|_| self.is_gentle),
        })
    }

    /// Whether probes must leave room for sound that is all that is sent beside them. True: from here on they must.
    pub(crate) fn set_gentle(&mut self, is_gentle: bool) -> bool {
        let was_gentle = std::mem::replace(&mut self.is_gentle, is_gentle);
        is_gentle && !was_gentle
    }

    /// A packet was sent; while a probe runs it is part of it.
    pub(crate) fn on_sent(&mut self, bytes: usize) {
        let Phase::Sending(running) = &mut self.phase else {
            return;
        };
        running.cluster.on_sent(bytes);
        let is_sent = running.cluster.sent_bytes() >= running.bytes
            && running.cluster.n_sent() >= PACKETS_MIN;
        if is_sent && let Phase::Sending(running) = std::mem::take(&mut self.phase) {
            self.phase = Phase::Awaiting(running);
        }
    }

    /// Takes a received packet; says whether it belongs to the probe.
    pub(crate) fn on_received(&mut self, sent: Sent, arrival: Arrival) -> bool {
        let (Phase::Sending(running) | Phase::Awaiting(running)) = &mut self.phase else {
            return false;
        };
        let is_ours = running.cluster.holds(sent.number);
        if is_ours {
            running.cluster.on_received(sent, arrival);
        }
        is_ours
    }

    /// Feedback has reported packets up to this number. Some: the probe is over, and this is what it found.
    pub(crate) fn on_reported(&mut self, highest: u64, now: Instant) -> Option<Measured> {
        let Phase::Awaiting(running) = &self.phase else {
            return None;
        };
        if highest + 1 < running.cluster.end() {
            return None;
        }
        let measured = running.cluster.measure();
        let goes_on_from = running.cluster.rate().scaled(GO_ON_SHARE);
        let goes_on = measured.is_some_and(|found| found.rate >= goes_on_from);
        self.phase = Phase::Idle;
        self.not_before = Some(if goes_on { now } else { now + self.pause() });
        measured
    }

    /// The estimate fell.
    pub(crate) fn on_fall(&mut self, now: Instant) {
        let after = now + AFTER_FALL;
        self.not_before = Some(self.not_before.map_or(after, |at| at.max(after)));
    }

    /// The path is back after a silence: try at once.
    pub(crate) fn on_return(&mut self) {
        self.phase = Phase::Idle;
        self.not_before = None;
    }

    /// Gives up a probe that nobody sent or reported.
    pub(crate) fn on_timeout(&mut self, now: Instant) {
        if let Phase::Sending(running) | Phase::Awaiting(running) = &self.phase
            && now >= running.expires
        {
            self.phase = Phase::Idle;
            self.not_before = Some(now + self.pause());
        }
    }

    fn pause(&mut self) -> Duration {
        let pause = self.interval;
        self.interval = (pause * 2).min(INTERVAL);
        pause
    }

    /// When `poll` or `on_timeout` has something to do.
    pub(crate) fn poll_timeout(&self, estimate: Bitrate, wanted: Bitrate) -> Option<Instant> {
        match &self.phase {
            Phase::Idle => self.due_at(estimate, wanted),
            Phase::Sending(running) | Phase::Awaiting(running) => Some(running.expires),
        }
    }

    fn due_at(&self, estimate: Bitrate, wanted: Bitrate) -> Option<Instant> {
        let is_wanted = matches!(self.phase, Phase::Idle) && in_range(wanted) > estimate;
        is_wanted.then(|| self.not_before.unwrap_or(Instant::START))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KBPS: fn(u64) -> Bitrate = Bitrate::from_kbps;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    /// Sends the probe's packets from number `first` at its rate, which arrive at the rate of a link; the result.
    fn answer(prober: &mut Prober, probe: Probe, first: u64, link: Bitrate) -> Option<Measured> {
        let packets = probe.bytes.div_ceil(1_200);
        let gap = probe.rate.time_for(1_200);
        let arrival_gap = gap.max(link.time_for(1_200)).as_micros() / 250;
        for packet in 0..packets {
            prober.on_sent(1_200);
            let sent = Sent {
                number: first + packet,
                at: at(1_000) + gap * u32::try_from(packet).unwrap(),
                bytes: 1_200,
            };
            let arrival = i64::try_from(u128::from(packet) * arrival_gap).unwrap();
            assert!(prober.on_received(sent, Arrival(arrival)));
        }
        prober.on_reported(first + packets - 1, at(1_500))
    }

    #[test]
    fn nothing_is_probed_that_nobody_wants() {
        let mut prober = Prober::default();
        assert_eq!(prober.poll(KBPS(1_000), Bitrate::ZERO, 0, at(0)), None);
        assert_eq!(prober.poll(KBPS(1_000), KBPS(900), 0, at(0)), None);
        assert_eq!(prober.poll_timeout(KBPS(1_000), KBPS(900)), None);
    }

    #[test]
    fn beside_sound_alone_a_probe_is_small() {
        let mut prober = Prober::default();
        assert!(prober.set_gentle(true) && !prober.set_gentle(true));
        let probe = prober.poll(KBPS(40), KBPS(250), 0, at(0)).unwrap();
        assert_eq!(probe.rate, KBPS(80));
        assert_eq!((probe.bytes, probe.packet_bytes), (600, Some(100)));
        prober.set_gentle(false);
        let mut prober = Prober::default();
        let probe = prober.poll(KBPS(40), KBPS(250), 0, at(0)).unwrap();
        assert_eq!((probe.bytes, probe.packet_bytes), (7_200, None));
    }

    #[test]
    fn probes_step_up_to_a_margin_above_what_is_wanted() {
        let mut prober = Prober::default();
        let link = KBPS(20_000);
        let first = prober.poll(KBPS(500), KBPS(4_000), 0, at(0)).unwrap();
        assert_eq!(first.rate, KBPS(1_500));
        assert_eq!(
            prober.poll(KBPS(500), KBPS(4_000), 0, at(0)),
            None,
            "one at a time"
        );
        let found = answer(&mut prober, first, 0, link).unwrap();
        assert!(found.rate >= KBPS(1_400) && !found.is_full, "{found:?}");
        let second = prober
            .poll(KBPS(1_500), KBPS(4_000), 10, at(1_500))
            .unwrap();
        assert_eq!(second.rate, KBPS(3_000));
        assert!(answer(&mut prober, second, 10, link).is_some());
        let third = prober
            .poll(KBPS(3_000), KBPS(4_000), 40, at(1_500))
            .unwrap();
        assert_eq!(third.rate, KBPS(6_000));
    }

    #[test]
    fn the_end_of_the_link_ends_the_series() {
        let mut prober = Prober::default();
        let probe = prober.poll(KBPS(500), KBPS(4_000), 0, at(0)).unwrap();
        let found = answer(&mut prober, probe, 0, KBPS(600)).unwrap();
        assert!(found.is_full);
        let found = found.rate;
        assert!(found > KBPS(500) && found < KBPS(620), "{found}");
        assert_eq!(prober.poll(found, KBPS(4_000), 10, at(1_500)), None);
        let next = prober.poll_timeout(found, KBPS(4_000)).unwrap();
        assert_eq!(next, at(1_500) + INTERVAL_FIRST);
        assert!(prober.poll(found, KBPS(4_000), 10, next).is_some());
    }

    #[test]
    fn a_probe_that_nobody_answers_ends() {
        let mut prober = Prober::default();
        assert!(prober.poll(KBPS(500), KBPS(1_000), 0, at(0)).is_some());
        let expires = prober.poll_timeout(KBPS(500), KBPS(1_000)).unwrap();
        prober.on_timeout(expires);
        let next = prober.poll_timeout(KBPS(500), KBPS(1_000)).unwrap();
        assert_eq!(next, expires + INTERVAL_FIRST);
    }

    #[test]
    fn a_fall_delays_the_next_probe() {
        let mut prober = Prober::default();
        prober.on_fall(at(100));
        assert_eq!(prober.poll(KBPS(500), KBPS(1_000), 0, at(1_000)), None);
        assert!(prober.poll(KBPS(500), KBPS(1_000), 0, at(1_600)).is_some());
    }
}
