//! A stream whose pictures an encoder of ours makes, as it comes to the packager.

use std::collections::BTreeMap;

use bridge_packager::latency::LatencyMode;
use sfu_model::codec::MediaKind;
use sfu_model::frame::Discontinuity;
use sfu_model::time::{Instant, MediaTime};

use crate::driver::{Driver, Input, aac, frame, h264_with, ms, name, opus, with};

pub(crate) const SEGMENT_MS: u64 = 2_000;

/// A stream whose pictures are encoded anew, but for a while in which they are passed on.
#[derive(Clone, Debug)]
pub(crate) struct Show {
    pub(crate) length_ms: u64,
    /// Its first picture.
    pub(crate) from_ms: u64,
    /// How long an encoder takes.
    pub(crate) encoding_ms: u64,
    /// Nobody publishes from the first to the second; `true`: who returns has another format.
    pub(crate) away: Option<(u64, u64, bool)>,
    pub(crate) passed_on: Option<(u64, u64)>,
    /// A kind of sound begins later than the rest.
    pub(crate) aac_from_ms: u64,
}

impl Default for Show {
    fn default() -> Self {
        Self {
            length_ms: 30_000,
            from_ms: 0,
            encoding_ms: 150,
            away: None,
            passed_on: None,
            aac_from_ms: 0,
        }
    }
}

impl Show {
    fn is_away(&self, at_ms: u64) -> bool {
        self.away
            .is_some_and(|(from, to, _)| (from..to).contains(&at_ms))
    }

    fn is_regular(&self, at_ms: u64) -> bool {
        !self
            .passed_on
            .is_some_and(|(from, to)| (from..to).contains(&at_ms))
    }

    /// Of pictures at a time.
    fn life(&self, at_ms: u64) -> u8 {
        let returned = self
            .away
            .is_some_and(|(_, to, is_other)| is_other && at_ms >= to);
        let (was_passed_on, is_back) = self
            .passed_on
            .map_or((false, false), |(from, to)| (at_ms >= from, at_ms >= to));
        u8::from(returned) + 2 * u8::from(was_passed_on) + 4 * u8::from(is_back)
    }

    /// Every frame: when it is here, whose it is, and its time.
    fn frames(&self) -> Vec<(u64, &'static str, u64)> {
        let mut frames = Vec::new();
        for (lane, rate, step, from, late) in [
            ("720p", 90, 3_000, self.from_ms, self.encoding_ms),
            ("opus", 48, 960, 0, 20),
            ("aac", 48, 1_024, self.aac_from_ms, 60),
        ] {
            for ticks in (0..self.length_ms * rate).step_by(step) {
                let at = ticks / rate;
                if at >= from && !self.is_away(at) {
                    let late = if self.is_regular(at) { late } else { 20 };
                    frames.push((at + late, lane, ticks));
                }
            }
        }
        frames.sort();
        frames
    }

    /// Every MPD that there is on the way is looked at.
    pub(crate) fn run(&self, mut look: impl FnMut(&Driver)) -> Driver {
        let lanes = [
            ("720p", MediaKind::Video),
            ("opus", MediaKind::Audio),
            ("aac", MediaKind::Audio),
        ];
        let mut driver = Driver::new(LatencyMode::Low, &lanes);
        driver.oracle.patience = ms(2_000);
        let (mut n_expected, mut lasts, mut n_seen) = (0, BTreeMap::new(), 0);
        for (at_ms, lane, ticks) in self.frames() {
            let now = (Instant::START + ms(at_ms)).max(driver.now);
            driver.run_until(now);
            let (format, time_ms) = match lane {
                "720p" => (h264_with(720, self.life(ticks / 90)), ticks / 90),
                "opus" => (opus(), ticks / 48),
                _ => (aac(), ticks / 48),
            };
            driver.packager.expect_regular(self.is_regular(time_ms));
            if lane == "opus" && time_ms / SEGMENT_MS > n_expected && self.is_regular(time_ms) {
                n_expected = time_ms / SEGMENT_MS;
                driver
                    .packager
                    .expect_keyframe(ms(n_expected * SEGMENT_MS), now);
            }
            let last = lasts.insert(lane, time_ms);
            let returns = last.is_some_and(|last| {
                self.away
                    .is_some_and(|(_, to, _)| last < to && time_ms >= to)
            });
            let mut is_keyframe = true;
            if lane == "720p" {
                let is_anew =
                    last.is_none_or(|last| returns || self.life(last) != self.life(time_ms));
                let due = ticks % (SEGMENT_MS * 90) == 0 && self.is_regular(time_ms);
                let is_near = self.is_regular(time_ms) && SEGMENT_MS - time_ms % SEGMENT_MS <= 600;
                let is_wished = !is_near && driver.is_keyframe_owed;
                driver.is_keyframe_owed &= is_near;
                is_keyframe = is_anew || due || is_wished;
            }
            let mut frame = frame(&format, ticks, is_keyframe);
            if returns {
                frame = with(Discontinuity::Publisher, frame);
            }
            if lane != "720p" {
                driver.input(now, &Input::Begins(name(lane), MediaTime(ticks)));
            }
            driver.input(now, &Input::Frame(name(lane), frame));
            if driver.history.len() != n_seen {
                n_seen = driver.history.len();
                look(&driver);
            }
        }
        driver
    }
}
