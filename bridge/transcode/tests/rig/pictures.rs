//! Pictures by ffmpeg: a moving source with a white flash in known frames, in every codec, and what is seen of it.

use std::sync::Arc;

use bridge_transcode::annex_b::{access_unit, with_start_codes};
use sfu_model::codec::ClockRate;
use sfu_model::frame::{Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};

use super::media::{ffmpeg, ivf_frames};

/// Thirty a second, so many ticks each.
pub(crate) const PERIOD: u64 = 3_000;

/// Pictures of a test source of this size, of which number `flash` is white; `encoder` are ffmpeg's words for the codec.
fn source(size: &str, n_frames: u32, flash: u32, encoder: &[&str]) -> Vec<u8> {
    let filter = format!(
        "testsrc2=s={size}:r=30,drawbox=x=0:y=0:w=iw:h=ih:c=white:t=fill:enable='eq(n,{flash})'"
    );
    let n_frames = n_frames.to_string();
    let head = [
        "-f",
        "lavfi",
        "-i",
        &filter,
        "-frames:v",
        &n_frames,
        "-pix_fmt",
        "yuv420p",
    ];
    ffmpeg(&[&head, encoder, &["-"]].concat(), &[])
}

const LIBVPX: [&str; 14] = [
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-auto-alt-ref",
    "0",
    "-lag-in-frames",
    "0",
    "-b:v",
    "2M",
    "-g",
    "60",
    "-f",
    "ivf",
];

pub(crate) fn vp8(size: &str, n_frames: u32, flash: u32) -> Vec<Frame> {
    let ivf = source(
        size,
        n_frames,
        flash,
        &[&["-c:v", "libvpx"], &LIBVPX[..]].concat(),
    );
    ivf_frames(&ivf, |data, size| (Format::Vp8 { size }, data[0] & 1 == 0))
}

pub(crate) fn vp9(size: &str, n_frames: u32, flash: u32) -> Vec<Frame> {
    let ivf = source(
        size,
        n_frames,
        flash,
        &[&["-c:v", "libvpx-vp9"], &LIBVPX[..]].concat(),
    );
    // VP9 section 6.2: the frame type of profile 0, after the marker, two bits of profile and `show_existing_frame`.
    ivf_frames(&ivf, |data, size| {
        (Format::Vp9 { profile: 0, size }, data[0] & 0x0c == 0)
    })
}

pub(crate) fn av1(size: &str, n_frames: u32, flash: u32) -> Vec<Frame> {
    let encoder = [
        "-c:v",
        "libaom-av1",
        "-usage",
        "realtime",
        "-cpu-used",
        "8",
        "-lag-in-frames",
        "0",
        "-b:v",
        "1M",
        "-g",
        "60",
        "-f",
        "ivf",
    ];
    let ivf = source(size, n_frames, flash, &encoder);
    let mut sequence_header: Box<[u8]> = Box::new([]);
    let mut frames = ivf_frames(&ivf, |data, size| {
        let obu = &data[2..];
        let is_keyframe = obu[0] >> 3 & 0xf == 1;
        if is_keyframe {
            sequence_header = obu[..2 + usize::from(obu[1])].into();
        }
        let sequence_header = sequence_header.clone();
        let format = Format::Av1 {
            sequence_header,
            size,
        };
        (format, is_keyframe)
    });
    for frame in &mut frames {
        assert_eq!(frame.data[..2], [0x12, 0x00], "a temporal delimiter");
        frame.data = frame.data[2..].into();
    }
    frames
}

pub(crate) fn h264(size: (u16, u16), n_frames: u32, flash: u32) -> Vec<Frame> {
    let encoder = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
        "-profile:v",
        "baseline",
        "-g",
        "60",
        "-bsf:v",
        "h264_metadata=aud=insert",
        "-f",
        "h264",
    ];
    let bytes = source(&format!("{}x{}", size.0, size.1), n_frames, flash, &encoder);
    let delimiter = [0, 0, 0, 1, 9];
    let starts: Vec<usize> = (0..bytes.len() - 5)
        .filter(|at| bytes[*at..*at + 5] == delimiter)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let first = access_unit(&bytes[..starts.get(1).copied().unwrap_or(bytes.len())]);
    let format = Arc::new(Format::H264 {
        sps: first.sps.unwrap().into(),
        pps: first.pps.unwrap().into(),
        size: Dimensions {
            width: size.0,
            height: size.1,
        },
    });
    let units = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| access_unit(&bytes[*start..end]));
    let frames = units.zip(0_u64..).map(|(unit, n)| Frame {
        time: MediaTime(n * PERIOD),
        captured_at: Instant::START + ClockRate(90_000).duration(n * PERIOD),
        is_keyframe: unit.is_idr,
        discontinuity: None,
        format: Arc::clone(&format),
        data: unit.data.into(),
    });
    frames.collect()
}

/// The same pictures so much later.
pub(crate) fn later(mut frames: Vec<Frame>, ticks: u64) -> Vec<Frame> {
    for frame in &mut frames {
        frame.time.0 += ticks;
        frame.captured_at += ClockRate(90_000).duration(ticks);
    }
    frames
}

/// The mean brightness of each picture, as ffmpeg decodes these frames of one size.
pub(crate) fn brightness(frames: &[Frame]) -> Vec<u8> {
    let size = frames[0].format.size().unwrap();
    let bytes: Vec<u8> = frames
        .iter()
        .flat_map(|frame| with_start_codes(frame).unwrap())
        .collect();
    let arguments = [
        "-f",
        "h264",
        "-i",
        "-",
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-",
    ];
    let pictures = ffmpeg(&arguments, &bytes);
    let area = usize::try_from(size.area()).unwrap();
    assert_eq!(pictures.len() % area, 0, "pictures of another size");
    let sums = pictures
        .chunks(area)
        .map(|p| p.iter().map(|b| u64::from(*b)).sum::<u64>());
    sums.map(|sum| u8::try_from(sum / area as u64).unwrap())
        .collect()
}

/// The times of the pictures that are white.
pub(crate) fn flashes(frames: &[Frame]) -> Vec<u64> {
    let seen = brightness(frames);
    assert_eq!(seen.len(), frames.len(), "every frame is a picture");
    let white = frames.iter().zip(seen).filter(|(_, mean)| *mean > 225);
    white.map(|(frame, _)| frame.time.0).collect()
}
