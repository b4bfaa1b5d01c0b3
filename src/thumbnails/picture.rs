//! A keyframe of H.264 as a small JPEG.

use std::ops::Range;

use jpeg_encoder::{ColorType, Encoder};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;

/// Widest thumbnail, in pixels: a list of streams shows it at half of that, on screens with two pixels for one.
pub(super) const WIDTH_MAX: usize = 640;

/// Of 100: about 40 KB for a picture of a camera.
const QUALITY: u8 = 75;

/// Decodes a keyframe with its parameter sets, each NAL unit after a start code (H.264 annex B). `None`: it cannot be decoded.
///
/// Each has a decoder of its own: nothing of one stream is left for another.
pub(super) fn jpeg_of(keyframe: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new().ok()?;
    let decoded = decoder.decode(keyframe).ok()?;
    if let Some(picture) = decoded {
        return encoded(&picture);
    }
    // A stream whose pictures may come in another order is held back by one.
    let held = decoder.flush_remaining().ok()?;
    encoded(held.first()?)
}

fn encoded(picture: &impl YUVSource) -> Option<Vec<u8>> {
    let small = Small::of(picture)?;
    let mut jpeg = Vec::new();
    let encoder = Encoder::new(&mut jpeg, QUALITY);
    let (width, height) = (small.width, small.height);
    let done = encoder.encode(&small.pixels, width, height, ColorType::Ycbcr);
    done.is_ok().then_some(jpeg)
}

/// A picture in the size and the range of values that a thumbnail has.
struct Small {
    width: u16,
    height: u16,
    /// Y, Cb and Cr of each pixel.
    pixels: Vec<u8>,
}

impl Small {
    /// Each pixel is the mean of those that it stands for.
    fn of(picture: &impl YUVSource) -> Option<Self> {
        let (width, height) = picture.dimensions();
        let small_width = width.min(WIDTH_MAX);
        let small_height = (height * small_width).checked_div(width)?.max(1);
        let strides = picture.strides();
        let half = (width.div_ceil(2), height.div_ceil(2));
        let planes = [
            Plane::new(picture.y(), strides.0, (width, height)),
            Plane::new(picture.u(), strides.1, half),
            Plane::new(picture.v(), strides.2, half),
        ];
        let mut pixels = Vec::with_capacity(small_width * small_height * 3);
        for y in 0..small_height {
            for x in 0..small_width {
                let [luma, blue, red] = planes.each_ref().map(|plane| {
                    let columns = share(x, small_width, plane.size.0);
                    plane.mean(columns, share(y, small_height, plane.size.1))
                });
                pixels.extend([full_luma(luma), full_chroma(blue), full_chroma(red)]);
            }
        }
        Some(Self {
            width: u16::try_from(small_width).ok()?,
            height: u16::try_from(small_height).ok()?,
            pixels,
        })
    }
}

/// Which of `of` the `n`th of so many stands for: one at least.
fn share(n: usize, n_all: usize, of: usize) -> Range<usize> {
    let first = n * of / n_all;
    let end = (n + 1) * of / n_all;
    first..end.max(first + 1)
}

struct Plane<'a> {
    bytes: &'a [u8],
    stride: usize,
    size: (usize, usize),
}

impl<'a> Plane<'a> {
    const fn new(bytes: &'a [u8], stride: usize, size: (usize, usize)) -> Self {
        Self {
            bytes,
            stride,
            size,
        }
    }

    fn mean(&self, columns: Range<usize>, rows: Range<usize>) -> u32 {
        let (mut sum, mut n) = (0_u32, 0_u32);
        for row in rows {
            let start = row * self.stride;
            let places = start + columns.start..start + columns.end;
            for value in self.bytes.get(places).unwrap_or_default() {
                sum += u32::from(*value);
                n += 1;
            }
        }
        sum.checked_div(n).unwrap_or(0)
    }
}

/// Video has 219 steps of brightness from 16 on (ITU-R BT.709 section 4.6), JPEG all 255.
fn full_luma(value: u32) -> u8 {
    let steps = value.saturating_sub(16).min(219);
    u8::try_from(steps * 255 / 219).unwrap_or(u8::MAX)
}

/// And 224 of colour around 128.
fn full_chroma(value: u32) -> u8 {
    let steps = value.clamp(16, 240) - 16;
    u8::try_from(steps * 255 / 224).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use openh264::encoder::Encoder as H264;
    use openh264::formats::YUVSlices;

    use super::*;

    /// A grey picture of this size, as a keyframe.
    fn keyframe(width: usize, height: usize) -> Vec<u8> {
        let (luma, chroma) = (vec![126; width * height], vec![128; width * height / 4]);
        let planes = (&*luma, &*chroma, &*chroma);
        let picture = YUVSlices::new(planes, (width, height), (width, width / 2, width / 2));
        H264::new().unwrap().encode(&picture).unwrap().to_vec()
    }

    /// Width and height, of the frame header (ITU-T T.81 section B.2.2).
    fn size_of(jpeg: &[u8]) -> (u16, u16) {
        let at = jpeg
            .windows(2)
            .position(|marker| marker == [0xff, 0xc0])
            .unwrap();
        let number = |at: usize| u16::from_be_bytes([jpeg[at], jpeg[at + 1]]);
        (number(at + 7), number(at + 5))
    }

    #[test]
    fn a_keyframe_becomes_a_jpeg_of_at_most_640_pixels() {
        for (size, expected) in [
            ((1280, 720), (640, 360)),
            ((320, 180), (320, 180)),
            ((720, 1280), (640, 1137)),
            ((656, 16), (640, 15)),
        ] {
            let jpeg = jpeg_of(&keyframe(size.0, size.1)).unwrap();
            assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]));
            assert_eq!(size_of(&jpeg), expected, "{size:?}");
        }
    }

    #[test]
    fn what_is_no_keyframe_is_no_thumbnail() {
        assert_eq!(jpeg_of(b""), None);
        assert_eq!(jpeg_of(b"\0\0\0\x01\x65nonsense"), None);
        let mut cut = keyframe(320, 180);
        cut.truncate(20);
        assert_eq!(jpeg_of(&cut), None);
    }

    #[test]
    fn values_of_video_become_those_of_jpeg() {
        assert_eq!([0, 16, 126, 235, 255].map(full_luma), [0, 0, 128, 255, 255]);
        assert_eq!(
            [0, 16, 128, 240, 255].map(full_chroma),
            [0, 0, 127, 255, 255]
        );
    }

    #[test]
    fn the_mean_is_of_all_that_a_pixel_stands_for() {
        let plane = Plane::new(&[10, 20, 0, 30, 40, 0], 3, (2, 2));
        assert_eq!(plane.mean(share(0, 1, 2), share(0, 1, 2)), 25);
        assert_eq!(plane.mean(share(3, 4, 2), share(0, 4, 2)), 20);
    }
}
