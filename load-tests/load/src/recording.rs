//! A file of encoded pictures, as a publisher plays it: H.264 as a byte stream, or VP8, VP9 and AV1 in IVF.

mod annex_b;
mod ivf;

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

pub use annex_b::H264Profile;
pub(crate) use annex_b::without_parameter_sets;

/// Longest file: it is kept in memory, once for all publishers. An hour of 2.4 Mbit/s; a longer one is refused.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Most and least time from one picture to the next that a file may ask for: times beyond it are those of a broken file, and
/// would have a publisher sleep or spin.
const INTERVAL_MAX: Duration = Duration::from_secs(10);
const INTERVAL_MIN: Duration = Duration::from_millis(1);

/// What pictures are encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodec {
    /// RFC 6184, with the profile that its parameter sets name.
    H264(H264Profile),
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// The AV1 RTP payload format of AOM.
    Av1,
}

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// Operator: the file is not there, or not to be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Operator: cut the file.
    #[error("the file is longer than {FILE_BYTES_MAX} bytes")]
    TooLong,
    /// The file is neither a byte stream of H.264 nor IVF with a codec that we know.
    #[error("neither H.264 (Annex B) nor IVF with VP8, VP9 or AV1")]
    UnknownFormat,
    /// Nobody could decode what comes before the first keyframe, so that it is left out, and nothing is left.
    #[error("the file has no keyframe")]
    NoKeyframe,
}

/// A picture where it lies in the file.
#[derive(Clone, Debug)]
struct Placed {
    range: Range<usize>,
    is_keyframe: bool,
    shown_for: Duration,
}

/// The pictures of a file. The first one is a keyframe.
#[derive(Debug)]
pub struct Recording {
    codec: VideoCodec,
    file: Vec<u8>,
    frames: Vec<Placed>,
}

impl Recording {
    /// Reads a file. A byte stream has no times: its pictures come at `fps`; an IVF file's at its own unless `fps` says
    /// otherwise.
    pub fn open(path: &Path, fps: Option<f64>) -> Result<Self, RecordingError> {
        let mut file = Vec::new();
        let mut source = File::open(path)?.take(FILE_BYTES_MAX + 1);
        let n_bytes = source.read_to_end(&mut file)?;
        if n_bytes as u64 > FILE_BYTES_MAX {
            return Err(RecordingError::TooLong);
        }
        Self::parse(file, fps)
    }

    /// Takes what a file holds.
    pub fn parse(file: Vec<u8>, fps: Option<f64>) -> Result<Self, RecordingError> {
        let (codec, mut frames) = match file.starts_with(ivf::MAGIC) {
            true => ivf_frames(&file)?,
            false => byte_stream_frames(&file)?,
        };
        if let Some(interval) = fps.and_then(|fps| Duration::try_from_secs_f64(1.0 / fps).ok()) {
            for frame in &mut frames {
                frame.shown_for = interval;
            }
        }
        for frame in &mut frames {
            frame.shown_for = frame.shown_for.clamp(INTERVAL_MIN, INTERVAL_MAX);
        }
        let n_before = frames.iter().take_while(|frame| !frame.is_keyframe).count();
        frames.drain(..n_before);
        if frames.is_empty() {
            return Err(RecordingError::NoKeyframe);
        }
        Ok(Self {
            codec,
            file,
            frames,
        })
    }

    /// What its pictures are encoded with.
    pub fn codec(&self) -> VideoCodec {
        self.codec
    }

    /// Pictures.
    pub fn n_frames(&self) -> usize {
        self.frames.len()
    }

    /// The bytes of a picture, whether it is a keyframe, and the time until the next one.
    pub(crate) fn frame(&self, index: usize) -> Option<(&[u8], bool, Duration)> {
        let frame = self.frames.get(index)?;
        let bytes = self.file.get(frame.range.clone())?;
        Some((bytes, frame.is_keyframe, frame.shown_for))
    }

    /// The first keyframe from there on; the recording's first one when there is none.
    pub(crate) fn keyframe_from(&self, index: usize) -> usize {
        let later = self.frames.iter().enumerate().skip(index);
        let mut keyframes = later.filter(|(_, frame)| frame.is_keyframe);
        keyframes.next().map_or(0, |(index, _)| index)
    }
}

/// A file without times has this many pictures a second, as cameras give them.
const FPS_DEFAULT: u32 = 30;

fn byte_stream_frames(file: &[u8]) -> Result<(VideoCodec, Vec<Placed>), RecordingError> {
    let profile = annex_b::profile(file).ok_or(RecordingError::UnknownFormat)?;
    let units = annex_b::access_units(file).into_iter();
    let frames = units.map(|unit| Placed {
        range: unit.range,
        is_keyframe: unit.is_keyframe,
        shown_for: Duration::from_secs(1) / FPS_DEFAULT,
    });
    Ok((VideoCodec::H264(profile), frames.collect()))
}

fn ivf_frames(file: &[u8]) -> Result<(VideoCodec, Vec<Placed>), RecordingError> {
    let (codec, placed) = ivf::parse(file).ok_or(RecordingError::UnknownFormat)?;
    let codec = codec.ok_or(RecordingError::UnknownFormat)?;
    let next_at = placed.iter().skip(1).map(|frame| frame.at);
    let mut shown: Vec<Duration> = placed
        .iter()
        .zip(next_at)
        .map(|(frame, next_at)| next_at.saturating_sub(frame.at))
        .collect();
    // The last one has no next: it is shown as long as the one before it.
    let last = shown.last().copied();
    shown.push(last.unwrap_or(Duration::from_secs(1) / FPS_DEFAULT));
    let frames = placed.into_iter().zip(shown).map(|(frame, shown_for)| {
        let bytes = file.get(frame.range.clone()).unwrap_or_default();
        Placed {
            is_keyframe: ivf::is_keyframe(codec, bytes),
            range: frame.range,
            shown_for,
        }
    });
    Ok((codec, frames.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A delta picture, then twice a keyframe and a delta picture.
    #[rustfmt::skip]
    const STREAM: [u8; 38] = [
        0, 0, 1, 0x41, 0x9a, 1,
        0, 0, 1, 0x67, 0x42, 0xc0, 31, 0,
        0, 0, 1, 0x65, 0x88, 2,
        0, 0, 1, 0x41, 0x9a, 3,
        0, 0, 1, 0x65, 0x88, 4,
        0, 0, 1, 0x41, 0x9a, 5,
    ];

    #[test]
    fn what_nobody_can_decode_is_left_out() {
        let recording = Recording::parse(STREAM.to_vec(), Some(50.0)).unwrap();
        assert_eq!(recording.n_frames(), 4);
        let (bytes, is_keyframe, shown_for) = recording.frame(0).unwrap();
        assert_eq!(bytes, &STREAM[6..20]);
        assert!(is_keyframe);
        assert_eq!(shown_for, Duration::from_millis(20));
        let keyframes: Vec<usize> = (0..5).map(|n| recording.keyframe_from(n)).collect();
        assert_eq!(keyframes, [0, 2, 2, 0, 0]);
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let parse = |bytes: &[u8]| Recording::parse(bytes.to_vec(), None);
        assert!(matches!(
            parse(b"RIFF1234"),
            Err(RecordingError::UnknownFormat)
        ));
        assert!(matches!(
            parse(b"DKIF12"),
            Err(RecordingError::UnknownFormat)
        ));
        assert!(matches!(
            parse(&STREAM[6..14]),
            Err(RecordingError::NoKeyframe)
        ));
    }
}
