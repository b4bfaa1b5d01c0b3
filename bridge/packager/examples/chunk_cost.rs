//! What a part of half a second costs to write: `cargo run --release -p bridge-packager --example chunk_cost`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, and tells"
)]

use std::hint::black_box;
use std::time::Instant;

use bridge_packager::fmp4::{Sample, chunk};
use sfu_model::codec::MediaKind;
use sfu_model::time::MediaTime;

/// Pictures of half a second, 10 kB each: 2.4 Mbit/s.
const N_SAMPLES: u32 = 15;
const SAMPLE_BYTES: usize = 10_000;
/// Parts that take turns: 38 MB of samples, more than a core's own cache, for frames come fresh from the network.
const N_PARTS: u32 = 256;
const N_ROUNDS: u32 = 20;

fn part(of: u32) -> Vec<Sample> {
    let sample = |index: u32| Sample {
        duration: 3_000 + (of + index) % 2,
        is_keyframe: index == 0,
        data: vec![0x55; SAMPLE_BYTES].into(),
    };
    (0..N_SAMPLES).map(sample).collect()
}

fn main() {
    let parts: Vec<Vec<Sample>> = (0..N_PARTS).map(part).collect();
    let begin = Instant::now();
    for _ in 0..N_ROUNDS {
        for (number, samples) in (0..).zip(&parts) {
            let at = MediaTime(u64::from(number) * 45_000);
            let samples = black_box(samples);
            black_box(chunk(number, at, MediaKind::Video, samples, None, true));
        }
    }
    let each = begin.elapsed() / (N_ROUNDS * N_PARTS);
    let nanos = each.as_nanos();
    println!("{N_SAMPLES} samples of {SAMPLE_BYTES} bytes: {nanos} ns a part");
}
