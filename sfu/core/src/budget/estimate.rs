//! What the path to one viewer carries: the only part of the estimation that others call.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::arrival::Arrival;
use crate::budget::history::wire;
use crate::budget::limited_by::LimitedBy;
use crate::budget::limits::{ESTIMATE_START, in_range};
use crate::budget::path::Path;
use crate::budget::probe::Probe;

/// Estimates one path, by the feedback of the viewer at its end.
///
/// Every packet that leaves is numbered by [`on_sent`](Self::on_sent); transport-wide feedback about the numbers moves
/// the estimate. Where a viewer gives none, its receiver reports and REMB do. Any order of calls is legal, and whatever
/// feedback claims the estimate stays in its range.
#[derive(Debug)]
pub struct Estimator {
    start: Bitrate,
    wanted: Bitrate,
    /// None before the first packet: a viewer who never gets media costs nothing.
    path: Option<Box<Path>>,
}

impl Default for Estimator {
    fn default() -> Self {
        Self::new(ESTIMATE_START)
    }
}

impl Estimator {
    pub(crate) fn new(start: Bitrate) -> Self {
        Self {
            start: in_range(start),
            wanted: Bitrate::ZERO,
            path: None,
        }
    }

    /// The transport-wide sequence number of a packet of this many bytes, all headers above UDP counted, that leaves
    /// at `now`.
    pub fn on_sent(&mut self, bytes: usize, now: Instant) -> u16 {
        self.path().on_sent(bytes, now)
    }

    /// The number that the next packet will have, once it has left.
    pub(crate) fn next_number(&self) -> u16 {
        let path = self.path.as_ref();
        path.map_or(0, |path| wire(path.history.next()))
    }

    /// One transport-wide feedback packet: each number that it covers, with its arrival or none if it has not arrived.
    pub fn on_feedback(
        &mut self,
        lines: impl Iterator<Item = (u16, Option<Arrival>)>,
        now: Instant,
    ) {
        if let Some(path) = &mut self.path {
            path.on_feedback(lines, now);
        }
    }

    /// A report block about what was sent: RFC 3550's fraction lost, and the round trip if it can be computed.
    pub(crate) fn on_report(&mut self, fraction_lost: u8, rtt: Option<Duration>, now: Instant) {
        if let Some(path) = &mut self.path {
            path.on_report(fraction_lost, rtt, now);
        }
    }

    /// The viewer's own estimate. Transport-wide feedback overrules it.
    pub(crate) fn on_remb(&mut self, rate: Bitrate) {
        self.path().on_remb(rate);
    }

    /// Must be called at [`poll_timeout`](Self::poll_timeout) at the latest.
    pub(crate) fn on_timeout(&mut self, now: Instant) {
        if let Some(path) = &mut self.path {
            path.on_timeout(now);
        }
    }

    /// The rate of all that the viewer would get next, if the path carried it; zero when nothing more is wanted, and
    /// then nothing is probed.
    pub(crate) fn set_wanted(&mut self, wanted: Bitrate) {
        self.wanted = wanted;
    }

    /// Only sound is sent: probes are small, and of small packets, so that it does not wait behind them, and nothing but they
    /// says that the path carries more.
    pub(crate) fn set_gentle(&mut self, is_gentle: bool, now: Instant) {
        if let Some(path) = &mut self.path {
            path.set_gentle(is_gentle, now);
        }
    }

    /// What to send beyond the estimate, to see whether it arrives. Whatever is sent after it counts as part of it, up to
    /// its bytes.
    #[must_use]
    pub(crate) fn poll_probe(&mut self, now: Instant) -> Option<Probe> {
        let wanted = self.wanted;
        self.path.as_mut()?.poll_probe(wanted, now)
    }

    /// When [`on_timeout`](Self::on_timeout) or [`poll_probe`](Self::poll_probe) has something to do; it may be past.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.path.as_ref()?.poll_timeout(self.wanted)
    }

    /// Nothing says that the path is full at what is sent.
    pub(crate) fn is_at_ease(&self) -> bool {
        self.path.as_ref().is_some_and(|path| path.is_at_ease())
    }

    /// From here on this much is sent, though nothing has shown that the path carries it: the estimate is that until
    /// something shows that it does not.
    pub(crate) fn try_at(&mut self, rate: Bitrate, now: Instant) {
        if let Some(path) = &mut self.path {
            path.try_at(rate, now);
        }
    }

    /// The viewer asks for packets that it has not asked for before.
    pub(crate) fn on_missed(&mut self, n_packets: u64) {
        if let Some(path) = &mut self.path {
            path.on_missed(n_packets);
        }
    }

    /// What the path carries.
    pub fn estimate(&self) -> Bitrate {
        self.path
            .as_ref()
            .map_or(self.start, |path| path.estimate())
    }

    /// How much delay stands on the path: above it a layer that does not fit is given up at once.
    pub(crate) fn queue(&self) -> Duration {
        self.path
            .as_ref()
            .map_or(Duration::ZERO, |path| path.queue())
    }

    /// None before it was measured.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.path.as_ref()?.rtt()
    }

    /// The share of packets lost of late.
    pub(crate) fn loss(&self) -> f64 {
        self.path.as_ref().map_or(0.0, |path| path.loss())
    }

    /// What holds the estimate where it is.
    pub(crate) fn limited_by(&self) -> LimitedBy {
        self.path
            .as_ref()
            .map_or(LimitedBy::Start, |path| path.limited_by())
    }

    fn path(&mut self) -> &mut Path {
        self.path
            .get_or_insert_with(|| Box::new(Path::new(self.start)))
    }
}
