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
    receipt: Receipt,
}

/// What is no forwarding: packets of publishers that are handed in, and what engines do to keep transports alive. What comes is
/// kept for all who get it, so it has to lie somewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Receipt {
    n_packets: u64,
    n_allocations: u64,
    n_engine_allocations: u64,
}

impl Receipt {
    /// Hands in a packet of a publisher.
    pub(crate) fn of(&mut self, hand_in: impl FnOnce()) {
        self.n_packets += 1;
        self.n_allocations += allocations_of(hand_in);
    }

    /// Lets an engine do something: a check, a publisher's reports, a timer.
    pub(crate) fn of_engine(&mut self, drive: impl FnOnce()) {
        self.n_engine_allocations += allocations_of(drive);
    }
}

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = allocations::count();
    work();
    allocations::count() - before
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
            receipt: Receipt::default(),
        })
    }
}

impl Cost {
    /// Of the allocations, these were no forwarding.
    pub(crate) fn with(mut self, receipt: Receipt) -> Self {
        self.n_allocations -= receipt.n_allocations + receipt.n_engine_allocations;
        self.receipt = receipt;
        self
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.n_packets += other.n_packets;
        self.cpu += other.cpu;
        self.n_allocations += other.n_allocations;
        self.receipt.n_packets += other.receipt.n_packets;
        self.receipt.n_allocations += other.receipt.n_allocations;
        self.receipt.n_engine_allocations += other.receipt.n_engine_allocations;
    }

    pub(crate) fn ns_per_packet(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.n_packets.max(1) as f64
    }

    /// For each packet that left, beyond those of packets that came and of engines.
    pub(crate) fn allocations_per_packet(&self) -> f64 {
        self.n_allocations as f64 / self.n_packets.max(1) as f64
    }

    /// Those of engines, for each packet that left.
    pub(crate) fn engine_allocations_per_packet(&self) -> f64 {
        self.receipt.n_engine_allocations as f64 / self.n_packets.max(1) as f64
    }

    /// For each packet that came.
    pub(crate) fn allocations_per_receipt(&self) -> f64 {
        self.receipt.n_allocations as f64 / self.receipt.n_packets.max(1) as f64
    }
}

/// CPU time of this thread: a turn that the kernel gives to others does not count.
fn thread_cpu() -> Result<Duration, nix::Error> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}
