//! Groups of packets, and how much further apart they arrived than they left.
//!
//! A sender emits a frame as one burst, and what the burst's own packets do to each other says nothing about the path:
//! packets that left within 5 ms are one group, and groups are compared (draft-ietf-rmcat-gcc-02 section 5.2).

use sfu_model::time::Instant;

use crate::budget::arrival::Arrival;

/// Longest time between the departures of a group's first and last packet (draft-ietf-rmcat-gcc-02 section 5.2).
const GROUP_MS: f64 = 5.0;

/// A packet that follows the one before within this, and faster than it was sent, was held up together with it by a
/// link that sends in bursts (Wi-Fi, LTE): same group (libwebrtc's inter-arrival filter).
const BURST_GAP_MS: f64 = 5.0;

/// But no burst is longer than this, or a draining queue would be one endless group.
const BURST_MS_MAX: f64 = 100.0;

/// Groups in a row that arrive before their predecessor after which the receiver's clock, not the path, has moved back.
const GROUPS_BACKWARDS_MAX: u32 = 3;

/// A group later than its departure explains by more than this shows a jump of the clock or a path that was gone:
/// no slope can be read from it, and the comparison starts anew (libwebrtc: 3 s).
const JUMP_MS: f64 = 3_000.0;

/// How far apart two groups left and arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spacing {
    pub(crate) sent_ms: f64,
    pub(crate) arrived_ms: f64,
    /// When the later group was complete.
    pub(crate) arrival: Arrival,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: Instant,
    last_sent: Instant,
    first_arrival: Arrival,
    last_arrival: Arrival,
}

impl Group {
    const fn new(sent: Instant, arrival: Arrival) -> Self {
        Self {
            first_sent: sent,
            last_sent: sent,
            first_arrival: arrival,
            last_arrival: arrival,
        }
    }

    fn takes(&self, sent: Instant, arrival: Arrival) -> bool {
        if millis_between(self.first_sent, sent) <= GROUP_MS {
            return true;
        }
        let gap_ms = arrival.millis_since(self.last_arrival);
        gap_ms <= BURST_GAP_MS
            && gap_ms < millis_between(self.last_sent, sent)
            && arrival.millis_since(self.first_arrival) < BURST_MS_MAX
    }
}

/// Compares each group with the one before it.
#[derive(Debug, Default)]
pub(crate) struct InterArrival {
    current: Option<Group>,
    previous: Option<Group>,
    n_backwards: u32,
}

impl InterArrival {
    /// Takes a received packet. Some: it begins a group, and the one that it ends is compared with its predecessor.
    pub(crate) fn push(&mut self, sent: Instant, arrival: Arrival) -> Option<Spacing> {
        let Some(group) = &mut self.current else {
            self.current = Some(Group::new(sent, arrival));
            return None;
        };
        if sent < group.first_sent {
            // Told late, of a group that is closed.
            return None;
        }
        if group.takes(sent, arrival) {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrival = group.last_arrival.max(arrival);
            return None;
        }
        let ended = std::mem::replace(group, Group::new(sent, arrival));
        let previous = self.previous.replace(ended)?;
        self.compare(previous, ended)
    }

    /// Forgets the groups: the next packet begins anew.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    fn compare(&mut self, previous: Group, ended: Group) -> Option<Spacing> {
        let sent_ms = millis_between(previous.last_sent, ended.last_sent);
        let arrived_ms = ended.last_arrival.millis_since(previous.last_arrival);
        if arrived_ms - sent_ms > JUMP_MS {
            self.reset();
            return None;
        }
        if arrived_ms < 0.0 {
            self.n_backwards += 1;
            if self.n_backwards >= GROUPS_BACKWARDS_MAX {
                self.reset();
            }
            return None;
        }
        self.n_backwards = 0;
        Some(Spacing {
            sent_ms,
            arrived_ms,
            arrival: ended.last_arrival,
        })
    }
}

fn millis_between(earlier: Instant, later: Instant) -> f64 {
    (later - earlier).as_nanos() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(groups: &mut InterArrival, sent_ms: u64, arrival_ms: i64) -> Option<(f64, f64)> {
        groups
            .push(
                Instant::from_nanos(sent_ms * 1_000_000),
                Arrival(arrival_ms * 4),
            )
            .map(|spacing| (spacing.sent_ms, spacing.arrived_ms))
    }

    #[test]
    fn groups_are_compared_by_their_last_packets() {
        let mut groups = InterArrival::default();
        for (sent, arrived) in [(0, 100), (4, 106), (20, 125), (22, 131)] {
            assert_eq!(push(&mut groups, sent, arrived), None);
        }
        assert_eq!(push(&mut groups, 40, 150), Some((18.0, 25.0)));
    }

    #[test]
    fn packets_released_together_are_one_group() {
        let mut groups = InterArrival::default();
        for (sent, arrived) in [(0, 100), (10, 200), (20, 201), (30, 202)] {
            assert_eq!(push(&mut groups, sent, arrived), None);
        }
        // The packets sent at 10, 20 and 30 arrived at once: only their end counts.
        assert_eq!(push(&mut groups, 50, 260), Some((30.0, 102.0)));
    }

    #[test]
    fn a_late_packet_of_a_closed_group_changes_nothing() {
        let mut groups = InterArrival::default();
        for (sent, arrived) in [(0, 100), (20, 120), (3, 130)] {
            assert_eq!(push(&mut groups, sent, arrived), None);
        }
        assert_eq!(push(&mut groups, 40, 140), Some((20.0, 20.0)));
    }

    #[test]
    fn a_clock_that_jumps_starts_the_comparison_anew() {
        let mut groups = InterArrival::default();
        for (sent, arrived) in [(0, 100), (20, 120), (40, 9_000)] {
            push(&mut groups, sent, arrived);
        }
        assert_eq!(push(&mut groups, 60, 9_020), None, "the jump itself");
        for (sent, arrived) in [(80, 9_040), (100, 9_060)] {
            assert_eq!(push(&mut groups, sent, arrived), None);
        }
        assert_eq!(push(&mut groups, 120, 9_080), Some((20.0, 20.0)));
    }

    #[test]
    fn a_clock_that_runs_backwards_gives_no_spacing() {
        let mut groups = InterArrival::default();
        for step in 0..200_i64 {
            let sent = u64::try_from(step * 20).unwrap();
            assert_eq!(push(&mut groups, sent, 1_000_000 - step * 20), None);
        }
    }
}
