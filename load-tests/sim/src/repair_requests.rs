//! What a player asks to be sent again: a NACK for each number that is missing, in the manners of libwebrtc's `NackRequester`.
//!
//! The engine of a simulated browser has manners of its own: it keeps a hundred packets in view and asks five times. Browsers
//! are worth repairing for longer, so the player asks in the engine's place.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_core::rtcp::{write_nack, write_receiver_report};
use sfu_model::rtp::Ssrc;
use sfu_model::time::Instant;

/// Most numbers that are missing at once. Past it all are given up for a keyframe.
const MISSING_MAX: usize = 1_000;
/// How often a number is asked for before it is given up. It was ten times in browsers of some years ago.
const TRIES_MAX: u8 = 100;
/// How long an answer is awaited: a player sends nothing that its round trip could be measured with, and takes it for this.
const ROUND_TRIP: Duration = Duration::from_millis(100);
/// A number is asked for again when the clock passes the next multiple of this.
const TICK: Duration = Duration::from_millis(20);
/// Whom requests come from. Its indices are counted apart from those of the engine, which draws SSRCs of its own.
const REPORTER: Ssrc = Ssrc(0x6d69_7373);

/// The numbers that a player misses.
#[derive(Debug, Default)]
pub(crate) struct RepairRequests {
    newest: Option<u64>,
    missing: BTreeMap<u64, Missing>,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    due_at: Instant,
    tries: u8,
}

impl RepairRequests {
    /// A packet came. True when so many are missing that only a keyframe helps.
    pub(crate) fn receive(&mut self, sequence: u64, now: Instant) -> bool {
        let newest = *self.newest.get_or_insert(sequence);
        if sequence <= newest {
            self.missing.remove(&sequence);
            return false;
        }
        self.newest = Some(sequence);
        let first = sequence.saturating_sub(MISSING_MAX as u64 + 1);
        let missing = Missing {
            due_at: now,
            tries: 0,
        };
        let gap = (newest + 1).max(first)..sequence;
        self.missing.extend(gap.map(|number| (number, missing)));
        let is_full = self.missing.len() > MISSING_MAX;
        if is_full {
            self.missing.clear();
        }
        is_full
    }

    /// What is before this number is needed no more: its pictures were decoded, or left out.
    pub(crate) fn forget_before(&mut self, sequence: u64) {
        self.missing = self.missing.split_off(&sequence);
    }

    /// When something must be asked for.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.missing.values().map(|missing| missing.due_at).min()
    }

    /// Asks for what is due: a compound packet in the clear.
    pub(crate) fn poll(&mut self, media: Ssrc, now: Instant) -> Option<Vec<u8>> {
        let is_due = |missing: &Missing| missing.due_at <= now;
        if !self.missing.values().any(is_due) {
            return None;
        }
        let mut numbers = Vec::new();
        self.missing.retain(|number, missing| {
            if !is_due(missing) {
                return true;
            }
            if missing.tries == TRIES_MAX {
                return false;
            }
            missing.tries += 1;
            missing.due_at = next_tick(now + ROUND_TRIP);
            // Truncation is the form on the wire.
            numbers.push((*number & 0xffff) as u16);
            true
        });
        let mut packet = Vec::new();
        write_receiver_report(&mut packet, REPORTER, &[]);
        if !numbers.is_empty() {
            write_nack(&mut packet, REPORTER, media, numbers.into_iter());
        }
        Some(packet)
    }
}

/// The first tick at or after a moment.
fn next_tick(at: Instant) -> Instant {
    let nanos = u64::try_from(TICK.as_nanos()).unwrap_or(1);
    Instant::from_nanos(at.as_nanos().div_ceil(nanos) * nanos)
}

#[cfg(test)]
mod tests {
    use sfu_core::rtcp::{Compound, Feedback};

    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    fn asked(requests: &mut RepairRequests, ms: u64) -> Vec<u16> {
        let Some(packet) = requests.poll(Ssrc(7), at(ms)) else {
            return Vec::new();
        };
        let feedback = Compound::new(&packet).filter_map(Result::ok);
        let numbers = feedback.filter_map(|feedback| {
            if let Feedback::Nack { packets, .. } = feedback {
                return Some(packets);
            }
            None
        });
        numbers.flatten().collect()
    }

    #[test]
    fn a_gap_is_asked_for_at_once_and_again_until_it_is_filled() {
        let mut requests = RepairRequests::default();
        assert!(!requests.receive(65_534, at(0)));
        assert!(!requests.receive(65_537, at(5)));
        assert_eq!(asked(&mut requests, 5), [65_535, 0]);
        assert_eq!(requests.poll_timeout(), Some(at(120)));
        assert_eq!(asked(&mut requests, 119), Vec::<u16>::new());
        assert!(!requests.receive(65_535, at(119)));
        assert_eq!(asked(&mut requests, 120), [0]);
        requests.forget_before(65_537);
        assert_eq!(requests.poll_timeout(), None);
    }

    #[test]
    fn what_never_comes_is_given_up() {
        let mut requests = RepairRequests::default();
        let _ = requests.receive(1, at(0));
        let _ = requests.receive(3, at(0));
        let n_asked: usize = (0..20_000).map(|ms| asked(&mut requests, ms).len()).sum();
        assert_eq!(n_asked, usize::from(TRIES_MAX));
        assert_eq!(requests.poll_timeout(), None);
    }

    #[test]
    fn a_thousand_are_asked_for_and_more_are_a_keyframe() {
        let mut requests = RepairRequests::default();
        let _ = requests.receive(1, at(0));
        assert!(!requests.receive(1_002, at(0)));
        assert_eq!(asked(&mut requests, 0).len(), 1_000);
        assert!(requests.receive(1_004, at(1)));
        assert_eq!(requests.poll_timeout(), None);
        assert!(requests.receive(900_000, at(2)));
    }
}
