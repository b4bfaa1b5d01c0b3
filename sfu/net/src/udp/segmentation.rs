//! Whether the kernel cuts runs here (`UDP_SEGMENT`), learnt from what it does with them.
//!
//! Where it cannot depends on the way to the destination: a route through IPsec, a device that leaves checksums to us (kernels
//! before 6.11), or one whose packets are shorter. So a refusal costs the run that met it, which is cut by hand. Only where
//! nothing at all was cut for a while is it a property of this machine, and runs are not tried first any more.

use std::io;

/// Runs that are refused one after the other, with none taken between them, before the next are not tried. As long as one is
/// taken, somebody is on a way that segments, and a refusal costs a call beside those that cut the run.
pub(super) const REFUSALS_BEFORE_REST: u32 = 16;

/// Runs that are cut by hand before one is tried again: a route changes, and memory comes back. A try costs one call of the
/// ten thousand that so many runs take, and where runs are many it comes within a second.
pub(super) const RUNS_BEFORE_RETRY: u32 = 1_024;

/// What a socket knows of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segmentation {
    /// The kernel knows the option.
    is_known: bool,
    /// Runs that were refused since the last that was taken.
    n_refused: u32,
    /// While none is tried: runs since the last try.
    n_by_hand: u32,
}

impl Segmentation {
    pub(super) const fn new(is_known: bool) -> Self {
        Self {
            is_known,
            n_refused: 0,
            n_by_hand: 0,
        }
    }

    /// Runs are given to the kernel whole.
    pub(super) const fn is_on(&self) -> bool {
        self.is_known && self.n_refused < REFUSALS_BEFORE_REST
    }

    /// Whether the run that is sent now is given to the kernel whole, be it as a try.
    pub(super) fn wants_run(&mut self) -> bool {
        if self.is_on() || !self.is_known {
            return self.is_known;
        }
        self.n_by_hand += 1;
        let is_try = self.n_by_hand >= RUNS_BEFORE_RETRY;
        if is_try {
            self.n_by_hand = 0;
        }
        is_try
    }

    /// The kernel took a run.
    pub(super) fn passed(&mut self) {
        if !self.is_on() {
            tracing::info!("segmentation offload works again: sending many datagrams in one call");
        }
        self.n_refused = 0;
    }

    /// The kernel refused a run, and took each of its datagrams.
    pub(super) fn refused(&mut self, error: &io::Error) {
        if !means_no_segmentation(error) {
            return;
        }
        let was_on = self.is_on();
        self.n_refused = self.n_refused.saturating_add(1);
        if was_on && !self.is_on() {
            tracing::warn!(
                %error,
                "this network refuses segmentation offload: sending datagrams one by one"
            );
        }
    }
}

/// What Linux says to a run that it cannot cut (`udp_send_skb`): EIO where the route is through IPsec or the device computes no
/// checksums, EINVAL or, since 6.12, EMSGSIZE where a datagram is longer than a packet there may be; EINVAL and EOPNOTSUPP where
/// the option is unknown. All else is about the moment (no buffers, no memory) or about the destination.
fn means_no_segmentation(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE | libc::EOPNOTSUPP)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(segmentation: &mut Segmentation, number: i32) {
        segmentation.refused(&io::Error::from_raw_os_error(number));
    }

    #[test]
    fn a_lack_of_memory_says_nothing_of_segmentation() {
        let mut segmentation = Segmentation::new(true);
        for number in [libc::ENOBUFS, libc::ENOMEM, libc::EPERM, libc::ENETUNREACH] {
            for _ in 0..1_000 {
                refuse(&mut segmentation, number);
            }
            assert!(segmentation.is_on(), "{number}");
        }
    }

    #[test]
    fn every_refusal_of_the_kernel_to_cut_counts() {
        for number in [libc::EIO, libc::EINVAL, libc::EMSGSIZE, libc::EOPNOTSUPP] {
            let mut segmentation = Segmentation::new(true);
            for _ in 1..REFUSALS_BEFORE_REST {
                refuse(&mut segmentation, number);
            }
            assert!(segmentation.is_on(), "{number}");
            refuse(&mut segmentation, number);
            assert!(!segmentation.is_on(), "{number}");
        }
    }

    #[test]
    fn a_try_that_is_refused_is_followed_by_another() {
        let mut segmentation = Segmentation::new(true);
        for _ in 0..REFUSALS_BEFORE_REST {
            refuse(&mut segmentation, libc::EIO);
        }
        let mut n_tries = 0;
        for _ in 0..10 * RUNS_BEFORE_RETRY {
            if segmentation.wants_run() {
                n_tries += 1;
                refuse(&mut segmentation, libc::EIO);
            }
        }
        assert_eq!(n_tries, 10);
        assert!(!segmentation.is_on());
        segmentation.passed();
        assert!(segmentation.is_on() && segmentation.wants_run());
    }

    #[test]
    fn a_kernel_without_the_option_is_never_asked() {
        let mut segmentation = Segmentation::new(false);
        assert!((0..10_000).all(|_| !segmentation.wants_run()));
    }
}
