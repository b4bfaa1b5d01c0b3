//! What an origin counts: numbers that its server publishes.

use std::collections::BTreeMap;

use bridge_packager::playlist::uri::MediaFile;

use crate::response::{Response, Status};

/// Numbers since the stream began, but for those that say "now".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Answers by what was asked for, and how.
    pub answers: BTreeMap<(Kind, Status), u64>,
    /// Bytes of their bodies, those on disk included.
    pub body_bytes: u64,
    /// Bodies of segments that were still being made, and that were broken off.
    pub broken_bodies: u64,
    /// Requests that wait now.
    pub n_blocked: u32,
    /// Groups of waiting requests that were answered, each by one wake.
    pub wakes: u64,
    /// Requests that were abandoned while they waited.
    pub abandoned: u64,
    /// Texts that were written.
    pub renders: u64,
    /// Bytes of media in memory now.
    pub memory_bytes: u64,
    /// Segments that left the memory for the disk.
    pub evictions: u64,
    /// Segments that left the memory and are on no disk, while a playlist still listed them.
    pub lost_segments: u64,
    /// How often each limit was met.
    pub limit_hits: BTreeMap<Limit, u64>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A multivariant playlist.
    Multivariant,
    /// The live playlist of a rendition.
    Live,
    /// Its DVR playlist.
    Dvr,
    /// The MPD.
    Mpd,
    /// An init section.
    Init,
    /// A part.
    Part,
    /// A segment.
    Segment,
    /// The thumbnail.
    Thumbnail,
    /// What has no name here, and OPTIONS.
    Other,
}

impl Kind {
    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Multivariant => "multivariant",
            Self::Live => "live",
            Self::Dvr => "dvr",
            Self::Mpd => "mpd",
            Self::Init => "init",
            Self::Part => "part",
            Self::Segment => "segment",
            Self::Thumbnail => "thumbnail",
            Self::Other => "other",
        }
    }
}

impl From<MediaFile> for Kind {
    fn from(file: MediaFile) -> Self {
        match file {
            MediaFile::Init(_) => Self::Init,
            MediaFile::Segment(_) => Self::Segment,
            MediaFile::Part(..) => Self::Part,
        }
    }
}

/// A limit of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// [`crate::waiting::BLOCKED_REQUESTS_MAX`].
    BlockedRequests,
    /// [`crate::waiting::BLOCKED_REQUESTS_PER_CLIENT_MAX`].
    ClientBlockedRequests,
    /// `MEMORY_BYTES_MAX` of the store.
    MemoryBytes,
    /// `DISK_WRITES_MAX` of the store.
    DiskWrites,
}

impl Limit {
    /// Each.
    pub const ALL: [Self; 4] = [
        Self::BlockedRequests,
        Self::ClientBlockedRequests,
        Self::MemoryBytes,
        Self::DiskWrites,
    ];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BlockedRequests => "blocked_requests",
            Self::ClientBlockedRequests => "client_blocked_requests",
            Self::MemoryBytes => "memory_bytes",
            Self::DiskWrites => "disk_writes",
        }
    }
}

impl Stats {
    /// Adds what another stream counted.
    pub fn add(&mut self, other: &Self) {
        for (answer, n) in &other.answers {
            add(self.answers.entry(*answer).or_default(), *n);
        }
        for (limit, n) in &other.limit_hits {
            add(self.limit_hits.entry(*limit).or_default(), *n);
        }
        let pairs = [
            (&mut self.body_bytes, other.body_bytes),
            (&mut self.broken_bodies, other.broken_bodies),
            (&mut self.wakes, other.wakes),
            (&mut self.abandoned, other.abandoned),
            (&mut self.renders, other.renders),
            (&mut self.memory_bytes, other.memory_bytes),
            (&mut self.evictions, other.evictions),
            (&mut self.lost_segments, other.lost_segments),
        ];
        for (sum, n) in pairs {
            add(sum, n);
        }
        self.n_blocked = self.n_blocked.saturating_add(other.n_blocked);
    }

    /// So many requests are answered with this.
    pub(crate) fn on_answer(&mut self, kind: Kind, response: &Response, n_requests: u32) {
        let n_requests = u64::from(n_requests);
        let count = self.answers.entry((kind, response.status)).or_default();
        *count = count.saturating_add(n_requests);
        self.on_body(response, n_requests);
    }

    /// So many requests that were answered are given this as what follows, or are broken off with it.
    pub(crate) fn on_more(&mut self, response: &Response, n_requests: u32) {
        let n_requests = u64::from(n_requests);
        if response.status == Status::Ok {
            self.on_body(response, n_requests);
        } else {
            self.broken_bodies = self.broken_bodies.saturating_add(n_requests);
        }
    }

    fn on_body(&mut self, response: &Response, n_requests: u64) {
        let bytes = response.body.length().saturating_mul(n_requests);
        self.body_bytes = self.body_bytes.saturating_add(bytes);
    }

    /// A limit is met.
    pub(crate) fn on_limit(&mut self, limit: Limit) {
        let count = self.limit_hits.entry(limit).or_default();
        *count = count.saturating_add(1);
    }
}

fn add(sum: &mut u64, n: u64) {
    *sum = sum.saturating_add(n);
}
