//! The packets of a room that may be sent again: one cache for all its subscribers on a worker.
//!
//! A subscriber's burst and its repairs name a packet by encoding and sequence number; the payload lies here once.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::id::EncodingId;
use sfu_model::packet::Packet;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::SeqNo;
use sfu_model::time::Instant;

use crate::route::rate_meter::{OVERHEAD_BYTES, RateMeter};

/// Packets that an encoding keeps at least: more than the largest burst that waits to be sent.
const PACKETS_MIN: usize = 128;
/// Most packets that an encoding keeps: two seconds of 10 Mbit/s. Past it the oldest goes, however young.
const PACKETS_MAX: usize = 2_048;
/// How long a packet is worth keeping. A receiver that asks later has waited longer than any jitter buffer does, and has
/// asked for a keyframe.
const AGE_MAX: Duration = Duration::from_millis(1_500);

/// The latest packets of each encoding.
#[derive(Debug, Default)]
pub(crate) struct PacketCache {
    rings: Vec<(EncodingId, Ring)>,
    meters: BTreeMap<EncodingId, Metered>,
}

/// What an encoding sends.
#[derive(Debug)]
struct Metered {
    meter: RateMeter,
    latest_at: Instant,
    /// What another worker measured, until this one has.
    told: Option<Bitrate>,
}

#[derive(Debug)]
struct Ring {
    /// The packet with sequence number n lies at n modulo the length, which is a power of two.
    slots: Vec<Option<Packet>>,
    highest: SeqNo,
}

impl PacketCache {
    /// Keeps a packet. The one it replaces is forgotten.
    pub(crate) fn insert(&mut self, packet: Packet) {
        let found = self.rings.iter().position(|(id, _)| *id == packet.encoding);
        let index = found.unwrap_or_else(|| {
            self.rings
                .push((packet.encoding, Ring::new(packet.sequence)));
            self.rings.len() - 1
        });
        if let Some((_, ring)) = self.rings.get_mut(index) {
            ring.insert(packet);
        }
    }

    /// The packet with this number, if it is still here.
    #[inline]
    pub(crate) fn get(&self, encoding: EncodingId, sequence: SeqNo) -> Option<&Packet> {
        let (_, ring) = self.rings.iter().find(|(id, _)| *id == encoding)?;
        let packet = ring.slots.get(ring.slot(sequence))?.as_ref()?;
        (packet.sequence == sequence).then_some(packet)
    }

    /// Measures a packet, whether it is kept or not.
    pub(crate) fn measure(&mut self, packet: &Packet) {
        let now = packet.received_at;
        let metered = self.metered(packet.encoding, now);
        metered
            .meter
            .add(packet.payload.len() + OVERHEAD_BYTES, now);
        metered.latest_at = now;
    }

    /// What an encoding sends, as another worker measured it.
    pub(crate) fn tell_rate(&mut self, encoding: EncodingId, rate: Bitrate, now: Instant) {
        self.metered(encoding, now).told = Some(rate);
    }

    /// What an encoding sends. `None`: not known yet.
    pub(crate) fn rate(&self, encoding: EncodingId, now: Instant) -> Option<Bitrate> {
        let metered = self.meters.get(&encoding)?;
        metered.meter.rate(now).or(metered.told)
    }

    /// What every encoding sends, as far as is known.
    pub(crate) fn rates(&self, now: Instant) -> Vec<(EncodingId, Bitrate)> {
        let rate = |(id, m): (&EncodingId, &Metered)| Some((*id, m.meter.rate(now)?));
        self.meters.iter().filter_map(rate).collect()
    }

    fn metered(&mut self, encoding: EncodingId, now: Instant) -> &mut Metered {
        self.meters.entry(encoding).or_insert_with(|| Metered {
            meter: RateMeter::new(now),
            latest_at: now,
            told: None,
        })
    }

    /// Forgets what is too old to be asked for, and encodings that ended with it.
    pub(crate) fn forget_before(&mut self, now: Instant) {
        let oldest = now.saturating_sub(AGE_MAX);
        self.meters.retain(|_, m| m.latest_at >= oldest);
        self.rings.retain(|(_, ring)| {
            let newest = ring.slots.get(ring.slot(ring.highest));
            newest
                .and_then(Option::as_ref)
                .is_some_and(|packet| packet.received_at >= oldest)
        });
    }
}

