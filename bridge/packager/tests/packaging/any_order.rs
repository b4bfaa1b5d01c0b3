//! Any order of calls is legal, whatever they say.

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::latency::LatencyMode;
use proptest::prelude::*;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Discontinuity, Format};
use sfu_model::time::{Instant, MediaTime};

use crate::driver::{Driver, aac, frame, h264_with, ms, name, opus};

#[derive(Clone, Debug)]
enum Call {
    Frame {
        rendition: usize,
        ticks: u64,
        is_keyframe: bool,
        discontinuity: Option<Discontinuity>,
        format: u8,
    },
    Begins(usize, u64),
    Add(usize),
    Remove(usize),
    Timeout,
    Wait(u64),
    End,
}

const NAMES: [(&str, MediaKind); 4] = [
    ("720p", MediaKind::Video),
    ("360p", MediaKind::Video),
    ("aac", MediaKind::Audio),
    ("opus", MediaKind::Audio),
];

/// Mostly near what the clock says, sometimes anything.
fn ticks() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0_u64..90_000 * 20,
        1 => any::<u64>(),
        1 => Just(0_u64),
    ]
}

fn format_of(number: u8) -> Arc<Format> {
    match number {
        0 => h264_with(720, 0),
        1 => h264_with(720, 1),
        2 => aac(),
        _ => opus(),
    }
}

fn call() -> impl Strategy<Value = Call> {
    let discontinuity = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Discontinuity::Lost)),
        1 => Just(Some(Discontinuity::Publisher)),
        1 => Just(Some(Discontinuity::Clock)),
        1 => Just(Some(Discontinuity::Encoder)),
    ];
    let frame = (0..4_usize, ticks(), any::<bool>(), discontinuity, 0_u8..4).prop_map(
        |(rendition, ticks, is_keyframe, discontinuity, format)| Call::Frame {
            rendition,
            ticks,
            is_keyframe,
            discontinuity,
            format,
        },
    );
    prop_oneof![
        20 => frame,
        10 => (0..4_usize, ticks()).prop_map(|(rendition, ticks)| Call::Begins(rendition, ticks)),
        2 => (0..4_usize).prop_map(Call::Add),
        1 => (0..4_usize).prop_map(Call::Remove),
        3 => Just(Call::Timeout),
        10 => (0_u64..1_500).prop_map(Call::Wait),
        1 => (10_000_u64..100_000).prop_map(Call::Wait),
        1 => Just(Call::End),
    ]
}

fn make(driver: &mut Driver, call: &Call) {
    let now = driver.now;
    let rendition = |index: usize| name(NAMES[index].0);
    match call {
        Call::Frame {
            rendition: index,
            ticks,
            is_keyframe,
            discontinuity,
            format,
        } => {
            let mut frame = frame(&format_of(*format), *ticks, *is_keyframe);
            frame.captured_at = frame.captured_at.min(now);
            frame.discontinuity = *discontinuity;
            driver
                .packager
                .handle_frame(&rendition(*index), &frame, now);
        }
        Call::Begins(index, ticks) => {
            let time = MediaTime(*ticks);
            driver.packager.handle_begins(&rendition(*index), time, now);
        }
        Call::Add(index) => {
            let (_, kind) = NAMES[*index];
            // One that is there already is refused, and that is all.
            let _ = driver.packager.add_rendition(rendition(*index), kind);
        }
        Call::Remove(index) => {
            driver.packager.remove_rendition(&rendition(*index));
            // Whoever comes back under its name is another, which the oracle takes for the same.
            driver.oracle.forget(NAMES[*index].0);
            driver.media.remove(NAMES[*index].0);
        }
        Call::Timeout => driver.packager.handle_timeout(now),
        Call::Wait(millis) => driver.now = now + ms(*millis),
        Call::End => driver.packager.handle_end(now),
    }
    driver.collect();
    // Not asking for long is legal too: what is due is done with the next call.
    let due = driver.packager.poll_timeout();
    let is_called = !matches!(call, Call::Wait(_) | Call::Add(_) | Call::Remove(_));
    assert!(
        !is_called || due.is_none_or(|due| due > now),
        "{call:?} left what is due"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..ProptestConfig::default() })]
    #[test]
    fn every_order_of_calls_makes_playlists_that_keep_the_rules(
        calls in proptest::collection::vec(call(), 1..150),
    ) {
        let mut driver = Driver::new(LatencyMode::Low, &NAMES);
        driver.oracle.patience = Duration::from_secs(3_600);
        driver.oracle.ahead = Duration::from_secs(1);
        driver.now = Instant::START + ms(500);
        for call in &calls {
            make(&mut driver, call);
        }
    }
}
