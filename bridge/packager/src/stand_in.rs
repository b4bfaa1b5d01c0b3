//! What is played while nothing comes: the last keyframe once more, and silence.
//!
//! A part without media among others stops players for good, and a hole in one medium stops the other with it. A picture
//! that stands still is what viewers of WebRTC see too, and time goes on for everybody.

use std::sync::Arc;

use sfu_model::frame::Format;

use crate::fmp4::Sample;

/// Two channels of silence (ISO/IEC 14496-3 section 4.4.2.1): a channel pair with a common long window without scale factor
/// bands, no gain and no tools in either channel, and the end of the block.
pub const AAC_SILENCE: [u8; 6] = [0x21, 0, 0, 0, 0, 0x1c];
/// The same of a single channel.
const AAC_SILENCE_MONO: [u8; 4] = [0, 0, 0, 0x07];
/// Samples in a frame of AAC-LC.
const AAC_FRAME_TICKS: u32 = 1_024;
/// A CELT frame of 20 ms and full bandwidth whose silence flag is set (RFC 6716 sections 3.1 and 4.3), and its channels.
const OPUS_SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
const OPUS_STEREO: u8 = 0x04;
const OPUS_FRAME_TICKS: u32 = 960;

/// What takes the place of a rendition's media.
#[derive(Clone, Debug)]
pub(crate) enum StandIn {
    /// Pictures that had no keyframe yet.
    Nothing,
    /// The last keyframe: whoever decodes what comes after it begins with a keyframe too.
    Picture(Arc<[u8]>),
    /// A frame of silence, and how long it lasts.
    Silence(Arc<[u8]>, u32),
}

impl StandIn {
    /// What a format has of itself.
    pub(crate) fn of(format: &Format) -> Self {
        match *format {
            Format::Aac { channels: 1, .. } => {
                Self::Silence(Arc::from(AAC_SILENCE_MONO), AAC_FRAME_TICKS)
            }
            Format::Aac { .. } => Self::Silence(Arc::from(AAC_SILENCE), AAC_FRAME_TICKS),
            Format::Opus { channels, .. } => {
                let [toc, rest @ ..] = OPUS_SILENCE;
                let toc = toc | if channels > 1 { OPUS_STEREO } else { 0 };
                let packet = [&[toc], &rest[..]].concat();
                Self::Silence(Arc::from(packet), OPUS_FRAME_TICKS)
            }
            Format::H264 { .. } | Format::Vp8 { .. } | Format::Vp9 { .. } | Format::Av1 { .. } => {
                Self::Nothing
            }
        }
    }

    /// A keyframe of the rendition came.
    pub(crate) fn see_keyframe(&mut self, data: &Arc<[u8]>) {
        if !matches!(self, Self::Silence(..)) {
            *self = Self::Picture(Arc::clone(data));
        }
    }

    /// Samples for a span. Of sound they are whole frames, of which the last lasts as long as is left.
    pub(crate) fn samples(&self, ticks: u64) -> Vec<Sample> {
        let (data, each) = match self {
            Self::Nothing => return Vec::new(),
            Self::Picture(data) => (data, ticks),
            Self::Silence(data, each) => (data, u64::from(*each)),
        };
        let n_samples = (ticks / each.max(1)).max(1);
        let last = ticks.saturating_sub(each.saturating_mul(n_samples - 1));
        let durations = (1..n_samples).map(|_| each).chain([last]);
        let sample = |duration: u64| Sample {
            duration: u32::try_from(duration).unwrap_or(u32::MAX),
            is_keyframe: true,
            data: Arc::clone(data),
        };
        durations.map(sample).collect()
    }

    /// Does it fit into a hole inside a part? There a picture lasts longer, and sound is followed by silence.
    pub(crate) fn fits(&self, hole: u64) -> bool {
        match self {
            Self::Silence(_, each) => hole >= u64::from(*each),
            Self::Nothing | Self::Picture(_) => false,
        }
    }

    /// How long a frame lasts that the next one follows after `until_next`, when most last as long as `typical`.
    pub(crate) fn bound(&self, until_next: u64, typical: u64) -> u64 {
        let hole = until_next.saturating_sub(typical);
        if typical > 0 && self.fits(hole) {
            typical
        } else {
            until_next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durations(stand_in: &StandIn, ticks: u64) -> Vec<u32> {
        let samples = stand_in.samples(ticks);
        samples.iter().map(|sample| sample.duration).collect()
    }

    fn opus(channels: u8) -> StandIn {
        StandIn::of(&Format::Opus {
            channels,
            pre_skip: 312,
        })
    }

    #[test]
    fn silence_is_whole_frames_of_which_the_last_is_as_long_as_the_span_needs() {
        assert_eq!(durations(&opus(2), 24_000), [960; 25]);
        assert_eq!(durations(&opus(2), 2_000), [960, 1_040]);
        assert_eq!(durations(&opus(2), 1_900), [1_900]);
        assert_eq!(durations(&opus(2), 7), [7]);
    }

    #[test]
    fn silence_has_the_channels_of_its_format() {
        let first = |stand_in: &StandIn| stand_in.samples(960)[0].data[0];
        assert_eq!((first(&opus(1)), first(&opus(2))), (0xf8, 0xfc));
    }

    #[test]
    fn the_last_keyframe_lasts_the_whole_span_and_before_the_first_there_is_nothing() {
        let mut stand_in = StandIn::Nothing;
        assert_eq!(durations(&stand_in, 45_000), [0; 0]);
        for number in 0..2 {
            stand_in.see_keyframe(&Arc::from([number]));
        }
        assert_eq!(durations(&stand_in, 45_000), [45_000]);
        assert_eq!(*stand_in.samples(1)[0].data, [1]);
    }
}