impl Ring {
    fn new(first: SeqNo) -> Self {
        Self {
            slots: (0..PACKETS_MIN).map(|_| None).collect(),
            highest: first,
        }
    }

    fn slot(&self, sequence: SeqNo) -> usize {
        // Truncation on a 32-bit machine keeps the low bits, which are the slot.
        sequence.0 as usize & (self.slots.len() - 1)
    }

    fn insert(&mut self, packet: Packet) {
        if packet.sequence.0 + (self.slots.len() as u64) <= self.highest.0 {
            return;
        }
        if self.would_forget_too_early(&packet) {
            self.grow();
        }
        self.highest = self.highest.max(packet.sequence);
        let slot = self.slot(packet.sequence);
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(packet);
        }
    }

    fn would_forget_too_early(&self, packet: &Packet) -> bool {
        let replaced = self.slots.get(self.slot(packet.sequence));
        let is_young = |old: &Packet| {
            old.sequence != packet.sequence && packet.received_at - old.received_at < AGE_MAX
        };
        self.slots.len() < PACKETS_MAX && replaced.and_then(Option::as_ref).is_some_and(is_young)
    }

    fn grow(&mut self) {
        let length = self.slots.len() * 2;
        let packets = std::mem::take(&mut self.slots);
        self.slots = (0..length).map(|_| None).collect();
        for packet in packets.into_iter().flatten() {
            let slot = self.slot(packet.sequence);
            if let Some(place) = self.slots.get_mut(slot) {
                *place = Some(packet);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscribe::rewrite::tests::packet;

    fn arriving(encoding: u64, sequence: u64, ms: u64) -> Packet {
        let mut packet = packet(encoding, sequence, 0);
        packet.received_at = Instant::START + Duration::from_millis(ms);
        packet
    }

    fn holds(cache: &PacketCache, encoding: u64, sequence: u64) -> bool {
        cache.get(EncodingId(encoding), SeqNo(sequence)).is_some()
    }

    #[test]
    fn a_packet_is_found_by_encoding_and_number() {
        let mut cache = PacketCache::default();
        cache.insert(arriving(1, 70_000, 0));
        cache.insert(arriving(2, 70_000, 0));
        assert!(holds(&cache, 1, 70_000) && holds(&cache, 2, 70_000));
        assert!(!holds(&cache, 1, 70_001) && !holds(&cache, 3, 70_000));
        assert!(!holds(&cache, 1, 70_000 + PACKETS_MIN as u64), "same slot");
    }

    #[test]
    fn a_fast_encoding_keeps_as_much_time_as_a_slow_one_up_to_the_limit() {
        let mut cache = PacketCache::default();
        for n in 0..4_000 {
            cache.insert(arriving(1, n, n));
        }
        assert!(holds(&cache, 1, 3_999 - 1_400));
        let mut cache = PacketCache::default();
        for n in 0..100_000 {
            cache.insert(arriving(1, n, n / 100));
        }
        let oldest = 100_000 - PACKETS_MAX as u64;
        assert!(holds(&cache, 1, oldest) && !holds(&cache, 1, oldest - 1));
    }

    #[test]
    fn what_comes_late_takes_no_newer_ones_place() {
        let mut cache = PacketCache::default();
        cache.insert(arriving(1, 1_000, 0));
        cache.insert(arriving(1, 1_000 - PACKETS_MIN as u64, 0));
        assert!(holds(&cache, 1, 1_000));
        cache.insert(arriving(1, 999, 0));
        assert!(holds(&cache, 1, 999));
    }

    #[test]
    fn an_encoding_that_ended_is_forgotten() {
        let mut cache = PacketCache::default();
        cache.insert(arriving(1, 5, 0));
        cache.insert(arriving(2, 5, 1_000));
        cache.forget_before(Instant::START + Duration::from_millis(2_000));
        assert!(!holds(&cache, 1, 5) && holds(&cache, 2, 5));
    }
}
