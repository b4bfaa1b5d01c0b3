//! What a receiver says that it misses: queued to be sent again, or given up for a keyframe.

use std::time::Duration;

use sfu_model::drop_reason::{DropCounts, DropReason};
use sfu_model::packet::Packet;
use sfu_model::rtp::SeqNo;
use sfu_model::time::Instant;

use crate::egress::given_up::Remedy;
use crate::egress::history::{NoRepair, Sent};
use crate::egress::sender::{ROUND_TRIP_DEFAULT, ROUND_TRIP_MIN, Sender};
use crate::route::packet_cache::PacketCache;

/// Most repairs that one datagram of feedback can queue. Whoever lost more needs a keyframe.
pub(super) const REPAIRS_MAX: usize = 128;

/// Who missed all of such a time sees the present sooner by a keyframe: pictures that repairs bring back from so far come in time
/// only for a jitter buffer that holds all later ones back as long.
const BLACKOUT: Duration = Duration::from_millis(300);

/// What came of a NACK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    /// Something is to be sent again.
    pub(crate) any_repair: bool,
    /// Repairs may come too late.
    pub(crate) is_late: bool,
    /// They do: nothing is sent again.
    pub(crate) is_lost: bool,
}

/// What was never missed before.
#[derive(Debug, Default)]
struct News {
    n_packets: u64,
    bytes: usize,
    highest: Option<SeqNo>,
    /// When the first packet of the gap came that ends with the highest.
    gap_began_at: Option<Instant>,
    /// The longest time of which not one packet arrived.
    gap: Duration,
}

impl News {
    fn add(&mut self, sequence: SeqNo, packet: &Packet) {
        let follows = self
            .highest
            .is_some_and(|highest| highest.0 + 1 == sequence.0);
        let began_at = self
            .gap_began_at
            .filter(|_| follows)
            .unwrap_or(packet.received_at);
        self.gap = self.gap.max(packet.received_at - began_at);
        self.gap_began_at = Some(began_at);
        self.highest = self.highest.max(Some(sequence));
        self.n_packets += 1;
        self.bytes += packet.payload.len();
    }
}

impl Sender {
    /// The receiver misses the video packets with these low bits. What can be mended is queued to be sent again.
    pub(crate) fn miss(
        &mut self,
        wires: impl Iterator<Item = u16>,
        cache: &PacketCache,
        now: Instant,
        drops: &mut DropCounts,
    ) -> Missed {
        if !self.can_repair() {
            // What it misses it will never have, and it waits for that before it asks for a keyframe by itself.
            drops.add(DropReason::NotRepairable, wires.count() as u64);
            return Missed {
                is_lost: true,
                ..Missed::default()
            };
        }
        let n_before = self.repairs.len();
        let (mut missed, mut news) = (Missed::default(), News::default());
        for wire in wires {
            match self.find_missed(wire, now) {
                Ok(sent) => match self.remedy(&sent, cache, now, &mut news) {
                    Remedy::Patience => drops.count(DropReason::NotRepairable),
                    Remedy::Keyframe => missed.is_lost = true,
                    remedy @ (Remedy::RepairLate | Remedy::Repair) => {
                        missed.is_late |= remedy == Remedy::RepairLate;
                        self.repairs.push(sent);
                    }
                },
                Err(NoRepair::TooMany) => {
                    drops.count(DropReason::RepairBudget);
                    missed.is_lost |= news.highest.is_some();
                    break;
                }
                Err(NoRepair::Unknown | NoRepair::TooSoon | NoRepair::NotNegotiated) => {
                    drops.count(DropReason::NotRepairable);
                }
            }
        }
        self.estimation.estimator.on_missed(news.n_packets);
        let is_much = news.gap >= BLACKOUT || !self.repair_budget.can_mend(news.bytes);
        missed.is_lost |= is_much && !self.repair_copies.is_hopeless();
        if missed.is_lost {
            let n_lost = self.repairs.len() - n_before;
            drops.add(DropReason::NotRepairable, n_lost as u64);
            self.repairs.truncate(n_before);
        } else if let Some(highest) = news.highest {
            self.given_up.missed(highest);
        }
        let queued = self.repairs.get(n_before..).unwrap_or_default();
        for _ in queued.iter().filter(|sent| !sent.is_repaired) {
            self.repair_copies.count_missed();
        }
        missed.any_repair = !queued.is_empty();
        missed
    }

    /// Its receiver takes repairs.
    fn can_repair(&self) -> bool {
        let mut video = self.video.iter();
        video.any(|video| video.terms().repair_ssrc.is_some())
    }

    /// What helps against one hole. Who says that it misses most of what it is sent may have a keyframe for what is news, as
    /// after a blackout, and not for what it has said before.
    fn remedy(&self, sent: &Sent, cache: &PacketCache, now: Instant, news: &mut News) -> Remedy {
        let (encoding, source) = (sent.mapping.encoding, sent.source);
        let packet = cache.get(encoding, source);
        if packet.is_none() && !cache.has_forgotten(encoding, source) {
            // It is awaited from the publisher, which has been asked.
            return Remedy::Patience;
        }
        let age = packet.map(|packet| now - packet.received_at);
        let is_news = self.given_up.is_news(sent.sequence);
        if let Some(packet) = packet.filter(|_| is_news) {
            news.add(sent.sequence, packet);
        }
        let is_believed = is_news || sent.is_repaired && !self.repair_copies.is_hopeless();
        self.given_up.remedy(sent.sequence, age, is_believed)
    }

    /// A keyframe was asked for, because the receiver wants one, or in place of what it misses.
    pub(crate) fn keyframe_asked(&mut self, is_in_place: bool) {
        let video = self.video.as_ref();
        if let Some(highest) = video.and_then(|video| video.history.highest()) {
            self.given_up.asked(highest, is_in_place);
        }
    }

    fn find_missed(&mut self, wire: u16, now: Instant) -> Result<Sent, NoRepair> {
        if self.repairs.len() >= REPAIRS_MAX {
            return Err(NoRepair::TooMany);
        }
        let video = self.video.as_mut().ok_or(NoRepair::Unknown)?;
        let round_trip = self.round_trip.unwrap_or(ROUND_TRIP_DEFAULT);
        video
            .history
            .repair(wire, round_trip.max(ROUND_TRIP_MIN), now)
    }
}
