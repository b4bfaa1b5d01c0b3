//! What a worker counts itself.

use std::time::Duration;

use sfu_core::stats::Stats;
use sfu_model::drop_reason::DropCounts;
use sfu_model::time::Instant;

use crate::stats::ThreadStats;

/// Drops, turns and how busy the thread was.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) drops: DropCounts,
    pub(super) thread: ThreadStats,
    /// What the cores counted that failed: whoever reads counters takes one that goes down for a new process.
    retired: Stats,
    pub(super) woke_at: Instant,
    pub(super) busy_at_last_chores: Duration,
    pub(super) last_chores: Instant,
}

impl Books {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            drops: DropCounts::default(),
            thread: ThreadStats::default(),
            retired: Stats::default(),
            woke_at: now,
            busy_at_last_chores: Duration::ZERO,
            last_chores: now,
        }
    }

    /// A core failed. Its counters are plain numbers, good whatever state the rest of it is in.
    pub(super) fn retire(&mut self, failed: Stats) {
        self.retired = added(&self.retired, failed);
    }

    /// What the worker's cores counted, the failed ones and this, and the worker itself.
    pub(super) fn core_stats(&self, core: Stats) -> Stats {
        let mut stats = added(&self.retired, core);
        for (reason, n) in self.drops.iter() {
            stats.drops.add(reason, n);
        }
        stats
    }
}

/// The counters of both; what is there now is that of `present`.
fn added(retired: &Stats, present: Stats) -> Stats {
    // Every field by name: a new one must find its line here.
    let Stats {
        n_publishers,
        n_subscribers,
        n_rooms,
        packets_in,
        bytes_in,
        audio_recovered,
        packets_out,
        bytes_out,
        repairs_out,
        copies_out,
        probes_out,
        capture_delays,
        packets_linked,
        mut drops,
        keyframe_requests_received,
        keyframe_requests_sent,
        sessions_max_hits,
        rooms_max_hits,
        events_max_hits,
        addresses_max_hits,
        keyframe_requests_max_hits,
        track_changes_max_hits,
        encodings_max_hits,
        invariants_violated,
    } = present;
    for (reason, n) in retired.drops.iter() {
        drops.add(reason, n);
    }
    Stats {
        n_publishers,
        n_subscribers,
        n_rooms,
        packets_in: retired.packets_in + packets_in,
        bytes_in: retired.bytes_in + bytes_in,
        audio_recovered: retired.audio_recovered + audio_recovered,
        packets_out: retired.packets_out + packets_out,
        bytes_out: retired.bytes_out + bytes_out,
        repairs_out: retired.repairs_out + repairs_out,
        copies_out: retired.copies_out + copies_out,
        probes_out: retired.probes_out + probes_out,
        capture_delays: capture_delays.plus(&retired.capture_delays),
        packets_linked: retired.packets_linked + packets_linked,
        drops,
        keyframe_requests_received: retired.keyframe_requests_received + keyframe_requests_received,
        keyframe_requests_sent: retired.keyframe_requests_sent + keyframe_requests_sent,
        sessions_max_hits: retired.sessions_max_hits + sessions_max_hits,
        rooms_max_hits: retired.rooms_max_hits + rooms_max_hits,
        events_max_hits: retired.events_max_hits + events_max_hits,
        addresses_max_hits: retired.addresses_max_hits + addresses_max_hits,
        keyframe_requests_max_hits: retired.keyframe_requests_max_hits + keyframe_requests_max_hits,
        track_changes_max_hits: retired.track_changes_max_hits + track_changes_max_hits,
        encodings_max_hits: retired.encodings_max_hits + encodings_max_hits,
        invariants_violated: retired.invariants_violated + invariants_violated,
    }
}

#[cfg(test)]
mod tests {
    use sfu_core::capture_delays::CaptureDelays;
    use sfu_model::drop_reason::DropReason;

    use super::*;

    #[test]
    fn counters_go_on_and_what_is_there_now_does_not() {
        let counted = |n: u64| {
            let mut stats = Stats {
                n_publishers: 1,
                n_subscribers: 2,
                n_rooms: 1,
                packets_in: n,
                bytes_in: n,
                audio_recovered: n,
                packets_out: n,
                bytes_out: n,
                repairs_out: n,
                copies_out: n,
                probes_out: n,
                capture_delays: CaptureDelays {
                    beyond: n,
                    implausible: n,
                    ..CaptureDelays::default()
                },
                packets_linked: n,
                drops: DropCounts::default(),
                keyframe_requests_received: n,
                keyframe_requests_sent: n,
                sessions_max_hits: n,
                rooms_max_hits: n,
                events_max_hits: n,
                addresses_max_hits: n,
                keyframe_requests_max_hits: n,
                track_changes_max_hits: n,
                encodings_max_hits: n,
                invariants_violated: n,
            };
            stats.drops.add(DropReason::NotOurProtocol, n);
            stats
        };
        let mut books = Books::new(Instant::START);
        books.retire(counted(10));
        books.retire(counted(100));
        assert_eq!(books.core_stats(counted(1)), counted(111));
        books.drops.count(DropReason::NotOurProtocol);
        let drops = books.core_stats(counted(1)).drops;
        assert_eq!(drops.get(DropReason::NotOurProtocol), 112);
    }
}
