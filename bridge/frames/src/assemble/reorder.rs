//! Packets of one encoding in the order of their numbers. A missing one is waited for, so long and no longer.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::packet::Packet;
use sfu_model::time::Instant;

/// How long packets of pictures wait for a missing one: a round trip of 200 ms has time for one repair and half of another,
/// and a player that holds back 1.5 s has a second left. Then pictures wait for a keyframe.
pub(crate) const PICTURE_WAIT: Duration = Duration::from_millis(400);

/// The same for sound, which is repaired by the packets that follow it within 60 ms or not at all.
pub(crate) const SOUND_WAIT: Duration = Duration::from_millis(200);

/// Most packets of an encoding that wait: those of 400 ms at 40 Mbit/s, and in any case one keyframe of 2 MB. When it is full
/// what is missing is given up at once.
pub(crate) const WAITING_PACKETS_MAX: usize = 2_048;

/// Most bytes of an encoding that wait, with those of the frame that is not whole yet. At the bound likewise.
pub(crate) const WAITING_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Most packets that wait for a keyframe to begin before them: while one is sought, later packets are of no use, but the network
/// may bring its first packet behind others of it.
pub(crate) const SEEKING_PACKETS_MAX: usize = 64;

/// A number that is so far from the expected one is of a sender that began anew, where two in a row say so.
const RESTART_DISTANCE: u64 = 4_096;

/// What became of a packet that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It waits, perhaps only to be taken.
    Waits,
    /// It waits, and its sender began to number anew: what waited before is forgotten.
    Anew,
    /// It came before, or was given up.
    Late,
}

/// Packets that wait for their turn.
#[derive(Debug)]
pub(crate) struct Reorder {
    wait: Duration,
    /// The number that is next. `None`: nothing has been taken yet.
    next: Option<u64>,
    waiting: BTreeMap<u64, Packet>,
    n_bytes: usize,
    /// When the first of those that wait behind a hole came.
    hole_since: Option<Instant>,
    /// When the last packet came.
    heard_at: Instant,
    /// The last packet was far behind: the next one in a row is of a sender that began anew.
    far_behind: Option<u64>,
}

impl Reorder {
    pub(crate) fn new(wait: Duration) -> Self {
        Self {
            wait,
            next: None,
            waiting: BTreeMap::new(),
            n_bytes: 0,
            hole_since: None,
            heard_at: Instant::START,
            far_behind: None,
        }
    }

    pub(crate) fn insert(&mut self, packet: &Packet, now: Instant) -> Arrival {
        let number = packet.sequence.0;
        if self
            .next
            .is_some_and(|next| number < next && !self.is_restart(number, next))
        {
            return Arrival::Late;
        }
        let is_anew = self.is_far(number);
        if is_anew {
            self.clear();
            self.next = Some(number);
        }
        self.far_behind = None;
        if self.waiting.contains_key(&number) {
            return Arrival::Late;
        }
        self.n_bytes += packet.payload.len();
        self.waiting.insert(number, packet.clone());
        self.heard_at = now;
        self.note_hole();
        if is_anew {
            Arrival::Anew
        } else {
            Arrival::Waits
        }
    }

    /// No packet of the same numbering is so far from those that wait, or from the next.
    fn is_far(&self, number: u64) -> bool {
        let lowest = self.waiting.first_key_value().map(|(key, _)| *key);
        let newest = self.waiting.last_key_value().map(|(key, _)| *key);
        let is_behind = match (self.next, lowest) {
            (Some(next), _) => number < next,
            (None, Some(lowest)) => number.saturating_add(RESTART_DISTANCE) < lowest,
            (None, None) => false,
        };
        let ahead = newest.or(self.next);
        is_behind || ahead.is_some_and(|at| number > at.saturating_add(RESTART_DISTANCE))
    }

    fn is_restart(&mut self, number: u64, next: u64) -> bool {
        let is_far = next - number > RESTART_DISTANCE;
        let follows = self
            .far_behind
            .is_some_and(|last| number == last.saturating_add(1));
        self.far_behind = is_far.then_some(number);
        is_far && follows
    }

    /// The next packet, where it is there. Before the first was taken, the lowest that has come is next.
    pub(crate) fn pop(&mut self) -> Option<Packet> {
        let first = self.waiting.first_entry()?;
        if self.next.is_some_and(|next| *first.key() != next) {
            return None;
        }
        self.next = Some(first.key().saturating_add(1));
        let packet = first.remove();
        self.n_bytes = self.n_bytes.saturating_sub(packet.payload.len());
        self.hole_since = None;
        self.note_hole();
        Some(packet)
    }

    /// Goes to the first keyframe among those that wait, and forgets what was before it. False: there is none.
    pub(crate) fn seek_keyframe(&mut self) -> bool {
        let begins = |(_, packet): &(&u64, &Packet)| packet.facts.starts_keyframe;
        let Some((number, packet)) = self.waiting.iter().find(begins) else {
            self.forget_all_but(SEEKING_PACKETS_MAX);
            return false;
        };
        // What its sender puts in front of the parameter sets is of the same picture.
        let (mut number, time) = (*number, packet.time);
        while number > 0
            && self
                .waiting
                .get(&(number - 1))
                .is_some_and(|p| p.time == time)
        {
            number -= 1;
        }
        let from_here = self.waiting.split_off(&number);
        self.waiting = from_here;
        self.next = Some(number);
        self.recount();
        true
    }

    /// Keeps the latest. What is forgotten does not come again.
    fn forget_all_but(&mut self, n_packets: usize) {
        while self.waiting.len() > n_packets {
            if let Some((number, packet)) = self.waiting.pop_first() {
                self.n_bytes = self.n_bytes.saturating_sub(packet.payload.len());
                self.next = Some(number.saturating_add(1));
            }
        }
        // Nothing is missing before a keyframe.
        self.hole_since = None;
    }

    /// When what is missing is given up.
    pub(crate) fn give_up_at(&self) -> Option<Instant> {
        self.hole_since.map(|since| since + self.wait)
    }

    /// Nothing more can wait, with so many packets and bytes of the encoding elsewhere.
    pub(crate) fn is_full(&self, n_packets: usize, n_bytes: usize) -> bool {
        self.waiting.len() + n_packets >= WAITING_PACKETS_MAX
            || self.n_bytes + n_bytes > WAITING_BYTES_MAX
    }

    /// Gives up what is missing before the first packet that waits; how many that were. Where nothing is missing, what waits
    /// is not taken, and is given up itself.
    pub(crate) fn give_up(&mut self) -> u64 {
        let first = self.waiting.first_key_value().map(|(first, _)| *first);
        let (Some(next), Some(first)) =
            (self.next, first.filter(|first| self.next != Some(*first)))
        else {
            let n_packets = self.waiting.len() as u64;
            self.clear();
            return n_packets;
        };
        self.next = Some(first);
        self.hole_since = None;
        first.saturating_sub(next)
    }

    /// Forgets everything; the next that comes is the first.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.wait);
    }

    fn recount(&mut self) {
        self.n_bytes = self.waiting.values().map(|p| p.payload.len()).sum();
        self.hole_since = None;
    }

    /// A hole is as old as the first packet that waited behind it.
    fn note_hole(&mut self) {
        let Some((first, packet)) = self.waiting.first_key_value() else {
            return;
        };
        if self.next.is_some_and(|next| *first != next) {
            let since = packet.received_at.min(self.heard_at);
            self.hole_since.get_or_insert(since);
        }
    }
}
