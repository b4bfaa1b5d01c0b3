//! AAC without holes: where an encoder is behind or gone, silence takes the place of what it should have made.
//!
//! The pictures of a stream go on while its sound is encoded anew, and players that meet a hole in the sound alone wait for it,
//! some of them for ever.

use std::sync::Arc;

use bridge_packager::stand_in::AAC_SILENCE;
use sfu_model::frame::{Format, Frame};
use sfu_model::time::{Instant, MediaTime};

use super::AAC_FRAME_SAMPLES;

/// How far an encoder may be behind the publisher's sound, in samples: a fifth of a second. It takes 60 ms where the machine
/// has time, and the packager closes a part an eighth of a second after it should have been full, so that it still holds
/// nearly all of its part when it is silence.
const BEHIND: u64 = 9_600;

/// How far at most, for an encoder that is always late: three tenths. What comes later than that comes after its part, which
/// would be the hole that this is to fill.
const BEHIND_MAX: u64 = 14_400;

/// More silence than this is not told of at once: two seconds. The publisher's own sound has paused, or this machine.
const SILENCE_MAX: u64 = 96_000;

/// What an encoder that came too late is given more than it needed, in samples: a fiftieth of a second.
const MORE: u64 = 960;

/// Makes one sequence of frames of an encoder's and of silence. It begins with the encoder's first.
#[derive(Debug)]
pub(crate) struct SoundFiller {
    behind: u64,
    /// How far the publisher's sound has come.
    publisher: u64,
    next: Option<(u64, Arc<Format>)>,
}

impl SoundFiller {
    pub(crate) const fn new() -> Self {
        Self {
            behind: BEHIND,
            publisher: 0,
            next: None,
        }
    }

    /// A frame of the encoder's. `None`: silence was told in its place.
    pub(crate) fn admit(&mut self, frame: Frame) -> Option<Frame> {
        let time = frame.time.0;
        if let Some((next, _)) = &self.next
            && time < *next
        {
            let late = self.publisher.saturating_sub(time).saturating_add(MORE);
            self.behind = self.behind.max(late).min(BEHIND_MAX);
            return None;
        }
        let next = time.saturating_add(AAC_FRAME_SAMPLES);
        self.next = Some((next, Arc::clone(&frame.format)));
        Some(frame)
    }

    /// The publisher's sound has come to this packet: the silence that is needed up to there.
    pub(crate) fn reach(&mut self, publisher: &Frame) -> Vec<Frame> {
        self.publisher = publisher.time.0;
        let until = self.publisher.saturating_sub(self.behind);
        let Some((next, format)) = &mut self.next else {
            return Vec::new();
        };
        if until.saturating_sub(*next) > SILENCE_MAX {
            let skipped = (until - *next) / AAC_FRAME_SAMPLES;
            *next = next.saturating_add(skipped * AAC_FRAME_SAMPLES);
        }
        let mut silence = Vec::new();
        while next.saturating_add(AAC_FRAME_SAMPLES) <= until {
            let before = self.publisher.saturating_sub(*next);
            let span = format.clock_rate().duration(before).as_nanos();
            let captured_at = u128::from(publisher.captured_at.as_nanos()).saturating_sub(span);
            silence.push(Frame {
                time: MediaTime(*next),
                captured_at: Instant::from_nanos(u64::try_from(captured_at).unwrap_or(0)),
                is_keyframe: true,
                discontinuity: None,
                format: Arc::clone(format),
                data: Arc::from(AAC_SILENCE),
            });
            *next = next.saturating_add(AAC_FRAME_SAMPLES);
        }
        silence
    }
}

#[cfg(test)]
mod tests {
    use sfu_model::codec::ClockRate;

    use super::*;

    fn frame(time: u64, format: Format) -> Frame {
        Frame {
            time: MediaTime(time),
            captured_at: Instant::from_nanos(5_000_000_000),
            is_keyframe: true,
            discontinuity: None,
            format: Arc::new(format),
            data: Arc::from([1]),
        }
    }

    fn opus(time: u64) -> Frame {
        let format = Format::Opus {
            channels: 2,
            pre_skip: 312,
        };
        frame(time, format)
    }

    fn aac(time: u64) -> Frame {
        let format = Format::Aac {
            config: [0x11, 0x90].into(),
            sample_rate: 48_000,
            channels: 2,
        };
        frame(time, format)
    }

    fn times(frames: &[Frame]) -> Vec<u64> {
        frames.iter().map(|frame| frame.time.0).collect()
    }

    #[test]
    fn an_encoder_in_time_is_all_there_is() {
        let mut filler = SoundFiller::new();
        assert_eq!(filler.reach(&opus(48_000)), [], "it has not begun");
        for n in 0..200 {
            assert_eq!(filler.reach(&opus(n * 1_024 + 3_000)), []);
            assert_eq!(filler.admit(aac(n * 1_024)), Some(aac(n * 1_024)));
        }
    }

    #[test]
    fn where_it_is_gone_there_is_silence_and_it_goes_on_behind_that() {
        let mut filler = SoundFiller::new();
        filler.admit(aac(0));
        assert_eq!(filler.reach(&opus(11_647)), []);
        let silence = filler.reach(&opus(13_000));
        assert_eq!(times(&silence), [1_024, 2_048]);
        let first = silence.first().unwrap();
        assert_eq!(&*first.data, &AAC_SILENCE);
        let before = ClockRate(48_000).duration(13_000 - 1_024);
        assert_eq!(first.captured_at + before, opus(0).captured_at);
        assert_eq!(filler.admit(aac(2_048)), None, "too late");
        assert_eq!(filler.admit(aac(3_072)), Some(aac(3_072)));
    }

    #[test]
    fn one_that_is_late_is_waited_for_a_little_longer_and_no_more() {
        let mut filler = SoundFiller::new();
        filler.admit(aac(0));
        filler.reach(&opus(30_000));
        assert_eq!(filler.admit(aac(18_432)), None, "11,568 behind");
        assert_eq!(filler.reach(&opus(32_900)), [], "it is given 12,528");
        filler.admit(aac(1_024));
        let n_behind = 50_000 - times(&filler.reach(&opus(50_000))).last().unwrap();
        assert!((14_400 + 1_024..14_400 + 2_048).contains(&n_behind));
    }

    #[test]
    fn a_pause_is_not_told_of_at_once() {
        let mut filler = SoundFiller::new();
        filler.admit(aac(0));
        assert_eq!(filler.reach(&opus(10_000_000)), []);
        let silence = times(&filler.reach(&opus(10_002_000)));
        assert!(
            silence
                .iter()
                .all(|time| time % 1_024 == 0 && *time > 9_980_000)
        );
        assert!((1..=2).contains(&silence.len()));
    }
}
