//! What real encoders make, packaged, and read by a player that shares no code with it: ffmpeg decodes every picture and
//! every sound as it does from the encoder's own file, at the times that were written.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: a file that is not as it should be fails them"
)]

use std::iter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridge_packager::fmp4::{ProducerTime, Sample, chunk, init_section};
use sfu_model::time::MediaTime;

#[path = "players/encoded.rs"]
mod encoded;
#[path = "players/ffmpeg.rs"]
mod ffmpeg;
#[path = "players/ogg.rs"]
mod ogg;
#[path = "players/standstill.rs"]
mod standstill;

use encoded::Encoded;
use ffmpeg::{Packet, ffmpeg, packets, tmp};
use standstill::standstill;

/// Where the track begins: beyond 32 bits, as it is after half a day.
const BEGIN: u64 = 0x1_0000_0007;
/// Samples of a chunk: not a divisor of the frames between keyframes, so that these fall inside, too.
const N_SAMPLES: usize = 7;

/// Durations that a browser's camera might give, in turn.
fn durations(encoded: &Encoded) -> impl Iterator<Item = u32> {
    let of_pictures = [3_000, 2_999, 3_001, 6_000];
    let of_sound = [encoded.samples_per_packet; 4];
    let of = if encoded.format.size().is_some() {
        of_pictures
    } else {
        of_sound
    };
    of.into_iter().cycle()
}

fn samples(encoded: &Encoded) -> Vec<Sample> {
    let frames = encoded.frames.iter().zip(durations(encoded));
    let sample = |(frame, duration): (&encoded::Frame, u32)| Sample {
        duration,
        is_keyframe: frame.is_keyframe,
        data: frame.data.as_slice().into(),
    };
    frames.map(sample).collect()
}

