//! What the link carried when it was last full, and how certain that is: near it the rate grows carefully.

use sfu_model::rate::Bitrate;

/// The weight of a new measurement when overuse shows that the link is full, and when a probe does (libwebrtc).
const WEIGHT_OVERUSE: f64 = 0.05;
const WEIGHT_PROBE: f64 = 0.5;

/// The variance relative to the capacity, where it starts and its range (libwebrtc): at 500 kbit/s a standard
/// deviation of 14 to 35 kbit/s.
const VARIANCE_MIN: f64 = 0.4;
const VARIANCE_MAX: f64 = 2.5;

/// A rate of arrival this many standard deviations away belongs to another capacity (draft-ietf-rmcat-gcc-02
/// section 5.5).
const DEVIATIONS: f64 = 3.0;

/// The capacity of the link; unknown until it was full.
#[derive(Debug)]
pub(crate) struct Capacity {
    kbps: Option<f64>,
    variance: f64,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            kbps: None,
            variance: VARIANCE_MIN,
        }
    }
}

impl Capacity {
    /// This much arrived while a queue grew.
    pub(crate) fn on_overuse(&mut self, acknowledged: Bitrate) {
        self.update(acknowledged, WEIGHT_OVERUSE);
    }

    /// A probe found this.
    pub(crate) fn on_probe(&mut self, found: Bitrate) {
        self.update(found, WEIGHT_PROBE);
    }

    /// It is another link by now.
    pub(crate) fn forget(&mut self) {
        self.kbps = None;
    }

    pub(crate) fn rate(&self) -> Option<Bitrate> {
        self.kbps.map(Bitrate::from_kbps_estimate)
    }

    /// The rate of arrival above which the capacity is no longer this one.
    pub(crate) fn upper(&self) -> Option<Bitrate> {
        let kbps = self.kbps?;
        Some(Bitrate::from_kbps_estimate(
            kbps + DEVIATIONS * self.deviation(kbps),
        ))
    }

    /// The rate of arrival below which the capacity is no longer this one.
    pub(crate) fn lower(&self) -> Option<Bitrate> {
        let kbps = self.kbps?;
        Some(Bitrate::from_kbps_estimate(
            kbps - DEVIATIONS * self.deviation(kbps),
        ))
    }

    fn deviation(&self, kbps: f64) -> f64 {
        (self.variance * kbps).sqrt()
    }

    fn update(&mut self, measured: Bitrate, weight: f64) {
        let measured = measured.as_kbps();
        let before = self.kbps.unwrap_or(measured);
        let kbps = before + weight * (measured - before);
        self.kbps = Some(kbps);
        let error = kbps - measured;
        let relative = error * error / kbps.max(1.0);
        let variance = self.variance + weight * (relative - self.variance);
        self.variance = variance.clamp(VARIANCE_MIN, VARIANCE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_measurement_is_the_capacity() {
        let mut capacity = Capacity::default();
        assert_eq!((capacity.rate(), capacity.upper()), (None, None));
        capacity.on_overuse(Bitrate::from_kbps(500));
        assert_eq!(capacity.rate(), Some(Bitrate::from_kbps(500)));
        let (lower, upper) = (capacity.lower().unwrap(), capacity.upper().unwrap());
        assert!(lower > Bitrate::from_kbps(440) && upper < Bitrate::from_kbps(560));
    }

    #[test]
    fn a_probe_counts_more_than_overuse() {
        let mut by_overuse = Capacity::default();
        let mut by_probe = Capacity::default();
        for capacity in [&mut by_overuse, &mut by_probe] {
            capacity.on_overuse(Bitrate::from_kbps(500));
        }
        by_overuse.on_overuse(Bitrate::from_kbps(1_000));
        by_probe.on_probe(Bitrate::from_kbps(1_000));
        assert_eq!(by_overuse.rate(), Some(Bitrate::from_kbps(525)));
        assert_eq!(by_probe.rate(), Some(Bitrate::from_kbps(750)));
    }

    #[test]
    fn uncertainty_has_a_range() {
        let mut capacity = Capacity::default();
        for kbps in [30, 30_000, 30, 30_000] {
            capacity.on_probe(Bitrate::from_kbps(kbps));
            assert!((VARIANCE_MIN..=VARIANCE_MAX).contains(&capacity.variance));
        }
        capacity.forget();
        assert_eq!(capacity.lower(), None);
    }
}
