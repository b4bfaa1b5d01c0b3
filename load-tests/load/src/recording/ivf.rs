//! IVF: what libvpx and libaom write, a header and then frames with their size and time.

use std::ops::Range;
use std::time::Duration;

use super::VideoCodec;

/// What a file begins with.
pub(super) const MAGIC: &[u8] = b"DKIF";

/// Bytes in front of a frame: its size and its time.
const FRAME_HEADER_BYTES: usize = 12;

/// A frame where it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) range: Range<usize>,
    /// Since the file's own zero.
    pub(super) at: Duration,
}

/// What the file holds; the codec is `None` when nobody here knows it. `None` when the file is cut inside its header.
pub(super) fn parse(file: &[u8]) -> Option<(Option<VideoCodec>, Vec<Placed>)> {
    let codec = match file.get(8..12)? {
        b"VP80" => Some(VideoCodec::Vp8),
        b"VP90" => Some(VideoCodec::Vp9),
        b"AV01" => Some(VideoCodec::Av1),
        _ => None,
    };
    let header_bytes = u16::from_le_bytes(*file.get(6..)?.first_chunk()?);
    let rate = u32::from_le_bytes(*file.get(16..)?.first_chunk()?);
    let scale = u32::from_le_bytes(*file.get(20..)?.first_chunk()?);
    let mut frames = Vec::new();
    let mut start = usize::from(header_bytes);
    while let Some(header) = file
        .get(start..)
        .and_then(|rest| rest.first_chunk::<FRAME_HEADER_BYTES>())
    {
        let [s0, s1, s2, s3, time @ ..] = *header;
        let size = usize::try_from(u32::from_le_bytes([s0, s1, s2, s3])).ok()?;
        let begin = start + FRAME_HEADER_BYTES;
        let end = begin.saturating_add(size);
        // The last frame of a recording that was broken off is not played.
        if end > file.len() {
            break;
        }
        let at = time_of(u64::from_le_bytes(time), rate, scale);
        frames.push(Placed {
            range: begin..end,
            at,
        });
        start = end;
    }
    Some((codec, frames))
}

/// A time in units of scale/rate seconds.
fn time_of(ticks: u64, rate: u32, scale: u32) -> Duration {
    let nanos = u128::from(ticks) * u128::from(scale) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// True when a frame decodes by itself: for VP8 its frame tag (RFC 6386 section 9.1), for VP9 the uncompressed header (VP9
/// bitstream section 6.2), for AV1 a sequence header, which encoders repeat in front of each (AV1 section 7.5).
pub(super) fn is_keyframe(codec: VideoCodec, frame: &[u8]) -> bool {
    let first = frame.first().copied();
    match codec {
        VideoCodec::Vp8 => first.is_some_and(|byte| byte & 1 == 0),
        VideoCodec::Vp9 => first.is_some_and(|byte| {
            // Two bits of marker, two of profile, a reserved one for profile 3, show_existing_frame, frame_type.
            let is_profile_3 = byte & 0x30 == 0x30;
            let (shows_existing, is_inter) = match is_profile_3 {
                true => (byte & 0x04, byte & 0x02),
                false => (byte & 0x08, byte & 0x04),
            };
            shows_existing == 0 && is_inter == 0
        }),
        VideoCodec::Av1 => has_sequence_header(frame),
        VideoCodec::H264(_) => false,
    }
}

const OBU_SEQUENCE_HEADER: u8 = 1;

/// Walks the open bitstream units (AV1 section 5.3).
fn has_sequence_header(frame: &[u8]) -> bool {
    let mut rest = frame;
    while let Some((&header, after)) = rest.split_first() {
        if header >> 3 & 0x0f == OBU_SEQUENCE_HEADER {
            return true;
        }
        let after = after.get(usize::from(header >> 2 & 1)..);
        // Without a size the unit is the last one.
        let next = after.filter(|_| header & 0x02 != 0).and_then(|after| {
            let (size, n_bytes) = leb128(after)?;
            after.get(n_bytes..)?.get(size..)
        });
        let Some(next) = next else { return false };
        rest = next;
    }
    false
}

/// A number of seven bits a byte, and how many bytes it takes (AV1 section 4.10.5).
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(fourcc: &[u8; 4], frames: &[(u64, &[u8])]) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend([0, 0, 32, 0]);
        file.extend(fourcc);
        file.extend([0x80, 2, 0x68, 1]);
        file.extend(30_u32.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend([0; 8]);
        for (time, bytes) in frames {
            file.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
            file.extend(time.to_le_bytes());
            file.extend(*bytes);
        }
        file
    }

    #[test]
    fn frames_lie_where_their_sizes_say_and_a_cut_one_is_left_out() {
        let file = file(b"VP80", &[(0, &[0x10, 1, 2]), (3, &[0x31])]);
        let (codec, frames) = parse(&file).unwrap();
        assert_eq!(codec, Some(VideoCodec::Vp8));
        let expected = [
            Placed {
                range: 44..47,
                at: Duration::ZERO,
            },
            Placed {
                range: 59..60,
                at: Duration::from_millis(100),
            },
        ];
        assert_eq!(frames, expected);
        let (_, cut) = parse(&file[..59]).unwrap();
        assert_eq!(cut, expected[..1]);
        assert_eq!(parse(&file[..20]), None);
    }

    #[test]
    fn another_codec_is_said_to_be_unknown() {
        assert_eq!(parse(&file(b"HEVC", &[])).unwrap().0, None);
    }

    #[test]
    fn keyframes_are_told_by_each_codecs_own_header() {
        let is = |codec, bytes: &[u8]| is_keyframe(codec, bytes);
        assert!(is(VideoCodec::Vp8, &[0x10]) && !is(VideoCodec::Vp8, &[0x31]));
        assert!(is(VideoCodec::Vp9, &[0x82]) && !is(VideoCodec::Vp9, &[0x86]));
        assert!(!is(VideoCodec::Vp9, &[0x88]), "a picture shown again");
        let delimiter = [0x12, 0];
        let sequence = [0x0a, 1, 0];
        assert!(is(VideoCodec::Av1, &[&delimiter[..], &sequence].concat()));
        assert!(!is(
            VideoCodec::Av1,
            &[&delimiter[..], &[0x32, 1, 0]].concat()
        ));
        assert!(!is(VideoCodec::Vp8, &[]));
    }
}
