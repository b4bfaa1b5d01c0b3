//! What one worker has done, as a value.

use std::time::Duration;

use sfu_model::id::WorkerId;
use sfu_net::udp::SocketStats;

/// A snapshot of one worker's counters, since its start.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerStats {
    /// Which.
    pub worker: WorkerId,
    /// Its core's; its drops include those of the sockets and the mailboxes.
    pub core: sfu_core::stats::Stats,
    /// Its UDP sockets', added up.
    pub sockets: SocketStats,
    /// TCP connections now.
    pub n_connections: usize,
    /// What it did as a thread.
    pub thread: ThreadStats,
}

/// What a worker did as a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThreadStats {
    /// Times it woke.
    pub turns: u64,
    /// Time it did not sleep.
    pub busy: Duration,
    /// The share of the last second that it did not sleep.
    pub busy_ratio: f64,
    /// Datagrams that the kernel gave it and that it passed on to another worker.
    pub strays_out: u64,
    /// Datagrams that other workers passed on to it.
    pub strays_in: u64,
    /// Control messages that wait for other workers now.
    pub n_backlog: usize,
    /// Requests refused because control messages for another worker pile up.
    pub backlog_limit_hits: u64,
    /// Connections refused, or strangers closed, because it has all the connections it may have.
    pub connections_limit_hits: u64,
    /// Connections closed because they were not a session's in time.
    pub tcp_time_hits: u64,
    /// Connections closed because their reader took nothing for too long.
    pub tcp_stall_hits: u64,
    /// Times that the observer was so far behind that there was no room to hold back what it should hear.
    pub notices_limit_hits: u64,
    /// Times that connections could not be accepted for want of descriptors or memory.
    pub descriptors_limit_hits: u64,
    /// Times it failed and began again.
    pub restarts: u64,
}
