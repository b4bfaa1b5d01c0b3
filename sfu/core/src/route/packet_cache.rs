//! The packets of a room that may be sent again: one cache for all its subscribers on a worker.
//!
//! A subscriber's burst and its repairs name a packet by encoding and sequence number; the payload lies here once.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::id::EncodingId;
use sfu_model::layer::Layer;
use sfu_model::packet::Packet;
use sfu_model::rate::Bitrate;
use sfu_model::rtp::SeqNo;
use sfu_model::time::Instant;

use crate::route::rate_meter::{OVERHEAD_BYTES, RateMeter};
use crate::route::tracks::TrackOutline;

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
    /// Of each of its layers that packets came of: there are no more than a spatial times a temporal index can name.
    layers: Vec<(Layer, RateMeter)>,
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

    /// True for a packet that is not here any more; false for one that has not come, and may still.
    pub(crate) fn has_forgotten(&self, encoding: EncodingId, sequence: SeqNo) -> bool {
        let Some((_, ring)) = self.rings.iter().find(|(id, _)| *id == encoding) else {
            return true;
        };
        let place = ring.slots.get(ring.slot(sequence));
        let kept = place.and_then(Option::as_ref);
        kept.is_some_and(|packet| packet.sequence > sequence)
    }

    /// Measures a packet, whether it is kept or not.
    pub(crate) fn measure(&mut self, packet: &Packet) {
        let now = packet.received_at;
        let metered = self.metered(packet.encoding, now);
        let bytes = packet.payload.len() + OVERHEAD_BYTES;
        metered.meter.add(bytes, now);
        if let Some(placement) = packet.facts.placement {
            metered.measure_layer(placement.layer, bytes, now);
        }
        metered.latest_at = now;
    }

    /// What an encoding sends, as another worker measured it.
    pub(crate) fn tell_rate(&mut self, encoding: EncodingId, rate: Bitrate, now: Instant) {
        self.metered(encoding, now).told = Some(rate);
    }

    /// What an encoding sends. After a silence, until that is measured again: what it sent before, so that nobody waits for
    /// the measure of an encoding that was asleep. `None`: not known yet.
    pub(crate) fn rate(&self, encoding: EncodingId, now: Instant) -> Option<Bitrate> {
        let metered = self.meters.get(&encoding)?;
        let measured = metered.meter.rate(now);
        measured.or_else(|| self.cost(encoding))
    }

    /// What an encoding sends, or sent before it fell silent. `None`: not known.
    pub(crate) fn cost(&self, encoding: EncodingId) -> Option<Bitrate> {
        let metered = self.meters.get(&encoding)?;
        metered.meter.last().or(metered.told)
    }

    /// What an encoding sends up to a layer: all layers within it, though of those that do not depend on each other only one
    /// may pass. `None`: not known yet.
    pub(crate) fn rate_within(
        &self,
        encoding: EncodingId,
        ceiling: Layer,
        now: Instant,
    ) -> Option<Bitrate> {
        let metered = self.meters.get(&encoding)?;
        if metered.layers.iter().all(|(l, _)| l.is_within(ceiling)) {
            return self.rate(encoding, now);
        }
        let within = metered.layers.iter().filter(|(l, _)| l.is_within(ceiling));
        let mut rates = within.map(|(_, meter)| meter.rate(now));
        rates.try_fold(Bitrate::ZERO, |sum, rate| Some(sum.saturating_add(rate?)))
    }

    /// What every encoding sends or has sent, as far as is known.
    pub(crate) fn rates(&self) -> Vec<(EncodingId, Bitrate)> {
        let cost = |id: &EncodingId| Some((*id, self.cost(*id)?));
        self.meters.keys().filter_map(cost).collect()
    }

    fn metered(&mut self, encoding: EncodingId, now: Instant) -> &mut Metered {
        self.meters.entry(encoding).or_insert_with(|| Metered {
            meter: RateMeter::new(now),
            layers: Vec::new(),
            latest_at: now,
            told: None,
        })
    }

    /// Forgets what is too old to be asked for, and encodings that ended with it. What an encoding of these tracks costs is
    /// known on while it sends nothing.
    pub(crate) fn forget_before(&mut self, now: Instant, tracks: &[TrackOutline]) {
        let oldest = now.saturating_sub(AGE_MAX);
        let encodings = || tracks.iter().flat_map(|t| &t.encodings);
        let is_known = |id: EncodingId| encodings().any(|e| e.id == id);
        self.meters
            .retain(|id, m| m.latest_at >= oldest || is_known(*id));
        self.rings.retain(|(_, ring)| {
            let newest = ring.slots.get(ring.slot(ring.highest));
            newest
                .and_then(Option::as_ref)
                .is_some_and(|packet| packet.received_at >= oldest)
        });
    }
}

