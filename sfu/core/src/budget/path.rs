//! One path in use: the parts of the estimation, and which of them has the word.

use std::time::Duration;

use sfu_model::rate::Bitrate;
use sfu_model::time::Instant;

use crate::budget::app_limited::AppLimited;
use crate::budget::arrival::Arrival;
use crate::budget::history::{History, News, Sent, wire};
use crate::budget::limited_by::LimitedBy;
use crate::budget::limits::in_range;
use crate::budget::probe::{Probe, Prober};
use crate::budget::rates::{Circumstances, Rates};
use crate::budget::reports::ReportedLoss;
use crate::budget::rtt::RoundTrip;
use crate::budget::silence::Silence;

/// The share of the estimate of before that a path is given when a silence ends; see `silence` for why.
const BACK: f64 = 0.5;

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
    pub(super) history: History,
    rtt: RoundTrip,
    silence: Silence,
    /// The estimate when the silence began.
    before_silence: Bitrate,
    app_limited: AppLimited,
    prober: Prober,
    rates: Rates,
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
            rates: Rates::new(start),
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

    pub(crate) fn set_gentle(&mut self, is_gentle: bool, now: Instant) {
        if self.prober.set_gentle(is_gentle) {
            self.rates.confine(now);
        }
    }

    pub(crate) fn poll_probe(&mut self, wanted: Bitrate, now: Instant) -> Option<Probe> {
        if !matches!(self.basis, Basis::Feedback) || self.rates.is_strained() {
            return None;
        }
        let next = self.history.next();
        self.prober.poll(self.estimate, wanted, next, now)
    }

    pub(crate) fn poll_timeout(&self, wanted: Bitrate) -> Option<Instant> {
        let can_probe = matches!(self.basis, Basis::Feedback) && !self.rates.is_strained();
        let wanted = if can_probe { wanted } else { Bitrate::ZERO };
        let probe = self.prober.poll_timeout(self.estimate, wanted);
        let silence = self.silence.poll_timeout();
        probe.into_iter().chain(silence).min()
    }

    pub(crate) fn is_at_ease(&self) -> bool {
        match &self.basis {
            Basis::Nothing => false,
            Basis::Reports(reports) => reports.is_at_ease(),
            Basis::Feedback => !self.rates.is_strained() && !self.silence.is_silent(),
        }
    }

    pub(crate) fn on_missed(&mut self, n_packets: u64) {
        if let Basis::Reports(reports) = &mut self.basis {
            reports.on_missed(n_packets);
            self.estimate = reports.rate();
        }
    }

    pub(crate) fn try_at(&mut self, rate: Bitrate, now: Instant) {
        match &mut self.basis {
            Basis::Nothing => {}
            Basis::Reports(reports) => {
                reports.try_at(rate, now);
                self.estimate = reports.rate();
            }
            Basis::Feedback => {
                self.rates.try_at(rate, now);
                self.estimate = self.rates.rate();
            }
        }
    }

    pub(crate) const fn estimate(&self) -> Bitrate {
        self.estimate
    }

    /// How much delay stands on the path.
    pub(crate) fn queue(&self) -> Duration {
        match &self.basis {
            Basis::Reports(reports) => reports.queue(),
            Basis::Nothing | Basis::Feedback => self.rates.queue(),
        }
    }

    pub(crate) const fn rtt(&self) -> Option<Duration> {
        self.rtt.measured()
    }

    pub(crate) const fn loss(&self) -> f64 {
        match &self.basis {
            Basis::Reports(reports) => reports.loss(),
            Basis::Nothing | Basis::Feedback => self.rates.loss(),
        }
    }

    pub(crate) fn limited_by(&self) -> LimitedBy {
        match &self.basis {
            Basis::Nothing => LimitedBy::Start,
            Basis::Reports(_) => LimitedBy::Reports,
            Basis::Feedback if self.silence.is_silent() => LimitedBy::Silence,
            Basis::Feedback if self.rates.is_loss_limited() => LimitedBy::Loss,
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

    fn on_news(&mut self, news: News, arrival: Option<Arrival>, batch: &mut Batch) {
        let sent = match news {
            News::Lost(sent) => {
                batch.highest = batch.highest.max(Some(sent.number));
                self.rates.settle(sent, true);
                return;
            }
            News::ReceivedAfterAll(sent) => {
                self.rates.recover();
                sent
            }
            News::Received(sent) => {
                self.rates.settle(sent, false);
                sent
            }
        };
        let Some(arrival) = arrival else { return };
        batch.highest = batch.highest.max(Some(sent.number));
        let is_newest = batch.newest.is_none_or(|n| sent.number > n.number);
        if is_newest {
            batch.newest = Some(sent);
        }
        let is_probe = self.prober.on_received(sent, arrival);
        self.rates.on_arrival(sent, arrival, is_probe);
    }

    fn update(&mut self, highest: Option<u64>, now: Instant) {
        let circumstances = Circumstances {
            is_app_limited: self.app_limited.is_limited(),
            rtt: self.rtt.assumed(),
            measured: highest.and_then(|highest| self.prober.on_reported(highest, now)),
        };
        if self.rates.update(circumstances, now) {
            self.prober.on_fall(now);
        }
        self.estimate = self.rates.rate();
    }

    /// The viewer answers again.
    fn end_silence(&mut self, now: Instant) {
        let back = self.before_silence.scaled(BACK).max(self.estimate);
        self.rates.restart(back, now);
        self.prober.on_return();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Bitrate = Bitrate::from_kbps(1_000);

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    /// Sends a packet every 10 ms in this span, each of which is told of 50 ms later, where it is.
    fn run(path: &mut Path, span: std::ops::Range<u64>, is_answered: bool) {
        let mut numbers = Vec::new();
        for (n, ms) in span.step_by(10).enumerate() {
            path.on_timeout(at(ms));
            let told = n.checked_sub(5).and_then(|n| numbers.get(n)).copied();
            if let Some(number) = told.filter(|_| is_answered) {
                let arrival = Arrival(i64::try_from(ms - 25).unwrap() * 4);
                path.on_feedback([(number, Some(arrival))].into_iter(), at(ms));
            }
            numbers.push(path.on_sent(1_000, at(ms)));
        }
    }

    #[test]
    fn the_word_goes_from_nobody_to_reports_to_feedback_and_never_back() {
        let mut path = Path::new(START);
        assert_eq!(path.limited_by(), LimitedBy::Start);
        assert_eq!(path.estimate(), START);
        run(&mut path, 0..500, false);
        assert_eq!(path.limited_by(), LimitedBy::Start, "nobody has answered");
        path.on_remb(Bitrate::from_kbps(300));
        assert_eq!(path.limited_by(), LimitedBy::Reports);
        assert_eq!(path.estimate(), Bitrate::from_kbps(300));
        run(&mut path, 500..2_000, true);
        assert_eq!(path.limited_by(), LimitedBy::Delay);
        let by_feedback = path.estimate();
        path.on_remb(Bitrate::from_kbps(100));
        path.on_report(255, None, at(2_000));
        assert_eq!(path.estimate(), by_feedback);
        let rtt = path.rtt().unwrap();
        assert_eq!(rtt.as_millis(), 50);
    }

    #[test]
    fn a_path_that_falls_silent_is_halved_and_comes_back_at_half() {
        let mut path = Path::new(START);
        run(&mut path, 0..3_000, true);
        let before = path.estimate();
        run(&mut path, 3_000..6_000, false);
        assert_eq!(path.limited_by(), LimitedBy::Silence);
        assert!(
            path.estimate() < before.scaled(0.1),
            "{:?}",
            path.estimate()
        );
        assert!(!path.is_at_ease());
        run(&mut path, 6_000..6_070, true);
        assert_eq!(path.limited_by(), LimitedBy::Delay);
        assert!(
            path.estimate() >= before.scaled(0.45),
            "{:?}",
            path.estimate()
        );
    }
}
