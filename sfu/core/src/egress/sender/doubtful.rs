//! A keyframe that was sent into a full queue. The queue that made a lesser encoding necessary may have had no room for all of its
//! first picture, nothing can be shown before that, and the receiver's word of what it misses comes behind all that stands in the
//! queue: a second, or two. So the picture is sent again before anybody asks.

use std::time::Duration;

use sfu_model::drop_reason::{DropCounts, DropReason};
use sfu_model::rtp::SeqNo;
use sfu_model::time::Instant;

use crate::egress::sender::missed::REPAIRS_MAX;
use crate::egress::sender::{ROUND_TRIP_MIN, Sender};
use crate::route::packet_cache::PacketCache;

/// When it is: a queue that is sent little since has room by then for some packets.
const AGAIN_AFTER: Duration = Duration::from_millis(150);

/// Packets of it that are, the first ones: a lesser encoding's keyframe has a dozen.
const AGAIN_MAX: usize = 32;

/// What began when there may have been no room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubtful {
    first: SeqNo,
    again_at: Instant,
}

impl Sender {
    #[cold]
    pub(super) fn doubt(&mut self, first: SeqNo, now: Instant) {
        self.doubtful = Some(Doubtful {
            first,
            again_at: now + AGAIN_AFTER,
        });
        self.has_timer_news = true;
    }

    /// When something is to be sent again unasked.
    pub(super) fn doubtful_at(&self) -> Option<Instant> {
        self.doubtful.map(|doubtful| doubtful.again_at)
    }

    /// Queues what is due to be sent again. It counts as asked for: a receiver that does so meanwhile is ahead of its answer.
    pub(super) fn queue_doubtful(
        &mut self,
        cache: &PacketCache,
        now: Instant,
        drops: &mut DropCounts,
    ) {
        let Some(doubtful) = self.doubtful.filter(|d| d.again_at <= now) else {
            return;
        };
        self.doubtful = None;
        let Some(video) = &mut self.video else { return };
        let n_max = REPAIRS_MAX
            .saturating_sub(self.repairs.len())
            .min(AGAIN_MAX);
        for number in (doubtful.first.0..).take(n_max) {
            let wire = SeqNo(number).wire();
            let Ok(sent) = video.history.repair(wire, ROUND_TRIP_MIN, now) else {
                return;
            };
            let Some(packet) = cache.get(sent.mapping.encoding, sent.source) else {
                return drops.count(DropReason::NotCached);
            };
            let is_last = packet.marker || sent.mapping.is_marked;
            self.repairs.push(sent);
            if is_last {
                return;
            }
        }
    }
}
