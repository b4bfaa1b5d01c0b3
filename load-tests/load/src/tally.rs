//! What players have seen, added up.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_model::time::Instant;

use crate::continuity::Faults;
use crate::encodings::ENCODINGS_MAX;
use crate::keyframe_fanout::KeyframeFanout;
use crate::latency::Histogram;
use crate::network::Profile;

/// What the players of a crowd have seen.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Players whose session lives.
    pub n_alive: usize,
    /// Players that get both tracks.
    pub n_receiving: usize,
    /// Players that get one of them at least.
    pub n_begun: usize,
    /// Of each player that has had a picture.
    pub joins: Vec<Join>,
    /// When the first player's POST began, and the last's, of those that live.
    pub posted: Option<(Instant, Instant)>,
    /// Since the measurement began.
    pub window: Window,
    /// Of what was published since each player joined; 0 until the publisher says how much that is.
    pub n_lost: u64,
    /// Of the lost: sound, which no player asks for again.
    pub n_lost_audio: u64,
    /// Retransmissions that came.
    pub n_repairs: u64,
    /// Players that get each encoding, smallest first.
    pub n_at: [usize; ENCODINGS_MAX],
    /// Reports of arrivals that players have sent: a server that asks for them estimates their paths.
    pub n_arrival_reports: u64,
    /// Whatever else went wrong.
    pub faults: Faults,
    /// Datagrams of players that the kernel did not take.
    pub n_refused: usize,
}

/// What players got since the measurement began.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Media packets, retransmissions and whatever else came twice included.
    pub n_packets: u64,
    /// Their bytes, headers and tags included.
    pub n_bytes: u64,
    /// From the publisher's write to the kernel's receipt for the player; of the players that open their packets.
    pub latency: Histogram,
    /// The keyframes of the same players.
    pub keyframes: KeyframeFanout,
}

/// How a player joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join {
    /// When its POST began.
    pub posted_at: Instant,
    /// From there to the last packet of its first picture.
    pub took: Duration,
}

impl Tally {
    /// Of these POSTs' players and those after them: how long they took to join, shortest first.
    pub fn joins_since(&self, posted_at: Instant) -> Vec<Duration> {
        let joins = self.joins.iter().filter(|join| join.posted_at >= posted_at);
        let mut took: Vec<_> = joins.map(|join| join.took).collect();
        took.sort_unstable();
        took
    }

    /// Adds what others have seen.
    pub fn add(&mut self, other: &Self) {
        self.n_alive += other.n_alive;
        self.n_receiving += other.n_receiving;
        self.n_begun += other.n_begun;
        self.joins.extend(&other.joins);
        if let Some((first, last)) = other.posted {
            self.add_post(first);
            self.add_post(last);
        }
        self.window.n_packets += other.window.n_packets;
        self.window.n_bytes += other.window.n_bytes;
        self.window.latency.add(&other.window.latency);
        self.window.keyframes.add(&other.window.keyframes);
        self.n_lost += other.n_lost;
        self.n_lost_audio += other.n_lost_audio;
        self.n_repairs += other.n_repairs;
        for (n, more) in self.n_at.iter_mut().zip(other.n_at) {
            *n += more;
        }
        self.n_arrival_reports += other.n_arrival_reports;
        self.faults.add(other.faults);
        self.n_refused += other.n_refused;
    }

    /// A player's POST began then.
    pub(crate) fn add_post(&mut self, at: Instant) {
        let (first, last) = self.posted.unwrap_or((at, at));
        self.posted = Some((first.min(at), last.max(at)));
    }
}

/// What the players of each network have seen.
#[derive(Clone, Debug, Default)]
pub struct Tallies(BTreeMap<Profile, Tally>);

impl Tallies {
    /// All players together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.0.values().for_each(|tally| total.add(tally));
        total
    }

    /// The players of one network; `None` where it has none.
    pub fn of(&self, network: Profile) -> Option<&Tally> {
        self.0.get(&network)
    }

    /// Each network that has players.
    pub fn iter(&self) -> impl Iterator<Item = (&Profile, &Tally)> {
        self.0.iter()
    }
}

impl FromIterator<(Profile, Tally)> for Tallies {
    fn from_iter<I: IntoIterator<Item = (Profile, Tally)>>(tallies: I) -> Self {
        Self(tallies.into_iter().collect())
    }
}
