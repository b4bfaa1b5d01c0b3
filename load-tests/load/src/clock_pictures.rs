//! Pictures with a clock in them, encoded as they are sent: what a browser shows of them says how old it is.

use std::str::FromStr;
use std::time::Duration;

use openh264::OpenH264API;
use openh264::Timestamp;
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile,
    RateControlMode,
};
use openh264::formats::YUVSlices;

use crate::clock_strip;
use crate::pictures::{Picture, PictureSource};
use crate::recording::{H264Profile, VideoCodec};

/// Pictures from one keyframe to the next, in seconds, unless one is asked for: as OBS sends it.
const KEYFRAME_INTERVAL_SECS: u32 = 2;

/// What the encoder is told to write: Baseline with its first two constraints, the second of which makes it Constrained.
const CONSTRAINED_BASELINE: H264Profile = H264Profile {
    idc: 66,
    constraints: 0xc0,
};

/// Largest picture: the encoder's own limit.
const SIZE_MAX: (usize, usize) = (3_840, 2_160);

/// Luma of the background at its darkest, and of the moving square.
const DARKEST: u8 = 32;
const SQUARE_LUMA: u8 = 220;

/// How far the background moves with each picture, in pixels; the square moves twice as far.
const STEP: usize = 6;

/// A colour without colour.
const NEUTRAL: u8 = 128;

/// How large pictures are. Cells of the clock are whole pixels, and chroma has half of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    width: usize,
    height: usize,
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (width, height) = text.split_once('x').ok_or("such as 640x360")?;
        let (Ok(width), Ok(height)) = (width.parse::<usize>(), height.parse::<usize>()) else {
            return Err("such as 640x360");
        };
        let (width_max, height_max) = SIZE_MAX;
        if width == 0 || !width.is_multiple_of(2 * clock_strip::CELLS) || width > width_max {
            return Err("the width is a multiple of 80, up to 3840");
        }
        if !height.is_multiple_of(2) || !(width / 10..=height_max).contains(&height) {
            return Err("the height is even, from a tenth of the width up to 2160");
        }
        Ok(Self { width, height })
    }
}

/// A camera in front of a clock.
pub struct ClockPictures {
    encoder: Encoder,
    canvas: Canvas,
    shown_for: Duration,
    n_pictures: u64,
}

impl std::fmt::Debug for ClockPictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClockPictures")
    }
}

impl ClockPictures {
    /// So many pictures a second, of so many bits as the encoder aims at; pictures as plain as these may take fewer.
    pub fn new(size: Size, fps: u16, bitrate_bps: u32) -> Result<Self, openh264::Error> {
        let n_frames = u32::from(fps.max(1)) * KEYFRAME_INTERVAL_SECS;
        Self::with_keyframes(
            (size, fps, bitrate_bps),
            IntraFramePeriod::from_num_frames(n_frames),
        )
    }

    /// The same, whose only keyframes are the first picture and those that are asked for.
    pub fn endless(size: Size, fps: u16, bitrate_bps: u32) -> Result<Self, openh264::Error> {
        Self::with_keyframes((size, fps, bitrate_bps), IntraFramePeriod::auto())
    }

    fn with_keyframes(
        (size, fps, bitrate_bps): (Size, u16, u32),
        period: IntraFramePeriod,
    ) -> Result<Self, openh264::Error> {
        let fps = fps.max(1);
        let config = EncoderConfig::new()
            .bitrate(BitRate::from_bps(bitrate_bps))
            .max_frame_rate(FrameRate::from_hz(f32::from(fps)))
            .rate_control_mode(RateControlMode::Bitrate)
            .intra_frame_period(period)
            .profile(Profile::Baseline)
            .complexity(Complexity::Low)
            .skip_frames(false)
            // Many publishers share the machine: one encoder is not to take all of it.
            .num_threads(1);
        Ok(Self {
            encoder: Encoder::with_api_config(OpenH264API::from_source(), config)?,
            canvas: Canvas::new(size),
            shown_for: Duration::from_secs(1) / u32::from(fps),
            n_pictures: 0,
        })
    }
}

impl PictureSource for ClockPictures {
    fn codec(&self) -> VideoCodec {
        VideoCodec::H264(CONSTRAINED_BASELINE)
    }

