//! Spreads a burst over a few milliseconds. A keyframe is ten times a delta frame: sent at once to everybody it fills the
//! buffers of slow links, and the last viewer waits for all others' bursts.

use std::time::Duration;

use sfu_model::time::Instant;

/// What always leaves at once: a delta frame of 2.5 Mbit/s at 25 fps is 12 KB, in one system call.
pub(crate) const BURST_BYTES: usize = 16 * 1_024;
/// Over how long a larger burst is spread. A packet behind it waits no longer than this and one step.
const SPREAD: Duration = Duration::from_millis(5);
/// How often a part of it leaves.
const STEP: Duration = Duration::from_millis(1);
/// Steps in the spread.
const STEPS: usize = 5;

/// When how much of one subscriber's queue may leave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pacer {
    /// The burst that is being spread.
    spreading: Option<Spreading>,
}

#[derive(Clone, Copy, Debug)]
struct Spreading {
    step_bytes: usize,
    next_at: Instant,
    ends_at: Instant,
}

impl Pacer {
    /// How many of the bytes that wait may leave now; more is always fine where a packet does not end there.
    pub(crate) fn allowance(&mut self, waiting_bytes: usize, now: Instant) -> usize {
        let spreading = match self.spreading {
            None if waiting_bytes <= BURST_BYTES => return waiting_bytes,
            None => Spreading {
                step_bytes: (waiting_bytes / STEPS).max(BURST_BYTES),
                next_at: now,
                ends_at: now + SPREAD,
            },
            Some(spreading) => spreading,
        };
        if spreading.ends_at <= now {
            // Whatever joined the burst meanwhile has waited no longer than the spread.
            self.spreading = None;
            return waiting_bytes;
        }
        if spreading.next_at > now {
            return 0;
        }
        if waiting_bytes <= spreading.step_bytes {
            self.spreading = None;
            return waiting_bytes;
        }
        self.spreading = Some(Spreading {
            next_at: now + STEP,
            ..spreading
        });
        spreading.step_bytes
    }

    /// Nothing waits any more: the last packet of a burst may be more than its step, and takes it all with it.
    pub(crate) fn finish(&mut self) {
        self.spreading = None;
    }

    /// The beginning of a burst has left, and so many bytes of it wait.
    pub(crate) fn hold_rest(&mut self, waiting_bytes: usize, now: Instant) {
        if self.spreading.is_none() {
            self.spreading = Some(Spreading {
                step_bytes: (waiting_bytes / STEPS).max(BURST_BYTES),
                next_at: now + STEP,
                ends_at: now + SPREAD,
            });
        }
    }

    /// When more may leave. `None`: nothing is held back.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.spreading.map(|s| s.next_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn a_delta_frame_leaves_at_once() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.allowance(BURST_BYTES, at(0)), BURST_BYTES);
        assert_eq!(pacer.poll_timeout(), None);
    }

    #[test]
    fn a_keyframe_takes_five_milliseconds_and_no_longer() {
        let mut pacer = Pacer::default();
        let mut waiting = 120_000;
        let mut gone_at = Vec::new();
        for ms in 0..20 {
            let leaves = pacer.allowance(waiting, at(ms)).min(waiting);
            assert_eq!(
                pacer
                    .allowance(waiting - leaves, at(ms))
                    .min(waiting - leaves),
                0
            );
            waiting -= leaves;
            if leaves > 0 {
                gone_at.push((ms, leaves));
            }
            if waiting == 0 {
                break;
            }
        }
        let expected: Vec<(u64, usize)> = (0..5).map(|ms| (ms, 24_000)).collect();
        assert_eq!(gone_at, expected);
    }

    #[test]
    fn the_rest_of_a_burst_leaves_a_step_later_and_is_gone_in_time() {
        let mut pacer = Pacer::default();
        pacer.hold_rest(100_000, at(0));
        assert_eq!(pacer.allowance(100_000, at(0)), 0);
        assert_eq!(pacer.poll_timeout(), Some(at(1)));
        assert_eq!(pacer.allowance(100_000, at(1)), 20_000);
        assert_eq!(pacer.allowance(80_000, at(5)), 80_000);
    }

    #[test]
    fn what_joins_a_burst_leaves_with_its_end() {
        let mut pacer = Pacer::default();
        let mut waiting = 100_000 - pacer.allowance(100_000, at(0));
        waiting += 12_000;
        for ms in 1..5 {
            waiting -= pacer.allowance(waiting, at(ms)).min(waiting);
        }
        assert_eq!(pacer.allowance(waiting, at(5)), waiting);
        assert_eq!(pacer.poll_timeout(), None);
    }
}
