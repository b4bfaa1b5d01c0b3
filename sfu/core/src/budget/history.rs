//! What was sent under which transport-wide sequence number, until feedback says what became of it.

use sfu_model::time::Instant;

/// Most packets remembered, 8 bytes each. At the highest rate that is estimated, 30 Mbit/s in packets of 1,200 bytes,
/// this is 0.33 s: a round trip of 230 ms and feedback every 100 ms; at 3 Mbit/s it is ten times that. Feedback about
/// older packets is ignored.
pub(crate) const HISTORY_PACKETS: usize = 1_024;

/// So many once feedback is about one that was forgotten: the path is longer than most, or faster, and without feedback in time the
/// estimate would be halved again and again. 24 KB more, which a viewer may lie its way to.
const GROWN_PACKETS: usize = 4_096;

/// Send times are kept in units of 2^14 ns, 16 us: a fifteenth of the tick of feedback, and 19 hours until 32 bits wrap.
const UNIT_SHIFT: u32 = 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Unsent,
    InFlight,
    ReportedLost,
    Received,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    sent_units: u32,
    bytes: u16,
    fate: Fate,
}

const _: () = assert!(size_of::<Slot>() == 8, "1,024 slots are 8 KB a viewer");

const UNSENT: Slot = Slot {
    sent_units: 0,
    bytes: 0,
    fate: Fate::Unsent,
};

/// The number of a packet, never wrapped, and what is known of its sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) number: u64,
    pub(crate) at: Instant,
    pub(crate) bytes: u32,
}

/// What feedback newly says about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Received(Sent),
    /// It was reported lost, and came later than others after all.
    ReceivedAfterAll(Sent),
    Lost(Sent),
}

/// The packets sent last, in a ring.
#[derive(Debug)]
pub(crate) struct History {
    slots: Box<[Slot]>,
    /// The number of the next packet; its low 16 bits go on the wire.
    next: u64,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![UNSENT; HISTORY_PACKETS].into_boxed_slice(),
            next: 0,
        }
    }

    /// Numbers a packet that leaves at `now`.
    pub(crate) fn push(&mut self, bytes: usize, now: Instant) -> u64 {
        let number = self.next;
        self.next += 1;
        let index = self.index(number);
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Slot {
                sent_units: units(now),
                bytes: u16::try_from(bytes).unwrap_or(u16::MAX),
                fate: Fate::InFlight,
            };
        }
        number
    }

    /// The number of the next packet.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Takes one line of feedback. None: it says nothing new, or is about a packet never sent or long forgotten.
    pub(crate) fn settle(&mut self, wire: u16, is_received: bool, now: Instant) -> Option<News> {
        let number = self.unwrap(wire)?;
        let index = self.index(number);
        let slot = self.slots.get_mut(index)?;
        let age = units(now).wrapping_sub(slot.sent_units);
        let now_units = now.as_nanos() >> UNIT_SHIFT;
        let sent = Sent {
            number,
            at: Instant::from_nanos(now_units.saturating_sub(u64::from(age)) << UNIT_SHIFT),
            bytes: u32::from(slot.bytes),
        };
        let (fate, news) = match (slot.fate, is_received) {
            (Fate::InFlight, true) => (Fate::Received, News::Received(sent)),
            (Fate::InFlight, false) => (Fate::ReportedLost, News::Lost(sent)),
            (Fate::ReportedLost, true) => (Fate::Received, News::ReceivedAfterAll(sent)),
            (Fate::ReportedLost, false) | (Fate::Received | Fate::Unsent, _) => return None,
        };
        slot.fate = fate;
        Some(news)
    }

    /// The packet of the ring that has these low 16 bits.
    fn unwrap(&mut self, wire: u16) -> Option<u64> {
        let last = self.next.checked_sub(1)?;
        let age = low_16(last).wrapping_sub(wire);
        let number = last.checked_sub(u64::from(age))?;
        if usize::from(age) < self.slots.len() {
            return Some(number);
        }
        if usize::from(age) < GROWN_PACKETS {
            self.grow();
        }
        None
    }

    fn grow(&mut self) {
        let n_kept = self.slots.len() as u64;
        let mut grown = Self {
            slots: vec![UNSENT; GROWN_PACKETS].into_boxed_slice(),
            next: self.next,
        };
        for number in self.next.saturating_sub(n_kept)..self.next {
            let index = grown.index(number);
            if let (Some(slot), Some(kept)) = (
                grown.slots.get_mut(index),
                self.slots.get(self.index(number)),
            ) {
                *slot = *kept;
            }
        }
        *self = grown;
    }

    /// Rings are powers of two below 2^16, so that this never loses more than whole rounds.
    fn index(&self, number: u64) -> usize {
        usize::from(low_16(number)) & (self.slots.len() - 1)
    }
}

