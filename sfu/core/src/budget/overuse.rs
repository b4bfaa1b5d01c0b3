//! Is the path used more than it carries? A trend against a threshold that adapts.
//!
//! A fixed threshold starves beside a TCP flow, whose queue makes the delay swing; so the threshold follows the trend,
//! quickly down and slowly up (draft-ietf-rmcat-gcc-02 section 5.4, after Carlucci et al., "Analysis and design of the
//! Google congestion control for web real-time communication", 2016).

use crate::budget::arrival::Arrival;
use crate::budget::trendline::Trend;

/// What the delays say about the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Usage {
    #[default]
    Normal,
    /// A queue grows.
    Over,
    /// A queue drains.
    Under,
}

/// The slope is multiplied by this, and by the number of groups up to [`GROUPS_MAX`], to meet the threshold (libwebrtc).
const GAIN: f64 = 4.0;
const GROUPS_MAX: u32 = 60;

/// Where the threshold starts, its range, and how quickly it follows (draft-ietf-rmcat-gcc-02 section 5.4; the slopes
/// `K_UP` and `K_DOWN`, per millisecond, as libwebrtc has them since).
const THRESHOLD_START: f64 = 12.5;
const THRESHOLD_MIN: f64 = 6.0;
const THRESHOLD_MAX: f64 = 600.0;
const K_UP: f64 = 0.0087;
const K_DOWN: f64 = 0.039;

/// A trend this far past the threshold is a fault of the path, not the swing of a competitor: the threshold does not
/// follow it (draft-ietf-rmcat-gcc-02 section 5.4).
const OUTLIER: f64 = 15.0;

/// The longest step, in milliseconds, that one adaptation stands for (libwebrtc): after a silence the threshold
/// does not leap.
const STEP_MS_MAX: f64 = 100.0;

/// How long the trend must stay past the threshold, and in how many groups, before it is overuse
/// (draft-ietf-rmcat-gcc-02 section 5.4: `overuse_time_th`).
const OVERUSE_MS: f64 = 10.0;
const OVERUSE_GROUPS: u32 = 2;

/// Decides what a trend means.
#[derive(Debug)]
pub(crate) struct OveruseDetector {
    threshold: f64,
    last_adapted: Option<Arrival>,
    last_slope: f64,
    over: Option<Over>,
    usage: Usage,
}

#[derive(Clone, Copy, Debug)]
struct Over {
    for_ms: f64,
    n_groups: u32,
}

impl Default for OveruseDetector {
    fn default() -> Self {
        Self {
            threshold: THRESHOLD_START,
            last_adapted: None,
            last_slope: 0.0,
            over: None,
            usage: Usage::Normal,
        }
    }
}

impl OveruseDetector {
    /// Takes the trend after a group that left `sent_ms` after the one before it.
    pub(crate) fn push(&mut self, trend: Trend, sent_ms: f64, arrival: Arrival) {
        let scaled = f64::from(trend.n_groups.min(GROUPS_MAX)) * trend.slope * GAIN;
        if scaled > self.threshold {
            let over = self.over.get_or_insert(Over {
                // The trend passed the threshold somewhere between the two groups.
                for_ms: -sent_ms / 2.0,
                n_groups: 0,
            });
            over.for_ms += sent_ms;
            over.n_groups += 1;
            let lasts = over.for_ms > OVERUSE_MS && over.n_groups >= OVERUSE_GROUPS;
            if lasts && trend.slope >= self.last_slope {
                self.over = None;
                self.usage = Usage::Over;
            }
        } else {
            self.over = None;
            self.usage = if scaled < -self.threshold {
                Usage::Under
            } else {
                Usage::Normal
            };
        }
        self.last_slope = trend.slope;
        self.adapt(scaled.abs(), arrival);
    }

    /// What the last groups said.
    pub(crate) const fn usage(&self) -> Usage {
        self.usage
    }

    fn adapt(&mut self, scaled: f64, arrival: Arrival) {
        let last = self.last_adapted.replace(arrival).unwrap_or(arrival);
        if scaled > self.threshold + OUTLIER {
            return;
        }
        let step_ms = arrival.millis_since(last).clamp(0.0, STEP_MS_MAX);
        let k = if scaled < self.threshold {
            K_DOWN
        } else {
            K_UP
        };
        let moved = self.threshold + k * (scaled - self.threshold) * step_ms;
        self.threshold = moved.clamp(THRESHOLD_MIN, THRESHOLD_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups 20 ms apart, each with its slope; says what each made of the usage.
    fn run(slopes: &[f64]) -> Vec<Usage> {
        let mut detector = OveruseDetector::default();
        (0..)
            .zip(slopes)
            .map(|(group, slope)| {
                let trend = Trend {
                    slope: *slope,
                    n_groups: 60,
                };
                detector.push(trend, 20.0, Arrival(group * 80));
                detector.usage()
            })
            .collect()
    }

    #[test]
    fn one_group_past_the_threshold_is_not_overuse() {
        assert_eq!(run(&[0.1, 0.0]), [Usage::Normal, Usage::Normal]);
        assert_eq!(
            run(&[0.1, 0.1, 0.0]),
            [Usage::Normal, Usage::Over, Usage::Normal]
        );
    }

    #[test]
    fn a_trend_that_already_falls_is_not_new_overuse() {
        assert_eq!(run(&[0.2, 0.15, 0.1]), [Usage::Normal; 3]);
    }

    #[test]
    fn a_queue_that_drains_is_underuse() {
        assert_eq!(run(&[-0.2]), [Usage::Under]);
    }

    #[test]
    fn the_threshold_learns_a_swing_that_lasts() {
        // 60 x 4 x 0.07 is 17: overuse at first.
        assert_eq!(run(&[0.07, 0.07])[1], Usage::Over);
        // A competitor whose queue makes the trend swing further raises the threshold above that.
        let swing = [0.08, -0.08].repeat(100);
        let after_swing = [swing, vec![0.07, 0.07]].concat();
        assert_eq!(run(&after_swing).last(), Some(&Usage::Normal));
    }

    #[test]
    fn an_outlier_does_not_move_the_threshold() {
        let mut detector = OveruseDetector::default();
        for group in 0..50 {
            let trend = Trend {
                slope: 1.0,
                n_groups: 60,
            };
            detector.push(trend, 20.0, Arrival(group * 80));
        }
        assert_eq!(detector.threshold, THRESHOLD_START);
    }
}
