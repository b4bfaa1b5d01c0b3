//! A finished segment in memory.

use std::sync::Arc;

use bytes::Bytes;
use sfu_model::time::Instant;

#[derive(Debug)]
pub(super) struct Recent {
    pub(super) number: u64,
    pub(super) parts: Arc<[Bytes]>,
    pub(super) appeared_at: Instant,
    /// Since when no playlist lists its parts.
    pub(super) untagged_at: Option<Instant>,
    pub(super) copy: Copy,
    /// Playlists that listed it have been told to leave it out.
    pub(super) is_withdrawn: bool,
}

/// What there is of a segment beside memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    /// Nothing, and there will not be.
    None,
    /// The disk was told of it.
    Owed,
    /// It is on disk.
    OnDisk,
}

impl Recent {
    /// It appears now, and is here alone.
    pub(super) fn new(number: u64, parts: Arc<[Bytes]>, appeared_at: Instant) -> Self {
        Self {
            number,
            parts,
            appeared_at,
            untagged_at: None,
            copy: Copy::None,
            is_withdrawn: false,
        }
    }

    pub(super) fn n_bytes(&self) -> u64 {
        self.parts.iter().map(n_bytes).sum()
    }

    /// It has bytes, which are nowhere else, and playlists may list it.
    pub(super) fn is_only_here(&self) -> bool {
        self.copy == Copy::None && !self.is_withdrawn && self.n_bytes() > 0
    }
}

pub(super) const fn n_bytes(bytes: &Bytes) -> u64 {
    bytes.len() as u64
}
