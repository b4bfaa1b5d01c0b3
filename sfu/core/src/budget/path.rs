//! One path in use: the parts of the estimation, and which of them has the word.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::acknowledged::Acknowledged;
use crate::budget::aimd::{Aimd, Signal};
use crate::budget::app_limited::AppLimited;
use crate::budget::arrival::Arrival;
use crate::budget::cluster::Measured;
use crate::budget::delay::DelayWatch;
use crate::budget::history::{History, News, Sent, wire};
use crate::budget::limits::in_range;
use crate::budget::loss::LossLimit;
use crate::budget::overflow::{Overflow, Verdict};
use crate::budget::overuse::Usage;
use crate::budget::probe::{Probe, Prober};
use crate::budget::queue::Queue;
use crate::budget::reports::ReportedLoss;
use crate::budget::rtt::RoundTrip;
use crate::budget::silence::Silence;

/// What holds an estimate where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitedBy {
    /// Nothing is known yet.
    Start,
    /// The growth of delay, or nothing: it grows.
    Delay,
    Loss,
    /// No feedback comes.
    Silence,
    /// Receiver reports and REMB, in place of transport-wide feedback.
    Reports,
}

/// Whose word moves the estimate.
#[derive(Debug)]
enum Basis {
    Nothing,
    /// Until transport-wide feedback comes.
    Reports(ReportedLoss),
    Feedback,
}

#[derive(Debug)]
pub(crate) struct Path {
    start: Bitrate,
    estimate: Bitrate,
    basis: Basis,
    history: History,
    rtt: RoundTrip,
    silence: Silence,
    /// The estimate when the silence began.
    before_silence: Bitrate,
    app_limited: AppLimited,
    prober: Prober,
    rates: Rates,
}

/// The two controllers, and what they are told.
#[derive(Debug)]
struct Rates {
    delay: DelayWatch,
    queue: Queue,
    acknowledged: Acknowledged,
    aimd: Aimd,
    loss: LossLimit,
    overflow: Overflow,
}

/// What a batch of feedback adds up to.
#[derive(Debug, Default)]
struct Batch {
    /// The received packet with the highest number.
    newest: Option<Sent>,
    highest: Option<u64>,
}

impl Path {
    pub(crate) fn new(start: Bitrate) -> Self {
        Self {
            start,
            estimate: start,
            basis: Basis::Nothing,
            history: History::new(),
            rtt: RoundTrip::default(),
            silence: Silence::default(),
            before_silence: start,
            app_limited: AppLimited::default(),
            prober: Prober::default(),
            rates: Rates {
                delay: DelayWatch::default(),
                queue: Queue::default(),
                acknowledged: Acknowledged::default(),
                aimd: Aimd::new(start),
                loss: LossLimit::default(),
                overflow: Overflow::default(),
            },
        }
    }

    pub(crate) fn on_sent(&mut self, bytes: usize, now: Instant) -> u16 {
        match &mut self.basis {
            Basis::Nothing => {}
            Basis::Reports(reports) => reports.on_sent(bytes),
            // Only who has answered once can fall silent.
            Basis::Feedback => self.silence.on_sent(now),
        }
        self.app_limited.on_sent(bytes, self.estimate, now);
        self.prober.on_sent(bytes);
        wire(self.history.push(bytes, now))
    }

    pub(crate) fn on_feedback(
        &mut self,
        lines: impl Iterator<Item = (u16, Option<Arrival>)>,
        now: Instant,
    ) {
        let mut batch = Batch::default();
        for (number, arrival) in lines {
            if let Some(news) = self.history.settle(number, arrival.is_some(), now) {
                self.on_news(news, arrival, &mut batch);
            }
        }
        let Some(newest) = batch.newest else {
            // Nothing new arrived. Losses alone wait for company.
            return;
        };
        self.basis = Basis::Feedback;
        self.rtt.push(now - newest.at);
        if self.silence.on_answer() {
            self.end_silence(now);
        }
        self.update(batch.highest, now);
    }

    pub(crate) fn on_report(&mut self, fraction_lost: u8, rtt: Option<Duration>, now: Instant) {
        if let Some(rtt) = rtt
            && !matches!(self.basis, Basis::Feedback)
        {
            self.rtt.push(rtt);
        }
        let rtt = self.rtt.assumed();
        if let Some(reports) = self.reports() {
            reports.on_report(fraction_lost, rtt, now);
            self.estimate = reports.rate();
        }
    }