const fn low_16(number: u64) -> u16 {
    (number & 0xffff) as u16
}

/// The form of a packet's number that goes on the wire.
pub(crate) const fn wire(number: u64) -> u16 {
    low_16(number)
}

const _: () = assert!(HISTORY_PACKETS.is_power_of_two() && HISTORY_PACKETS < GROWN_PACKETS);
const _: () = assert!(GROWN_PACKETS.is_power_of_two() && GROWN_PACKETS <= 1 << 15);

const fn units(at: Instant) -> u32 {
    ((at.as_nanos() >> UNIT_SHIFT) & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Instant = Instant::from_nanos(3_600_000_000_000);

    fn received(history: &mut History, wire: u16) -> Option<u64> {
        match history.settle(wire, true, NOW)? {
            News::Received(sent) => Some(sent.number),
            News::Lost(_) | News::ReceivedAfterAll(_) => panic!("it was in flight"),
        }
    }

    #[test]
    fn numbers_are_found_again_across_the_wrap() {
        let mut history = History::new();
        for _ in 0..0x1_0002_u32 {
            history.push(1_200, NOW);
        }
        assert_eq!(received(&mut history, 0xffff), Some(0xffff));
        assert_eq!(received(&mut history, 0), Some(0x1_0000));
        assert_eq!(received(&mut history, 1), Some(0x1_0001));
        assert_eq!(history.settle(2, true, NOW), None, "never sent");
        assert_eq!(
            history.settle(0xfc01, true, NOW),
            None,
            "a packet too old for the ring"
        );
        assert_eq!(received(&mut history, 0xfc02), Some(0xfc02));
    }

    #[test]
    fn a_path_whose_feedback_comes_late_is_remembered_longer() {
        let mut history = History::new();
        for _ in 0..3_000 {
            history.push(1_200, NOW);
        }
        assert_eq!(received(&mut history, 500), None, "it is forgotten");
        assert_eq!(
            received(&mut history, 2_000),
            Some(2_000),
            "nothing else is"
        );
        for _ in 3_000..6_000 {
            history.push(1_200, NOW);
        }
        assert_eq!(received(&mut history, 3_500), Some(3_500));
        assert_eq!(received(&mut history, 2_000), None, "it was said before");
        let forgotten = history.next() - GROWN_PACKETS as u64 - 1;
        assert_eq!(received(&mut history, wire(forgotten)), None);
        assert_eq!(history.slots.len(), GROWN_PACKETS);
    }

    #[test]
    fn nothing_is_known_of_what_was_never_sent() {
        let mut history = History::new();
        assert_eq!(history.settle(0, true, NOW), None);
        history.push(1, NOW);
        for wire in 1..=u16::MAX {
            assert_eq!(history.settle(wire, true, NOW), None);
        }
    }

    #[test]
    fn each_thing_is_said_once() {
        let mut history = History::new();
        history.push(1_000, NOW);
        let at = |history: &mut History, is_received| history.settle(0, is_received, NOW);
        assert!(matches!(at(&mut history, false), Some(News::Lost(_))));
        assert_eq!(at(&mut history, false), None);
        let after_all = at(&mut history, true);
        assert!(matches!(after_all, Some(News::ReceivedAfterAll(sent)) if sent.bytes == 1_000));
        assert_eq!(at(&mut history, true), None);
        assert_eq!(at(&mut history, false), None);
    }

    #[test]
    fn send_times_are_right_to_a_unit() {
        let mut history = History::new();
        history.push(1, NOW);
        let later = NOW + Duration::from_secs(18 * 3_600);
        let Some(News::Received(sent)) = history.settle(0, true, later) else {
            panic!("the packet is known");
        };
        assert!(NOW - sent.at < Duration::from_micros(17), "{:?}", sent.at);
    }
}
