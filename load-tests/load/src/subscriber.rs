//! One player: a session, and what came over it.

use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::time::Instant;

use crate::continuity::{Continuity, Faults};
use crate::latency::Histogram;
use crate::publisher::Published;
use crate::session::{Session, SessionEvent};
use crate::stamp::Stamp;

/// A player.
#[derive(Debug)]
pub struct Subscriber {
    pub(crate) session: Session,
    pub(crate) received: Received,
}

/// What a player got.
#[derive(Debug)]
pub(crate) struct Received {
    audio: Continuity,
    video: Continuity,
    /// When its POST began.
    posted_at: Instant,
    /// From the POST to the first packet of a picture.
    joined_after: Option<Duration>,
}

/// What all players of a thread got since the measurement began.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Media packets, retransmissions and whatever else came twice included.
    pub n_packets: u64,
    /// Their payload bytes.
    pub n_bytes: u64,
    /// From the publisher's write to the player's read.
    pub latency: Histogram,
}

impl Subscriber {
    /// A player whose session has its answer.
    pub fn new(session: Session, posted_at: Instant) -> Self {
        let received = Received {
            audio: Continuity::default(),
            video: Continuity::default(),
            posted_at,
            joined_after: None,
        };
        Self { session, received }
    }
}

impl Received {
    /// Takes what the session says.
    pub(crate) fn on_event(&mut self, event: SessionEvent, now: Instant, window: &mut Window) {
        let SessionEvent::Packet { sequence, payload } = event else {
            return;
        };
        let Some(stamp) = Stamp::read(&payload) else {
            self.video.record_foreign();
            return;
        };
        window.n_packets += 1;
        window.n_bytes += payload.len() as u64;
        window.latency.record(now - stamp.sent_at);
        match stamp.kind {
            MediaKind::Audio => self.audio.record(&stamp, sequence),
            MediaKind::Video => {
                let since_post = now - self.posted_at;
                self.joined_after.get_or_insert(since_post);
                self.video.record(&stamp, sequence);
            }
        }
    }

    /// True once both tracks flow.
    pub(crate) fn has_both(&self) -> bool {
        self.audio.has_begun() && self.video.has_begun()
    }

    /// From the POST to the first packet of a picture.
    pub(crate) fn joined_after(&self) -> Option<Duration> {
        self.joined_after
    }

    /// Packets that were published since the player joined, and never came.
    pub(crate) fn n_lost(&self, published: &Published) -> u64 {
        self.audio.n_lost(published.n_audio) + self.video.n_lost(published.n_video)
    }

    /// What else went wrong.
    pub(crate) fn faults(&self) -> Faults {
        let mut faults = self.audio.faults();
        faults.add(self.video.faults());
        faults
    }
}
