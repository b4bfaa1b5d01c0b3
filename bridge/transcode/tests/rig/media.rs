//! Media by ffmpeg: encoded for us, and decoded again.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use sfu_model::frame::{Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::{Instant, MediaTime};

/// What ffmpeg writes to its standard output for these arguments and this input.
pub(crate) fn ffmpeg(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let program = std::env::var_os("FRESHET_FFMPEG").unwrap_or_else(|| "ffmpeg".into());
    let mut child = Command::new(program)
        .args(["-hide_banner", "-loglevel", "error", "-y"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ffmpeg runs");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // An ffmpeg that has seen enough reads no further.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Stereo samples at 48 kHz as bytes.
pub(crate) fn bytes_of(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| [sample.to_le_bytes(), sample.to_le_bytes()].concat())
        .collect()
}

/// The left samples of such bytes.
pub(crate) fn samples_of(bytes: &[u8]) -> Vec<i16> {
    let quads = bytes.chunks_exact(4);
    quads.map(|q| i16::from_le_bytes([q[0], q[1]])).collect()
}

/// Opus frames of 20 ms of these samples, from time 0, captured from `start` on.
pub(crate) fn opus(samples: &[i16], start: Instant) -> Vec<Frame> {
    let ogg = ffmpeg(
        &[
            "-f", "s16le", "-ar", "48000", "-ac", "2", "-i", "-", "-c:a", "libopus", "-b:a", "96k",
            "-f", "ogg", "-",
        ],
        &bytes_of(samples),
    );
    let mut packets = ogg_packets(&ogg).into_iter();
    let head = packets.next().unwrap();
    let format = Arc::new(Format::Opus {
        channels: 2,
        pre_skip: u16::from_le_bytes([head[10], head[11]]),
    });
    let frames = packets.skip(1).zip(0_u64..);
    frames
        .map(|(data, n)| Frame {
            time: MediaTime(n * 960),
            captured_at: start + std::time::Duration::from_millis(n * 20),
            is_keyframe: true,
            discontinuity: None,
            format: Arc::clone(&format),
            data: data.into(),
        })
        .collect()
}

/// The packets of an Ogg stream (RFC 3533 section 6).
fn ogg_packets(mut ogg: &[u8]) -> Vec<Vec<u8>> {
    let (mut packets, mut packet) = (Vec::new(), Vec::new());
    while !ogg.is_empty() {
        assert_eq!(&ogg[..4], b"OggS");
        let n_segments = usize::from(ogg[26]);
        let lengths = &ogg[27..27 + n_segments];
        let mut rest = &ogg[27 + n_segments..];
        for length in lengths {
            let (segment, after) = rest.split_at(usize::from(*length));
            packet.extend_from_slice(segment);
            rest = after;
            if *length < 255 {
                packets.push(std::mem::take(&mut packet));
            }
        }
        ogg = rest;
    }
    packets
}

/// What ffmpeg makes of AAC frames: samples from the time of the first.
pub(crate) fn decode_aac(frames: &[Frame]) -> Vec<i16> {
    let mut adts = Vec::new();
    for frame in frames {
        let Format::Aac { config, .. } = &*frame.format else {
            panic!("{:?} is no AAC", frame.format);
        };
        assert_eq!(config[..2], [0x11, 0x90], "AAC-LC, 48 kHz, stereo");
        let n = u8::try_from((frame.data.len() + 7) >> 11).unwrap();
        let length = frame.data.len() + 7;
        let [.., high, low] = length.to_be_bytes();
        let mid = (high << 5) | (low >> 3);
        // ISO/IEC 14496-3 section 1.A.3.2: LC, index 3, two channels.
        adts.extend([0xff, 0xf1, 0x4c, 0x80 | n, mid, (low << 5) | 0x1f, 0xfc]);
        adts.extend_from_slice(&frame.data);
    }
    let arguments = ["-f", "aac", "-i", "-", "-f", "s16le", "-ac", "2", "-"];
    samples_of(&ffmpeg(&arguments, &adts))
}

/// Frames of an IVF file, as ffmpeg writes one, with times of 90 kHz.
pub(crate) fn ivf_frames(
    ivf: &[u8],
    mut format_of: impl FnMut(&[u8], Dimensions) -> (Format, bool),
) -> Vec<Frame> {
    let word = |at: usize| u16::from_le_bytes([ivf[at], ivf[at + 1]]);
    let size = Dimensions {
        width: word(12),
        height: word(14),
    };
    let long = |at: usize| u32::from_le_bytes(ivf[at..at + 4].try_into().unwrap());
    let (rate, scale) = (u64::from(long(16)), u64::from(long(20)));
    let (mut frames, mut at) = (Vec::new(), usize::from(word(6)));
    while at < ivf.len() {
        let length = usize::try_from(long(at)).unwrap();
        let time = u64::from(long(at + 4)) * 90_000 * scale / rate;
        let data = &ivf[at + 12..at + 12 + length];
        let (format, is_keyframe) = format_of(data, size);
        frames.push(Frame {
            time: MediaTime(time),
            captured_at: Instant::START + sfu_model::codec::ClockRate(90_000).duration(time),
            is_keyframe,
            discontinuity: None,
            format: Arc::new(format),
            data: data.into(),
        });
        at += 12 + length;
    }
    frames
}