    fn next_picture(&mut self, is_keyframe_wanted: bool, unix_now: Duration) -> Picture {
        // The encoder is set up with its first picture, which is a keyframe anyway.
        if is_keyframe_wanted && self.n_pictures > 0 {
            self.encoder.force_intra_frame();
        }
        self.canvas.draw(self.n_pictures, unix_now);
        let at = Timestamp::from_millis(self.n_pictures * millis(self.shown_for));
        self.n_pictures += 1;
        // What the encoder fails at is a picture left out, which the publisher counts.
        let encoded = self.encoder.encode_at(&self.canvas.picture(), at);
        let (bytes, is_keyframe) = encoded.map_or_else(
            |_| (Vec::new(), false),
            |encoded| (encoded.to_vec(), encoded.frame_type() == FrameType::IDR),
        );
        Picture {
            bytes,
            is_keyframe,
            shown_for: self.shown_for,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A picture in the making: 4:2:0, grey.
struct Canvas {
    size: Size,
    luma: Vec<u8>,
    /// Of both chroma planes.
    chroma: Vec<u8>,
}

impl Canvas {
    fn new(size: Size) -> Self {
        let n_pixels = size.width * size.height;
        Self {
            size,
            luma: vec![NEUTRAL; n_pixels],
            chroma: vec![NEUTRAL; n_pixels / 4],
        }
    }

    /// A slope that moves, a square that moves faster, and the time on top of both.
    fn draw(&mut self, n_drawn: u64, unix_now: Duration) {
        let Size { width, height } = self.size;
        let moved = usize::try_from(n_drawn).unwrap_or(0).wrapping_mul(STEP);
        let side = height / 6;
        let left = moved.wrapping_mul(2) % width.saturating_sub(side).max(1);
        let top = height / 3 + moved % (height / 3).max(1);
        for (y, row) in self.luma.chunks_exact_mut(width).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                // From dark to middle grey, again every 256 pixels.
                let [low, ..] = (x + y + moved).to_le_bytes();
                *pixel = DARKEST + low / 2;
            }
            if (top..top + side).contains(&y) {
                let square = row.iter_mut().skip(left).take(side);
                square.for_each(|pixel| *pixel = SQUARE_LUMA);
            }
        }
        clock_strip::draw(&mut self.luma, width, clock_strip::clock_units(unix_now));
    }

    fn picture(&self) -> YUVSlices<'_> {
        let Size { width, height } = self.size;
        let planes = (&*self.luma, &*self.chroma, &*self.chroma);
        YUVSlices::new(planes, (width, height), (width, width / 2, width / 2))
    }
}

#[cfg(test)]
mod tests {
    use openh264::decoder::Decoder;
    use openh264::formats::YUVSource as _;

    use super::*;
    use crate::recording::Recording;

    /// The time of a picture: what the strip cannot tell is below its unit.
    fn at(n: u64) -> Duration {
        Duration::from_micros(1_700_000_000_123_400 + n * 33_300)
    }

    fn pictures() -> ClockPictures {
        ClockPictures::new("640x360".parse().unwrap(), 30, 800_000).unwrap()
    }

    #[test]
    fn the_clock_of_every_picture_is_read_back_by_a_decoder() {
        let mut source = pictures();
        let mut decoder = Decoder::new().unwrap();
        for n in 0..75 {
            let picture = source.next_picture(false, at(n));
            assert_eq!(picture.is_keyframe, n == 0 || n == 60, "number {n}");
            let decoded = decoder.decode(&picture.bytes).unwrap().unwrap();
            assert_eq!(decoded.dimensions(), (640, 360));
            let read = clock_strip::read(decoded.y(), decoded.strides().0, 640);
            assert_eq!(read, Some(clock_strip::clock_units(at(n))), "number {n}");
        }
    }

    #[test]
    fn a_keyframe_comes_when_it_is_asked_for_and_decodes_by_itself() {
        let mut source = pictures();
        let keyframes: Vec<u64> = (0..20)
            .filter(|n| source.next_picture(*n == 7, at(*n)).is_keyframe)
            .collect();
        assert_eq!(keyframes, [0, 7]);
        let keyframe = source.next_picture(true, at(20));
        let mut decoder = Decoder::new().unwrap();
        assert!(decoder.decode(&keyframe.bytes).unwrap().is_some());
    }

    #[test]
    fn an_endless_one_has_no_keyframe_but_the_first_and_those_that_are_asked_for() {
        let size = "320x180".parse().unwrap();
        let mut source = ClockPictures::endless(size, 30, 200_000).unwrap();
        let keyframes: Vec<u64> = (0..400)
            .filter(|n| source.next_picture(*n == 350, at(*n)).is_keyframe)
            .collect();
        assert_eq!(keyframes, [0, 350]);
    }

    #[test]
    fn the_profile_is_the_one_that_is_offered() {
        let mut source = pictures();
        let recording = Recording::parse(source.next_picture(false, at(0)).bytes, None);
        assert_eq!(recording.unwrap().codec(), source.codec());
    }

    #[test]
    fn sizes_that_have_no_whole_cells_are_refused() {
        for size in [
            "640x361",
            "600x360",
            "0x0",
            "640",
            "8000x4000",
            "640x20",
            "axb",
        ] {
            assert!(size.parse::<Size>().is_err(), "{size}");
        }
        assert!("1920x1080".parse::<Size>().is_ok());
    }
}