    pub(crate) fn on_remb(&mut self, rate: Bitrate) {
        if let Some(reports) = self.reports() {
            reports.on_remb(rate);
            self.estimate = reports.rate();
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Instant) {
        self.prober.on_timeout(now);
        let was_silent = self.silence.is_silent();
        let halvings = self.silence.halvings(now);
        if halvings > 0 {
            if !was_silent {
                self.before_silence = self.estimate;
            }
            self.estimate = in_range(Bitrate(self.estimate.as_bps() >> halvings));
        }
    }

    pub(crate) fn poll_probe(&mut self, wanted: Bitrate, now: Instant) -> Option<Probe> {
        if !matches!(self.basis, Basis::Feedback) || self.is_strained() {
            return None;
        }
        let next = self.history.next();
        self.prober.poll(self.estimate, wanted, next, now)
    }

    pub(crate) fn poll_timeout(&self, wanted: Bitrate) -> Option<Instant> {
        let can_probe = matches!(self.basis, Basis::Feedback) && !self.is_strained();
        let wanted = if can_probe { wanted } else { Bitrate::ZERO };
        let probe = self.prober.poll_timeout(self.estimate, wanted);
        let silence = self.silence.poll_timeout();
        probe.into_iter().chain(silence).min()
    }

    pub(crate) const fn estimate(&self) -> Bitrate {
        self.estimate
    }

    pub(crate) const fn rtt(&self) -> Option<Duration> {
        self.rtt.measured()
    }

    pub(crate) const fn loss(&self) -> f64 {
        match &self.basis {
            Basis::Reports(reports) => reports.loss(),
            Basis::Nothing | Basis::Feedback => self.rates.loss.loss(),
        }
    }

    pub(crate) fn limited_by(&self) -> LimitedBy {
        match &self.basis {
            Basis::Nothing => LimitedBy::Start,
            Basis::Reports(_) => LimitedBy::Reports,
            Basis::Feedback if self.silence.is_silent() => LimitedBy::Silence,
            Basis::Feedback if self.rates.loss.limit().is_some() => LimitedBy::Loss,
            Basis::Feedback => LimitedBy::Delay,
        }
    }

    /// The controller of a viewer that sends no transport-wide feedback; none once it has sent some.
    fn reports(&mut self) -> Option<&mut ReportedLoss> {
        if let Basis::Nothing = self.basis {
            self.basis = Basis::Reports(ReportedLoss::new(self.start));
        }
        match &mut self.basis {
            Basis::Reports(reports) => Some(reports),
            Basis::Nothing | Basis::Feedback => None,
        }
    }

    /// More would only make it worse: a queue grows, or losses already hold the estimate down.
    fn is_strained(&self) -> bool {
        self.rates.delay.usage() == Usage::Over || self.rates.loss.limit().is_some()
    }

    fn on_news(&mut self, news: News, arrival: Option<Arrival>, batch: &mut Batch) {
        let sent = match news {
            News::Lost(sent) => {
                batch.highest = batch.highest.max(Some(sent.number));
                self.rates.settle(sent, true);
                return;
            }
            News::ReceivedAfterAll(sent) => {
                self.rates.loss.recover();
                sent
            }
            News::Received(sent) => {
                self.rates.settle(sent, false);
                sent
            }
        };
        let Some(arrival) = arrival else { return };
        batch.highest = batch.highest.max(Some(sent.number));
        if batch
            .newest
            .is_none_or(|newest| sent.number > newest.number)
        {
            batch.newest = Some(sent);
        }
        self.rates.acknowledged.push(sent.bytes, arrival);
        self.rates.queue.push(sent.at, arrival);
        if self.prober.on_received(sent, arrival) {
            self.rates.delay.skip();
        } else {
            self.rates.delay.push(sent.at, arrival);
        }
    }

    fn update(&mut self, highest: Option<u64>, now: Instant) {
        let usage = self.rates.delay.usage();
        let rates = &mut self.rates;
        let rate = rates.acknowledged.rate();
        let signal = Signal {
            usage,
            acknowledged: match usage {
                Usage::Over => rates.acknowledged.rate_of_late().or(rate),
                Usage::Normal | Usage::Under => rate,
            },
            is_app_limited: self.app_limited.is_limited(),
            rtt: self.rtt.assumed(),
            queue: rates.queue.delay(),
        };
        rates.aimd.update(signal, now);
        if rates.aimd.last_fall() == Some(now) {
            self.prober.on_fall(now);
        }
        let measured = highest.and_then(|highest| self.prober.on_reported(highest, now));
        if let Some(measured) = measured
            && usage != Usage::Over
        {
            rates.on_probe(measured, now);
        }
        match rates.overflow.update(rates.aimd.rate(), rate) {
            Verdict::Nothing => {}
            Verdict::Yield(left) => {
                rates.aimd.yield_to(left, now);
                self.prober.on_fall(now);
            }
            Verdict::NotOurs => rates.queue.rebase(),
        }
        if rates.loss.update(rates.aimd.rate(), rate) {
            self.prober.on_fall(now);
        }
        let delay = rates.aimd.rate();
        self.estimate = rates.loss.limit().map_or(delay, |loss| delay.min(loss));
    }

    /// The viewer answers again.
    fn end_silence(&mut self, now: Instant) {
        let back = self.before_silence.scaled(0.5).max(self.estimate);
        self.rates.aimd.set(back, now);
        self.rates.delay.reset();
        self.rates.acknowledged.reset();
        self.prober.on_return();
    }
}

impl Rates {
    /// Feedback said this of a packet.
    fn settle(&mut self, sent: Sent, is_lost: bool) {
        self.loss.push(sent, is_lost);
        self.overflow.push(sent, is_lost, self.queue.delay());
    }

    /// More than the present rate is believed. Less is, too, when the probe has filled the path: the rate may stand for
    /// a path that nobody has tried since; but what arrives by itself is proof against it.
    fn on_probe(&mut self, measured: Measured, now: Instant) {
        let proven = self.acknowledged.rate().unwrap_or(Bitrate::ZERO);
        let found = measured.rate.max(proven.min(self.aimd.rate()));
        if found > self.aimd.rate() || measured.is_full {
            self.aimd.on_probe(found, now);
            self.acknowledged.expect_change();
        }
    }
}
