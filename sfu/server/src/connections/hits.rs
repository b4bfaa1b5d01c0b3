//! How often a worker's TCP connections met a limit.

/// One counter per limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionHits {
    /// [`CONNECTIONS_MAX`](super::CONNECTIONS_MAX)
    pub(crate) full: u64,
    /// [`STRANGER_PATIENCE`](super::entry::STRANGER_PATIENCE), or after it the time that a session has to come up.
    pub(crate) time: u64,
    /// [`STALL_MAX`](sfu_net::tcp::connection::STALL_MAX)
    pub(crate) stall: u64,
}

impl ConnectionHits {
    /// Those of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            full: self.full + other.full,
            time: self.time + other.time,
            stall: self.stall + other.stall,
        }
    }
}
