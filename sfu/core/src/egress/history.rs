//! What a stream has sent lately, by the numbers that the receiver knows: a NACK names these.

use std::time::Duration;

use sfu_model::id::EncodingId;
use sfu_model::rtp::{PayloadType, SeqNo};
use sfu_model::time::{Instant, RtpTimestamp};

use crate::subscribe::rewrite_codec::CodecNumbers;

/// How many packets back a stream remembers: two seconds of 2.5 Mbit/s, which is longer than the room's cache holds them.
const PACKETS: usize = 512;

/// A packet that was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// Its number towards the receiver.
    pub(crate) sequence: SeqNo,
    /// Its name in the room's cache.
    pub(crate) encoding: EncodingId,
    pub(crate) source: SeqNo,
    /// Of its payload.
    pub(crate) bytes: usize,
    pub(crate) timestamp: RtpTimestamp,
    pub(crate) marker: bool,
    pub(crate) codec: CodecNumbers,
    /// The payload type of its repair. `None`: the receiver takes none.
    pub(crate) repair: Option<PayloadType>,
    /// When it was last sent again.
    pub(crate) repaired_at: Option<Instant>,
}

/// The latest packets of a stream. Takes no memory before the first.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The packet with number n lies at n modulo the length.
    slots: Vec<Option<Sent>>,
    highest: Option<SeqNo>,
}

/// Why a packet is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRepair {
    /// It was never sent, or too long ago.
    Unknown,
    /// It was sent again less than a round trip ago: the receiver asked before it could have arrived.
    TooSoon,
    /// The receiver negotiated no retransmission format (RFC 4588).
    NotNegotiated,
    /// More is asked for at once than any loss that repairs can mend.
    TooMany,
}

impl History {
    /// Notes a packet.
    pub(crate) fn insert(&mut self, sent: Sent) {
        if self.slots.is_empty() {
            self.slots.resize(PACKETS, None);
        }
        self.highest = Some(self.highest.map_or(sent.sequence, |h| h.max(sent.sequence)));
        if let Some(place) = self.slots.get_mut(slot(sent.sequence)) {
            *place = Some(sent);
        }
    }

    /// The latest packet that may be sent again.
    pub(crate) fn latest(&self) -> Option<Sent> {
        let highest = self.highest?;
        let sent = self.slots.get(slot(highest)).copied().flatten()?;
        (sent.sequence == highest && sent.repair.is_some()).then_some(sent)
    }

    /// The packet that a NACK names by its 16 bits, as it was before it counts as sent again now. `cooldown` is a round trip.
    pub(crate) fn repair(
        &mut self,
        wire: u16,
        cooldown: Duration,
        now: Instant,
    ) -> Result<Sent, NoRepair> {
        let highest = self.highest.ok_or(NoRepair::Unknown)?;
        let back = highest.wire().wrapping_sub(wire);
        let sequence = highest.0.checked_sub(u64::from(back));
        let sequence = SeqNo(sequence.ok_or(NoRepair::Unknown)?);
        let place = self.slots.get_mut(slot(sequence)).and_then(Option::as_mut);
        let sent = place
            .filter(|s| s.sequence == sequence)
            .ok_or(NoRepair::Unknown)?;
        if sent.repair.is_none() {
            return Err(NoRepair::NotNegotiated);
        }
        if sent.repaired_at.is_some_and(|at| now - at < cooldown) {
            return Err(NoRepair::TooSoon);
        }
        let as_it_was = *sent;
        sent.repaired_at = Some(now);
        Ok(as_it_was)
    }
}

fn slot(sequence: SeqNo) -> usize {
    usize::from(sequence.wire()) % PACKETS
}

// The low 16 bits name a slot for every number.
const _: () = assert!(65_536 % PACKETS == 0);

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_millis(50);

    pub(crate) fn sent(sequence: u64) -> Sent {
        Sent {
            sequence: SeqNo(sequence),
            encoding: EncodingId(1),
            source: SeqNo(sequence + 7),
            bytes: 1_000,
            timestamp: RtpTimestamp(0),
            marker: false,
            codec: CodecNumbers::None,
            repair: PayloadType::new(97),
            repaired_at: None,
        }
    }

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn a_packet_is_found_by_its_low_bits_across_the_wrap() {
        let mut history = History::default();
        assert!(history.repair(5, COOLDOWN, at(0)).is_err());
        for sequence in 65_400..65_600 {
            history.insert(sent(sequence));
        }
        for (wire, source) in [
            (65_400, 65_407),
            (65_535, 65_542),
            (0, 65_543),
            (63, 65_606),
        ] {
            let found = history.repair(wire, COOLDOWN, at(0)).unwrap();
            assert_eq!(found.source, SeqNo(source));
        }
        for never in [64, 65_399, 30_000] {
            let refused = history.repair(never, COOLDOWN, at(0)).map(|_| ());
            assert_eq!(refused, Err(NoRepair::Unknown));
        }
    }

    #[test]
    fn a_packet_is_sent_again_once_in_a_round_trip() {
        let mut history = History::default();
        history.insert(sent(9));
        assert!(history.repair(9, COOLDOWN, at(100)).is_ok());
        let refused = history.repair(9, COOLDOWN, at(149)).map(|_| ());
        assert_eq!(refused, Err(NoRepair::TooSoon));
        assert!(history.repair(9, COOLDOWN, at(150)).is_ok());
    }

    #[test]
    fn what_is_too_long_ago_is_forgotten() {
        let mut history = History::default();
        for sequence in 0..=PACKETS as u64 {
            history.insert(sent(sequence));
        }
        assert!(history.repair(0, COOLDOWN, at(0)).is_err());
        assert!(history.repair(1, COOLDOWN, at(0)).is_ok());
    }
}