/// The init section and all chunks, one after the other: what a player that never seeks has fetched.
fn package(encoded: &Encoded, name: &str) -> PathBuf {
    let mut bytes = init_section(&encoded.format).unwrap().to_vec();
    let mut starts_at = BEGIN;
    for (number, samples) in (1..).zip(samples(encoded).chunks(N_SAMPLES)) {
        let begins_segment = samples[0].is_keyframe;
        let produced = begins_segment.then_some(ProducerTime {
            unix: Duration::from_secs(1_700_000_000),
            media_time: MediaTime(starts_at),
        });
        let kind = encoded.format.kind();
        let at = MediaTime(starts_at);
        bytes.extend(chunk(number, at, kind, samples, produced, begins_segment));
        starts_at += samples.iter().map(|s| u64::from(s.duration)).sum::<u64>();
    }
    let path = tmp(&format!("{name}.mp4"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Time, duration, keyframe and bytes of each packet are those that were given.
fn assert_packets(encoded: &Encoded, path: &Path) {
    let samples = samples(encoded);
    assert!(samples.len() >= 40, "{} frames", samples.len());
    let n_keyframes = samples.iter().filter(|sample| sample.is_keyframe).count();
    assert!(n_keyframes >= 2, "more than one keyframe");
    let mut time = BEGIN;
    let given: Vec<Packet> = samples
        .iter()
        .map(|sample| {
            let packet = Packet::new(time, sample.duration, sample.is_keyframe, &sample.data);
            time += u64::from(sample.duration);
            packet
        })
        .collect();
    assert_eq!(packets(path), given);
}

/// A hash of each picture or packet of sound that a decoder makes of a file.
fn decoded(path: &Path, is_video: bool) -> Vec<String> {
    let of_pictures = ["-fps_mode", "passthrough", "-f", "framehash"];
    let of_sound = ["-c:a", "pcm_s16le", "-f", "framehash"];
    let as_hashes = if is_video { of_pictures } else { of_sound };
    let input = ["-i", path.to_str().unwrap()];
    let arguments = iter::chain(["-xerror"], input);
    let arguments: Vec<&str> = arguments.chain(as_hashes).chain(["-"]).collect();
    let text = String::from_utf8(ffmpeg(&arguments)).unwrap();
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    let hash = |line: &str| line.rsplit(',').next().unwrap().trim().to_owned();
    frames.map(hash).collect()
}

/// A decoder makes the same of what was packaged as of the encoder's own file.
fn assert_decodes_alike(encoded: &Encoded, path: &Path) {
    let is_video = encoded.format.size().is_some();
    let (mut frames, mut originals) = (decoded(path, is_video), decoded(&encoded.path, is_video));
    if is_video {
        assert_eq!(frames.len(), encoded.frames.len(), "each is shown");
    } else {
        // An Ogg file says how much of its last packet was captured; a live stream has no last packet.
        assert!(frames.pop().is_some() && originals.pop().is_some());
    }
    assert_eq!(frames, originals);
}

fn plays(encoded: &Encoded, name: &str) {
    let path = package(encoded, name);
    assert_packets(encoded, &path);
    assert_decodes_alike(encoded, &path);
}

/// What stands in decodes as what it repeats, and all that was published as if nothing had been missing, but for pictures
/// that no decoder can begin at.
fn pictures_play_over_a_standstill(encoded: &Encoded, name: &str) {
    let keyframes = encoded.frames.iter().skip(1);
    let keyframe = 1 + keyframes.clone().position(|f| f.is_keyframe).unwrap();
    let originals = decoded(&encoded.path, true);
    // Before a keyframe, before the fifth picture before it, and so briefly that nothing has to stand in.
    for (next, millis, n_stand_ins) in [
        (keyframe, 2_000, 3..=4),
        (keyframe - 5, 1_500, 2..=4),
        (keyframe - 5, 450, 0..=0),
    ] {
        let pause = Duration::from_millis(millis);
        let found = standstill(encoded, name, next, pause);
        assert!(
            n_stand_ins.contains(&found.n_stand_ins),
            "{}",
            found.n_stand_ins
        );
        let (before, after) = originals.split_at(next);
        let n_dropped = if found.n_stand_ins > 0 {
            keyframe - next
        } else {
            0
        };
        assert_eq!(found.n_dropped, n_dropped as u64, "{name} {millis}");
        let stands = vec![before[0].clone(); found.n_stand_ins as usize];
        assert_eq!(
            decoded(&found.path, true),
            [before, &stands, &after[n_dropped..]].concat()
        );
    }
}

/// Silence is as long as what is missing.
fn sound_plays_over_a_standstill(encoded: &Encoded, name: &str) {
    let found = standstill(encoded, name, 10, Duration::from_secs(2));
    assert!(
        (3..=4).contains(&found.n_stand_ins),
        "{}",
        found.n_stand_ins
    );
    let n_frames = |path: &Path| decoded(path, false).len() as u64;
    let n_silent = 2 * 48_000 / u64::from(encoded.samples_per_packet);
    let n_more = n_frames(&found.path) - n_frames(&encoded.path);
    assert!(
        n_more.abs_diff(n_silent) <= 2 + found.n_stand_ins,
        "{n_more}"
    );
}

#[test]
fn what_stands_in_for_pictures_plays() {
    pictures_play_over_a_standstill(&Encoded::h264("baseline", "yuv420p"), "h264-baseline");
    pictures_play_over_a_standstill(&Encoded::h264("high", "yuv420p"), "h264-high");
    pictures_play_over_a_standstill(&Encoded::vp9(0, "yuv420p"), "vp9-0");
    pictures_play_over_a_standstill(&Encoded::av1("yuv420p"), "av1-8");
}

#[test]
fn what_stands_in_for_sound_plays() {
    for n_channels in [1, 2] {
        sound_plays_over_a_standstill(&Encoded::opus(n_channels), &format!("opus-{n_channels}"));
        sound_plays_over_a_standstill(&Encoded::aac(n_channels), &format!("aac-{n_channels}"));
    }
}

#[test]
fn h264_of_the_baseline_profile_plays() {
    plays(&Encoded::h264("baseline", "yuv420p"), "h264-baseline");
}

#[test]
fn h264_of_the_high_profiles_plays() {
    plays(&Encoded::h264("high", "yuv420p"), "h264-high");
    plays(&Encoded::h264("high10", "yuv420p10le"), "h264-high10");
}

#[test]
fn vp9_plays() {
    plays(&Encoded::vp9(0, "yuv420p"), "vp9-0");
    plays(&Encoded::vp9(2, "yuv420p10le"), "vp9-2");
}

#[test]
fn av1_plays() {
    plays(&Encoded::av1("yuv420p"), "av1-8");
    plays(&Encoded::av1("yuv420p10le"), "av1-10");
}

#[test]
fn opus_plays() {
    plays(&Encoded::opus(1), "opus-1");
    plays(&Encoded::opus(2), "opus-2");
}

#[test]
fn aac_plays() {
    plays(&Encoded::aac(1), "aac-1");
    plays(&Encoded::aac(2), "aac-2");
}
