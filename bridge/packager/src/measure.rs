//! What a rendition costs and shows, measured from its segments.

use std::collections::VecDeque;
use std::time::Duration;

use crate::latency::TARGET_DURATION_S;

/// A change of a bit rate that is told of, in hundredths: players choose by it once, and playlists that change with every
/// segment cannot be cached.
const TELLING_PERCENT: u64 = 10;
/// Segments in a row of at least and at most so long count for a peak: a half and one and a half of the target duration
/// (draft-pantos-hls-rfc8216bis section 4.1).
const SPAN: (Duration, Duration) = (
    Duration::from_millis(TARGET_DURATION_S as u64 * 500),
    Duration::from_millis(TARGET_DURATION_S as u64 * 1_500),
);

/// Bit rates and frame rate of one rendition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Largest of segments in a row (`BANDWIDTH`).
    pub(crate) peak_bps: u64,
    /// Of all (`AVERAGE-BANDWIDTH`).
    pub(crate) average_bps: u64,
    /// Pictures a second in thousandths, rounded to whole ones.
    pub(crate) milli_fps: u32,
}

impl Measured {
    /// Is it so different that it has to be told of?
    pub(crate) fn differs_from(&self, told: &Self) -> bool {
        let moved = |new: u64, old: u64| new.abs_diff(old) * 100 > old * TELLING_PERCENT;
        self.peak_bps > told.peak_bps
            || moved(self.peak_bps, told.peak_bps)
            || moved(self.average_bps, told.average_bps)
            || self.milli_fps != told.milli_fps
    }
}

#[derive(Debug, Default)]
pub(crate) struct Measure {
    /// Of all that is finished.
    bytes: u64,
    duration: Duration,
    measured: Measured,
    /// There was a span that counts; until then the rates are those of what there is.
    has_peak: bool,
    /// The last segments, as many as a span has room for, with their bytes.
    last: VecDeque<(u64, Duration)>,
    n_frames: u64,
}

impl Measure {
    pub(crate) fn measured(&self) -> Measured {
        self.measured
    }

    /// A part of the open segment is finished.
    pub(crate) fn part(&mut self, n_frames: usize) {
        self.n_frames += n_frames as u64;
    }

    /// What is known of the open segment so far, which counts only while there is no other.
    pub(crate) fn open(&mut self, bytes: u64, duration: Duration) {
        if !self.has_peak {
            let rate = bits_per_second(bytes, duration);
            self.measured.peak_bps = self.measured.peak_bps.max(rate);
            self.measured.average_bps = rate;
            self.measured.milli_fps = milli_fps(self.n_frames, duration);
        }
    }

    /// A segment is finished. `is_gap`: it had nothing, which says nothing of the rendition.
    pub(crate) fn segment(&mut self, bytes: u64, duration: Duration, is_gap: bool) {
        let n_frames = std::mem::take(&mut self.n_frames);
        if is_gap {
            self.last.clear();
            return;
        }
        self.bytes += bytes;
        self.duration += duration;
        self.last.push_back((bytes, duration));
        let Some(peak) = self.peak_of_last() else {
            return;
        };
        // A first part is mostly a keyframe, and costs more than any segment.
        let before = self.has_peak.then_some(self.measured.peak_bps);
        self.has_peak = true;
        self.measured.peak_bps = before.map_or(peak, |before| before.max(peak));
        self.measured.average_bps = bits_per_second(self.bytes, self.duration);
        if duration >= SPAN.0 {
            self.measured.milli_fps = milli_fps(n_frames, duration);
        }
    }

    /// The largest rate of the spans that end with the last segment. `None`: there is none that is long enough.
    fn peak_of_last(&mut self) -> Option<u64> {
        let (mut bytes, mut duration) = (0, Duration::ZERO);
        let mut peak = None;
        let mut n_in_span = 0;
        for (of_one, lasts) in self.last.iter().rev() {
            bytes += of_one;
            duration += *lasts;
            if duration > SPAN.1 && n_in_span > 0 {
                break;
            }
            n_in_span += 1;
            if duration >= SPAN.0 {
                peak = peak.max(Some(bits_per_second(bytes, duration)));
            }
        }
        self.last.drain(..self.last.len() - n_in_span);
        peak
    }
}

fn bits_per_second(bytes: u64, duration: Duration) -> u64 {
    let micros = duration.as_micros().max(1);
    let rate = (u128::from(bytes) * 8_000_000).div_ceil(micros);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// Rounded to whole frames a second, as cameras have them: what is between is jitter.
fn milli_fps(n_frames: u64, duration: Duration) -> u32 {
    let micros = duration.as_micros().max(1);
    let whole = (u128::from(n_frames) * 1_000_000 + micros / 2) / micros;
    u32::try_from(whole.saturating_mul(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_parts_are_an_estimate_until_a_segment_is_finished() {
        let mut measure = Measure::default();
        measure.part(15);
        measure.open(62_500, Duration::from_millis(500));
        let first = measure.measured();
        assert_eq!((first.peak_bps, first.milli_fps), (1_000_000, 30_000));
        measure.part(45);
        measure.segment(125_000, Duration::from_secs(2), false);
        assert_eq!(measure.measured().average_bps, 500_000);
        assert_eq!(measure.measured().peak_bps, 500_000);
        measure.segment(250_000, Duration::from_secs(2), false);
        measure.segment(125_000, Duration::from_secs(2), false);
        assert_eq!(measure.measured().peak_bps, 1_000_000, "a peak stays");
    }

    #[test]
    fn short_segments_count_with_those_beside_them() {
        let rate = |segments: &[(u64, u64)]| {
            let mut measure = Measure::default();
            for (bytes, ms) in segments {
                measure.segment(*bytes, Duration::from_millis(*ms), false);
            }
            measure.measured().peak_bps
        };
        assert_eq!(rate(&[(125_000, 900)]), 0);
        assert_eq!(rate(&[(125_000, 1_000)]), 1_000_000);
        // A keyframe and little else, between two segments.
        let cut = [(250_000, 2_000), (50_000, 100), (250_000, 2_000)];
        assert_eq!(rate(&cut), 300_000 * 8_000 / 2_100 + 1);
        assert_eq!(rate(&[(250_000, 2_490), (250_000, 2_490)]), 803_213);
    }

    #[test]
    fn a_gap_says_nothing() {
        let mut measure = Measure::default();
        measure.segment(250_000, Duration::from_secs(2), false);
        let before = measure.measured();
        measure.segment(0, Duration::from_secs(2), true);
        assert_eq!(measure.measured(), before);
    }

    #[test]
    fn a_peak_is_told_of_and_a_small_change_of_the_mean_is_not() {
        let told = Measured {
            peak_bps: 100,
            average_bps: 100,
            milli_fps: 30_000,
        };
        let with = |peak_bps, average_bps| Measured {
            peak_bps,
            average_bps,
            ..told
        };
        assert!(!with(100, 109).differs_from(&told));
        assert!(with(100, 111).differs_from(&told));
        assert!(with(101, 100).differs_from(&told));
        assert!(!with(91, 100).differs_from(&told));
        assert!(with(89, 100).differs_from(&told));
    }
}
