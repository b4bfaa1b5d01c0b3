//! What encoders make, as the bridge gives it to the packager.

use std::path::{Path, PathBuf};

use sfu_model::frame::Format;
use sfu_model::packet::Dimensions;

use crate::ffmpeg::{ffmpeg, tmp};
use crate::ogg;

const PICTURES: &str = "testsrc2=size=320x180:rate=30:duration=2";
const SIZE: Dimensions = Dimensions {
    width: 320,
    height: 180,
};
/// Frames from a keyframe to the next.
const KEYFRAMES: &str = "20";

/// NAL unit types (ITU-T H.264 table 7-1).
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const ACCESS_UNIT_DELIMITER: u8 = 9;

/// An encoder's file, and what it holds.
pub(crate) struct Encoded {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    pub(crate) frames: Vec<Frame>,
    /// Of sound; 0 of pictures.
    pub(crate) samples_per_packet: u32,
}

#[derive(Default)]
pub(crate) struct Frame {
    pub(crate) is_keyframe: bool,
    pub(crate) data: Vec<u8>,
}

impl Encoded {
    /// libx264 without B-frames.
    pub(crate) fn h264(profile: &str, pixels: &str) -> Self {
        let path = tmp(&format!("{profile}.h264"));
        let codec = [
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-profile:v",
            profile,
        ];
        let order = ["-bf", "0", "-x264-params", "aud=1:slices=2"];
        encode_pictures(&path, pixels, &[&codec[..], &order].concat());
        let file = std::fs::read(&path).unwrap();
        let (mut sps, mut pps) = (None, None);
        let mut frames: Vec<Frame> = Vec::new();
        for nal in nals(&file) {
            match nal[0] & 0x1f {
                ACCESS_UNIT_DELIMITER => frames.push(Frame::default()),
                SPS => sps = Some(nal.into()),
                PPS => pps = Some(nal.into()),
                nal_type => {
                    let frame = frames.last_mut().unwrap();
                    frame.is_keyframe |= nal_type == IDR;
                    let length = u32::try_from(nal.len()).unwrap();
                    frame.data.extend(length.to_be_bytes());
                    frame.data.extend(nal);
                }
            }
        }
        let format = Format::H264 {
            sps: sps.unwrap(),
            pps: pps.unwrap(),
            size: SIZE,
        };
        Self::of_pictures(path, format, frames)
    }

    /// libvpx as WebRTC uses it.
    pub(crate) fn vp9(profile: u8, pixels: &str) -> Self {
        let path = tmp(&format!("vp9-{profile}.ivf"));
        let codec = [
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
        ];
        encode_pictures(
            &path,
            pixels,
            &[&codec[..], &["-lag-in-frames", "0"]].concat(),
        );
        let frame = |data: Vec<u8>| Frame {
            // frame_type, the sixth bit of profiles 0 to 2 (VP9 bitstream specification section 6.2).
            is_keyframe: data[0] & 0x04 == 0,
            data,
        };
        let frames = ivf(&path).into_iter().map(frame).collect();
        let format = Format::Vp9 {
            profile,
            size: SIZE,
        };
        Self::of_pictures(path, format, frames)
    }

    /// libaom as WebRTC uses it.
    pub(crate) fn av1(pixels: &str) -> Self {
        let path = tmp(&format!("av1-{pixels}.ivf"));
        let codec = ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8"];
        encode_pictures(
            &path,
            pixels,
            &[&codec[..], &["-lag-in-frames", "0"]].concat(),
        );
        let units = ivf(&path);
        let frame = |unit: &Vec<u8>| {
            assert_eq!(unit[..2], [0x12, 0], "a temporal delimiter");
            Frame {
                // A sequence header, which libaom writes before each keyframe and nowhere else.
                is_keyframe: unit[2] == 0x0a,
                data: unit[2..].to_vec(),
            }
        };
        let sequence_header = &units[0][2..];
        let n_bytes = 2 + usize::from(sequence_header[1]);
        let format = Format::Av1 {
            sequence_header: sequence_header[..n_bytes].into(),
            size: SIZE,
        };
        let frames = units.iter().map(frame).collect();
        Self::of_pictures(path, format, frames)
    }

