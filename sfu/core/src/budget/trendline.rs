//! The slope of the one-way delay: does a queue grow?
//!
//! libwebrtc fits a line through the smoothed delays of the last groups where draft-ietf-rmcat-gcc-02 section 5.3 has
//! a Kalman filter: fewer parameters, and no model of noise that a real path breaks.

use crate::budget::arrival::Arrival;
use crate::budget::inter_arrival::Spacing;

/// Groups that the line is fitted through (libwebrtc): at 30 frames a second the last 0.7 s, paced the last 0.2 s.
const GROUPS: usize = 20;

/// The share of the old value in the smoothed delay (libwebrtc).
const SMOOTHING: f64 = 0.9;

/// Groups after which the count of them no longer grows: what it scales is saturated at 60.
const GROUPS_COUNTED_MAX: u32 = 1_000;

#[derive(Clone, Copy, Debug, Default)]
struct Point {
    arrived_ms: f64,
    delay_ms: f64,
}

/// Fits a line through the delays of the last groups.
#[derive(Debug, Default)]
pub(crate) struct Trendline {
    points: [Point; GROUPS],
    n_groups: u32,
    next: usize,
    first: Option<Arrival>,
    delay_ms: f64,
    smoothed_ms: f64,
}

/// Milliseconds of delay gained per millisecond, and from how many groups it was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trend {
    pub(crate) slope: f64,
    pub(crate) n_groups: u32,
}

impl Trendline {
    /// Takes the next group; before there are enough of them the trend is flat.
    pub(crate) fn push(&mut self, spacing: Spacing) -> Trend {
        let first = *self.first.get_or_insert(spacing.arrival);
        self.n_groups = (self.n_groups + 1).min(GROUPS_COUNTED_MAX);
        self.delay_ms += spacing.arrived_ms - spacing.sent_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.delay_ms;
        if let Some(point) = self.points.get_mut(self.next) {
            *point = Point {
                arrived_ms: spacing.arrival.millis_since(first),
                delay_ms: self.smoothed_ms,
            };
        }
        self.next = (self.next + 1) % GROUPS;
        let is_full = usize::try_from(self.n_groups).is_ok_and(|n| n >= GROUPS);
        Trend {
            slope: if is_full { self.slope() } else { 0.0 },
            n_groups: self.n_groups,
        }
    }

    /// Least squares; flat when all arrived in one moment.
    fn slope(&self) -> f64 {
        let n = GROUPS as f64;
        let (mut sum_x, mut sum_y) = (0.0, 0.0);
        for point in &self.points {
            sum_x += point.arrived_ms;
            sum_y += point.delay_ms;
        }
        let (mean_x, mean_y) = (sum_x / n, sum_y / n);
        let (mut above, mut below) = (0.0, 0.0);
        for point in &self.points {
            let x = point.arrived_ms - mean_x;
            above += x * (point.delay_ms - mean_y);
            below += x * x;
        }
        if below > 0.0 { above / below } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope_after(groups: i64, sent_ms: f64, arrived_ms: f64) -> f64 {
        let mut line = Trendline::default();
        let mut slope = 0.0;
        for group in 1..=groups {
            let arrival = Arrival((group as f64 * arrived_ms * 4.0) as i64);
            slope = line
                .push(Spacing {
                    sent_ms,
                    arrived_ms,
                    arrival,
                })
                .slope;
        }
        slope
    }

    #[test]
    fn a_steady_delay_has_no_slope() {
        assert!(slope_after(100, 20.0, 20.0).abs() < 1e-9);
    }

    #[test]
    fn the_slope_is_the_share_of_time_by_which_delay_grows() {
        assert!((slope_after(200, 20.0, 25.0) - 0.2).abs() < 0.01);
        assert!((slope_after(200, 20.0, 16.0) + 0.25).abs() < 0.01);
    }

    #[test]
    fn too_few_groups_say_nothing() {
        assert_eq!(slope_after(19, 20.0, 40.0), 0.0);
        assert!(slope_after(20, 20.0, 40.0) > 0.1);
    }

    #[test]
    fn arrivals_in_one_moment_have_no_slope() {
        let slope = slope_after(50, 20.0, 0.0);
        assert!(slope.is_finite() && slope.abs() < f64::EPSILON, "{slope}");
    }
}
