//! What a slot of a worker is to do: one stream's sound, or its pictures in several sizes.

use sfu_model::codec::ClockRate;
use sfu_model::packet::Dimensions;
use sfu_model::time::MediaTime;

/// The name of one stream's job, on the server and in a worker alike. Never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub u32);

/// Which output of a job: the index of its rung, best first. Sound has one, 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RungIndex(pub u8);

/// Rungs in a ladder. A ladder of 160, 360, 480, 720 and 1080 lines with a second 1080 at twice the rate has six; more
/// bits than eight would not fit a [`RungSet`]. A configuration with more is refused.
pub const RUNGS_MAX: usize = 8;

/// Some of a ladder's rungs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RungSet(u8);

impl RungSet {
    /// No rung.
    pub const NONE: Self = Self(0);

    /// The first so many rungs.
    pub fn first(n_rungs: usize) -> Self {
        let indices = (0..RUNGS_MAX.min(n_rungs)).filter_map(|index| u8::try_from(index).ok());
        indices.fold(Self::NONE, |set, index| set.with(RungIndex(index)))
    }

    /// These and one more. An index past the limit adds nothing.
    #[must_use]
    pub fn with(self, rung: RungIndex) -> Self {
        Self(self.0 | 1_u8.checked_shl(rung.0.into()).unwrap_or(0))
    }

    /// These but one.
    #[must_use]
    pub fn without(self, rung: RungIndex) -> Self {
        Self(self.0 & !Self::NONE.with(rung).0)
    }

    /// Whether a rung is among them.
    pub fn has(self, rung: RungIndex) -> bool {
        self.0 & Self::NONE.with(rung).0 != 0
    }

    /// One bit for each rung, the lowest for the best: as it is written.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set that is written so.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Opus in, AAC-LC out, 48 kHz stereo.
    Sound(SoundJob),
    /// Pictures of any codec in, H.264 in several sizes out.
    Pictures(PicturesJob),
}

/// Opus in, AAC-LC out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundJob {
    /// Bit rate of the AAC.
    pub bit_rate_bps: u32,
}

/// Pictures in, H.264 out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicturesJob {
    /// As the publisher's pictures are now; they may change, the rungs do not.
    pub source: Dimensions,
    /// Pictures a second, and when.
    pub cadence: Cadence,
    /// Where keyframes go without being asked for.
    pub keyframes: Keyframes,
    /// What is encoded, best first.
    pub rungs: Vec<Rung>,
}

/// When pictures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// On a grid that begins with the timeline: constant frame rate. A picture that is late is shown again.
    Constant(FrameRate),
    /// When the publisher's are. For rungs beside a passed-through one. The rate is what encoders are told to expect.
    AsSource(FrameRate),
}

impl Cadence {
    /// Pictures a second.
    pub const fn rate(self) -> FrameRate {
        match self {
            Self::Constant(rate) | Self::AsSource(rate) => rate,
        }
    }
}

/// Whole pictures a second, so that a grid of them has one on every second of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameRate(u8);

/// Most pictures a second: no camera of a browser gives more, and H.264 level 4.2 ends there at 1080 lines.
pub const FRAME_RATE_MAX: u8 = 60;

impl FrameRate {
    /// The nearest rate that is possible.
    pub const fn clamp(fps: u8) -> Self {
        match fps {
            0 => Self(1),
            FRAME_RATE_MAX.. => Self(FRAME_RATE_MAX),
            fps => Self(fps),
        }
    }

    /// Pictures a second.
    pub const fn fps(self) -> u8 {
        self.0
    }

    /// When the picture of a grid is shown, on the clock of pictures.
    pub fn time(self, index: u64) -> MediaTime {
        MediaTime(index.saturating_mul(u64::from(VIDEO_CLOCK.0)) / u64::from(self.0.max(1)))
    }

    /// The picture of the grid at or before a time.
    pub fn index(self, time: MediaTime) -> u64 {
        let scaled = u128::from(time.0) * u128::from(self.0);
        let floor = u64::try_from(scaled / u128::from(VIDEO_CLOCK.0)).unwrap_or(u64::MAX);
        // `time` rounds down: the next index may already be due at this very tick.
        match self.time(floor.saturating_add(1)) <= time {
            true => floor.saturating_add(1),
            false => floor,
        }
    }

    /// Ticks between two pictures, rounded down.
    pub fn period(self) -> u64 {
        u64::from(VIDEO_CLOCK.0) / u64::from(self.0.max(1))
    }
}

/// The clock of pictures.
pub const VIDEO_CLOCK: ClockRate = ClockRate(90_000);
/// The clock of Opus, and of the AAC that is made of it.
pub const SOUND_CLOCK: ClockRate = ClockRate(48_000);

/// Where keyframes go without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyframes {
    /// Where the timeline is a multiple of so many ticks: the segment clock.
    Every(u32),
    /// Where the publisher's are: beside a passed-through rendition, which is cut there.
    AsSource,
}

/// One output size of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Even, and a multiple of 16 in width.
    pub size: Dimensions,
    /// Mean bit rate; what is sent in any second is held to it.
    pub bit_rate_bps: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_past_its_limit() {
        let set = RungSet::NONE.with(RungIndex(0)).with(RungIndex(7));
        assert!(set.has(RungIndex(0)) && set.has(RungIndex(7)) && !set.has(RungIndex(1)));
        assert_eq!(set.with(RungIndex(8)), set);
        assert_eq!(set.without(RungIndex(7)), RungSet::first(1));
        assert_eq!(RungSet::first(200), RungSet::from_bits(0xff));
    }

    proptest! {
        #[test]
        fn the_index_of_a_grids_time_is_its_own(fps in 1_u8..=60, index in 0_u64..1 << 40) {
            let rate = FrameRate::clamp(fps);
            let time = rate.time(index);
            prop_assert_eq!(rate.index(time), index);
            let before = MediaTime(time.0.saturating_sub(1));
            prop_assert_eq!(rate.index(before), index.saturating_sub(1));
        }
    }
}