impl Metered {
    fn measure_layer(&mut self, layer: Layer, bytes: usize, now: Instant) {
        let found = self.layers.iter_mut().find(|(l, _)| *l == layer);
        if let Some((_, meter)) = found {
            meter.add(bytes, now);
            return;
        }
        // As old as the encoding's: a layer that was not there sent nothing.
        let mut meter = self.meter.begun_with();
        meter.add(bytes, now);
        self.layers.push((layer, meter));
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
    use sfu_model::layer::Placement;

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
    fn what_has_not_come_is_not_forgotten() {
        let mut cache = PacketCache::default();
        cache.insert(arriving(1, 500, 0));
        cache.insert(arriving(1, 502, 9_000));
        let forgotten = |cache: &PacketCache, encoding, sequence| {
            cache.has_forgotten(EncodingId(encoding), SeqNo(sequence))
        };
        assert!(!forgotten(&cache, 1, 501) && forgotten(&cache, 2, 501));
        cache.insert(arriving(1, 500 + PACKETS_MIN as u64, 9_000));
        assert!(forgotten(&cache, 1, 500) && !forgotten(&cache, 1, 501));
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
    fn what_a_layer_costs_is_what_is_within_it() {
        let mut cache = PacketCache::default();
        let placement = |spatial, temporal| Placement {
            layer: Layer { spatial, temporal },
            begins_frame: true,
            ends_frame: true,
            is_switching_point: false,
            is_inter_predicted: true,
        };
        // Each packet weighs 1,250 bytes: 100 kbit/s for each layer that comes ten times a second.
        for ms in (0..2_000).step_by(100) {
            for (spatial, temporal) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let mut packet = arriving(1, ms, ms);
                packet.payload = vec![0; 1_250 - OVERHEAD_BYTES].into();
                packet.facts.placement = Some(placement(spatial, temporal));
                cache.measure(&packet);
            }
        }
        let now = Instant::START + Duration::from_millis(2_000);
        let kbps = |spatial, temporal| {
            let ceiling = Layer { spatial, temporal };
            let rate = cache.rate_within(EncodingId(1), ceiling, now);
            rate.map(|rate| rate.as_bps() / 1_000)
        };
        assert_eq!(kbps(0, 0), Some(100));
        assert_eq!(kbps(0, 3), Some(200));
        assert_eq!(kbps(1, 0), Some(200));
        assert_eq!(kbps(3, 3), Some(400));
        assert_eq!(cache.rate_within(EncodingId(2), Layer::TOP, now), None);
    }

    #[test]
    fn an_encoding_that_slept_costs_what_it_did_until_it_is_measured_again() {
        let mut cache = PacketCache::default();
        let mut send = |range: std::ops::Range<u64>, bytes: usize| {
            let mut costs = Vec::new();
            for ms in range.step_by(100) {
                let mut packet = arriving(1, ms, ms);
                packet.payload = vec![0; bytes - OVERHEAD_BYTES].into();
                cache.measure(&packet);
                costs.push(cache.rate(EncodingId(1), packet.received_at));
            }
            costs
        };
        let kbps = |kbps| Some(Bitrate::from_kbps(kbps));
        assert_eq!(send(0..2_100, 1_250).last(), Some(&kbps(100)));
        let awake = send(60_000..60_600, 2_500);
        assert_eq!(
            awake,
            [
                kbps(100),
                kbps(100),
                kbps(100),
                kbps(100),
                kbps(100),
                kbps(200)
            ]
        );
    }

    #[test]
    fn an_encoding_that_ended_is_forgotten() {
        let mut cache = PacketCache::default();
        cache.insert(arriving(1, 5, 0));
        cache.insert(arriving(2, 5, 1_000));
        cache.forget_before(Instant::START + Duration::from_millis(2_000), &[]);
        assert!(!holds(&cache, 1, 5) && holds(&cache, 2, 5));
    }
}
