//! What happens next: a heap of moments, ties in the order in which they were planned.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;

use sfu_core::link::LinkMessage;
use sfu_model::id::WorkerId;
use sfu_model::time::Instant;

/// Something that happens at a moment.
#[derive(Debug)]
pub(super) enum Happening {
    /// A datagram reaches the node.
    AtNode { source: SocketAddr, bytes: Vec<u8> },
    /// A datagram reaches a participant.
    AtBrowser {
        destination: SocketAddr,
        bytes: Vec<u8>,
    },
    /// A message reaches a worker from another.
    AtWorker {
        from: WorkerId,
        to: WorkerId,
        message: Box<LinkMessage>,
    },
    /// A worker wants to be driven.
    WakeWorker(WorkerId),
    /// A participant wants to be driven.
    WakeBrowser(usize),
}

/// The moments that are planned.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: BinaryHeap<Reverse<(Instant, u64)>>,
    planned: BTreeMap<u64, Happening>,
    n_planned: u64,
    /// The wake-ups that count; an earlier one makes a later one stale.
    worker_wakes: BTreeMap<WorkerId, Instant>,
    browser_wakes: BTreeMap<usize, Instant>,
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, happening: Happening) {
        self.n_planned += 1;
        self.order.push(Reverse((at, self.n_planned)));
        self.planned.insert(self.n_planned, happening);
    }

    /// Wakes a worker then, or earlier.
    pub(super) fn wake_worker(&mut self, at: Instant, worker: WorkerId) {
        if self.worker_wakes.get(&worker).is_none_or(|w| at < *w) {
            self.worker_wakes.insert(worker, at);
            self.push(at, Happening::WakeWorker(worker));
        }
    }

    /// Wakes a participant then, or earlier.
    pub(super) fn wake_browser(&mut self, at: Instant, browser: usize) {
        if self.browser_wakes.get(&browser).is_none_or(|w| at < *w) {
            self.browser_wakes.insert(browser, at);
            self.push(at, Happening::WakeBrowser(browser));
        }
    }

    /// What happens next, if that is not after `until`.
    pub(super) fn pop(&mut self, until: Instant) -> Option<(Instant, Happening)> {
        let Reverse((at, _)) = self.order.peek()?;
        if *at > until {
            return None;
        }
        let Reverse((at, number)) = self.order.pop()?;
        let happening = self.planned.remove(&number)?;
        match &happening {
            Happening::WakeWorker(worker) => {
                if self.worker_wakes.get(worker) == Some(&at) {
                    self.worker_wakes.remove(worker);
                }
            }
            Happening::WakeBrowser(browser) => {
                if self.browser_wakes.get(browser) == Some(&at) {
                    self.browser_wakes.remove(browser);
                }
            }
            Happening::AtNode { .. } | Happening::AtBrowser { .. } | Happening::AtWorker { .. } => {
            }
        }
        Some((at, happening))
    }
}
