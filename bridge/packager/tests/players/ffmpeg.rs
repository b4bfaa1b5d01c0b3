//! ffmpeg as an encoder and as a player: the one that `FRESHET_FFMPEG` names, or the system's.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A packet as ffmpeg's demuxer gives it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    time: u64,
    duration: u32,
    n_bytes: usize,
    checksum: u32,
    is_keyframe: bool,
}

impl Packet {
    pub(crate) fn new(time: u64, duration: u32, is_keyframe: bool, data: &[u8]) -> Self {
        Self {
            time,
            duration,
            n_bytes: data.len(),
            checksum: adler32(data),
            is_keyframe,
        }
    }
}

/// A file of this test, not of another.
pub(crate) fn tmp(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("players-{name}"))
}

/// Runs ffmpeg; gives what it wrote to its standard output. It must not complain of anything.
pub(crate) fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let program = env::var("FRESHET_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned());
    let output = Command::new(&program)
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}: set FRESHET_FFMPEG to an ffmpeg"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaints}");
    assert_eq!(complaints, "", "{arguments:?}");
    output.stdout
}

/// The packets of a file's only stream, at the times that stand in it.
pub(crate) fn packets(path: &Path) -> Vec<Packet> {
    // It takes VP9 for of a constant rate, and so corrects durations, unless it leaves packets as they are.
    let as_it_is = ["-fflags", "noparse", "-copyts"];
    let input = [&as_it_is[..], &["-i", path.to_str().unwrap()]].concat();
    let output = ["-c", "copy", "-f", "framecrc", "-"];
    let text = String::from_utf8(ffmpeg(&[&input[..], &output].concat())).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(packet).collect()
}

/// A line is `stream, dts, pts, duration, size, checksum`, and flags where they are not those of a keyframe.
fn packet(line: &str) -> Packet {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    assert_eq!(fields[1], fields[2], "decoded in the order shown: {line}");
    let checksum = fields[5].trim_start_matches("0x");
    Packet {
        time: fields[2].parse().unwrap(),
        duration: fields[3].parse().unwrap(),
        n_bytes: fields[4].parse().unwrap(),
        checksum: u32::from_str_radix(checksum, 16).unwrap(),
        is_keyframe: !fields[6..].contains(&"F=0x0"),
    }
}

/// RFC 1950, but from 0, as ffmpeg counts.
fn adler32(data: &[u8]) -> u32 {
    let add = |(a, b): (u32, u32), byte: &u8| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    };
    let (a, b) = data.iter().fold((0, 0), add);
    b << 16 | a
}