    /// libopus, packets of 20 ms.
    pub(crate) fn opus(channels: u8) -> Self {
        let path = tmp(&format!("{channels}.opus"));
        encode_sound(&path, channels, &["-c:a", "libopus"]);
        let mut packets = ogg::packets(&std::fs::read(&path).unwrap()).into_iter();
        let head = packets.next().unwrap();
        assert_eq!(&head[..8], b"OpusHead");
        assert!(packets.next().unwrap().starts_with(b"OpusTags"));
        let format = Format::Opus {
            channels: head[9],
            pre_skip: u16::from_le_bytes([head[10], head[11]]),
        };
        Self::of_sound(path, format, packets.collect(), 960)
    }

    /// ffmpeg's own encoder.
    pub(crate) fn aac(channels: u8) -> Self {
        let path = tmp(&format!("{channels}.aac"));
        encode_sound(&path, channels, &["-c:a", "aac"]);
        let file = std::fs::read(&path).unwrap();
        let object_type = (file[2] >> 6) + 1;
        let frequency_index = file[2] >> 2 & 0xf;
        assert_eq!(frequency_index, 3, "48 kHz");
        let config = [
            object_type << 3 | frequency_index >> 1,
            frequency_index << 7 | channels << 3,
        ];
        let format = Format::Aac {
            config: config.into(),
            sample_rate: 48_000,
            channels,
        };
        Self::of_sound(path, format, adts(&file), 1_024)
    }

    fn of_pictures(path: PathBuf, format: Format, frames: Vec<Frame>) -> Self {
        Self {
            path,
            format,
            frames,
            samples_per_packet: 0,
        }
    }

    fn of_sound(path: PathBuf, format: Format, packets: Vec<Vec<u8>>, samples: u32) -> Self {
        let frame = |data| Frame {
            is_keyframe: true,
            data,
        };
        Self {
            path,
            format,
            frames: packets.into_iter().map(frame).collect(),
            samples_per_packet: samples,
        }
    }
}

fn encode_pictures(path: &Path, pixels: &str, codec: &[&str]) {
    let input = ["-f", "lavfi", "-i", PICTURES, "-pix_fmt", pixels];
    let output = ["-g", KEYFRAMES, path.to_str().unwrap()];
    ffmpeg(&[&input[..], codec, &output].concat());
}

fn encode_sound(path: &Path, channels: u8, codec: &[&str]) {
    let input = [
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=48000:duration=2",
    ];
    let channels = channels.to_string();
    let output = ["-ac", &channels, path.to_str().unwrap()];
    ffmpeg(&[&input[..], codec, &output].concat());
}

/// NAL units between start codes (ITU-T H.264 annex B).
fn nals(mut file: &[u8]) -> Vec<&[u8]> {
    let start = |bytes: &[u8]| bytes.windows(3).position(|code| code == [0, 0, 1]);
    let mut nals = Vec::new();
    while let Some(at) = start(file) {
        file = &file[at + 3..];
        let mut end = start(file).unwrap_or(file.len());
        // Zeros before a start code are its own: no NAL unit ends with one.
        while file[end - 1] == 0 {
            end -= 1;
        }
        nals.push(&file[..end]);
    }
    nals
}

/// The frames of an IVF file: a header of 32 bytes, then each after its size and its time.
fn ivf(path: &Path) -> Vec<Vec<u8>> {
    let file = std::fs::read(path).unwrap();
    let mut rest = &file[32..];
    let mut frames = Vec::new();
    while let [a, b, c, d, after_size @ ..] = rest {
        let n_bytes = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let (frame, next) = after_size[8..].split_at(n_bytes);
        frames.push(frame.to_vec());
        rest = next;
    }
    frames
}

/// Raw data blocks of an ADTS stream (ISO/IEC 14496-3 section 1.A.2.2), without their headers of seven bytes.
fn adts(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    while let [0xff, 0xf1, _, c, d, e, ..] = file {
        let n_bytes = (usize::from(*c) & 3) << 11 | usize::from(*d) << 3 | usize::from(*e) >> 5;
        let (block, rest) = file.split_at(n_bytes);
        blocks.push(block[7..].to_vec());
        file = rest;
    }
    assert!(file.is_empty());
    blocks
}
