//! What a part of half a second costs to write: `cargo run --release -p bridge-packager --example chunk_cost`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, and tells"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bridge_packager::fmp4::{Sample, chunk};
use sfu_model::codec::MediaKind;
use sfu_model::time::MediaTime;

const N_ROUNDS: u32 = 20_000;

fn main() {
    let data: Arc<[u8]> = vec![0x55; 10_000].into();
    let sample = |index: u32| Sample {
        duration: 3_000 + index % 2,
        is_keyframe: index == 0,
        data: Arc::clone(&data),
    };
    let samples: Vec<Sample> = (0..15).map(sample).collect();
    let begin = Instant::now();
    for number in 0..N_ROUNDS {
        let at = MediaTime(u64::from(number) * 45_000);
        black_box(chunk(
            number,
            at,
            MediaKind::Video,
            black_box(&samples),
            None,
            true,
        ));
    }
    let each = begin.elapsed() / N_ROUNDS;
    println!("15 samples of 10,000 bytes: {} ns a part", each.as_nanos());
}
