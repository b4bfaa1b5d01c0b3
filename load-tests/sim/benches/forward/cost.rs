//! What a stretch of work cost its thread.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::allocations;

/// CPU time and allocations of work, and how many packets came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) n_packets: u64,
    cpu: Duration,
    n_allocations: u64,
}

/// The clocks of the thread when a stretch of work began.
pub(crate) struct Began {
    cpu: Duration,
    n_allocations: u64,
}

impl Began {
    /// Work begins.
    pub(crate) fn now() -> Result<Self, nix::Error> {
        Ok(Self {
            n_allocations: allocations::count(),
            cpu: thread_cpu()?,
        })
    }

    /// Work has ended; this many packets came of it.
    pub(crate) fn end(self, n_packets: u64) -> Result<Cost, nix::Error> {
        Ok(Cost {
            n_packets,
            cpu: thread_cpu()?.saturating_sub(self.cpu),
            n_allocations: allocations::count() - self.n_allocations,
        })
    }
}

impl Cost {
    pub(crate) fn add(&mut self, other: Self) {
        self.n_packets += other.n_packets;
        self.cpu += other.cpu;
        self.n_allocations += other.n_allocations;
    }

    pub(crate) fn ns_per_packet(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.n_packets.max(1) as f64
    }

    pub(crate) fn allocations_per_packet(&self) -> f64 {
        self.n_allocations as f64 / self.n_packets.max(1) as f64
    }
}

/// CPU time of this thread: a turn that the kernel gives to others does not count.
fn thread_cpu() -> Result<Duration, nix::Error> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}
