//! A ladder of H.264 of every codec, through real workers and real codecs.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests: what is not there fails them"
)]

mod rig;

use std::time::Duration;

use bridge_transcode::job::{
    Cadence, FrameRate, Job, Keyframes, PicturesJob, Rung, RungIndex, RungSet,
};
use bridge_transcode::message::from_worker::Trouble;
use bridge_transcode::pool::action::Event;
use bridge_transcode::supervisor::event::SlotEvent;
use bridge_transcode::supervisor::slot::Slot;
use rig::pictures::{PERIOD, av1, flashes, h264, later, vp8, vp9};
use rig::{Rig, next, transcode, until_running};
use sfu_model::frame::{Discontinuity, Format, Frame};
use sfu_model::packet::Dimensions;
use sfu_model::time::MediaTime;

/// A ladder whose pictures have the publisher's times: whatever else the machine does, each comes out.
fn ladder(sizes: &[(u16, u16)]) -> Job {
    paced(sizes, Cadence::AsSource(FrameRate::clamp(30)))
}

/// A ladder whose pictures come thirty times a second, whatever comes in.
fn constant(sizes: &[(u16, u16)]) -> Job {
    paced(sizes, Cadence::Constant(FrameRate::clamp(30)))
}

fn paced(sizes: &[(u16, u16)], cadence: Cadence) -> Job {
    let rung = |(width, height): &(u16, u16)| Rung {
        size: Dimensions {
            width: *width,
            height: *height,
        },
        bit_rate_bps: u32::from(*height) * 3_000,
    };
    Job::Pictures(PicturesJob {
        source: Dimensions {
            width: 1280,
            height: 720,
        },
        cadence,
        keyframes: Keyframes::Every(180_000),
        rungs: sizes.iter().map(rung).collect(),
    })
}

fn of(rung: u8, out: &[(RungIndex, Frame)]) -> Vec<Frame> {
    let of_rung = out.iter().filter(|(index, _)| index.0 == rung);
    of_rung.map(|(_, frame)| frame.clone()).collect()
}

fn keyframes(frames: &[Frame]) -> Vec<u64> {
    let keyframes = frames.iter().filter(|frame| frame.is_keyframe);
    keyframes.map(|frame| frame.time.0).collect()
}

/// All of so many rungs have come to this time.
fn all_reach(n_rungs: u8, time: u64) -> impl Fn(&[(RungIndex, Frame)]) -> bool {
    move |out| {
        let reaches = |rung| {
            out.iter()
                .any(|(index, f)| index.0 == rung && f.time.0 >= time)
        };
        (0..n_rungs).all(reaches)
    }
}

/// Frames on the grid, one after the other.
fn assert_constant_rate(frames: &[Frame], from: u64, to: u64) {
    let times: Vec<u64> = frames.iter().map(|frame| frame.time.0).collect();
    let expected: Vec<u64> = (from / PERIOD..=to / PERIOD).map(|n| n * PERIOD).collect();
    assert_eq!(times[..expected.len()], expected);
}

/// Frames on the grid from its first place. A machine that stood still may have left pictures out, which were then counted.
async fn assert_grid(rig: &Rig, frames: &[Frame]) {
    assert!(
        frames
            .iter()
            .all(|frame| frame.time.0.is_multiple_of(PERIOD))
    );
    assert!(frames.windows(2).all(|pair| pair[0].time < pair[1].time));
    let last = frames.last().unwrap().time.0;
    let n_missing = last / PERIOD + 1 - frames.len() as u64;
    // Workers tell what they counted twice a second.
    let is_told = async {
        while rig
            .supervisor
            .snapshot()
            .await
            .unwrap()
            .counts
            .pictures_dropped
            < n_missing
        {
            tokio::task::yield_now().await;
        }
    };
    let is_told = tokio::time::timeout(rig::PATIENCE, is_told).await;
    assert!(
        is_told.is_ok(),
        "{n_missing} pictures are missing and were not counted"
    );
}

/// A small ladder's pictures of a source, up to its last.
async fn small(slot: &mut Slot, source: Vec<Frame>) -> Vec<Frame> {
    let last = source.last().unwrap().time.0;
    of(0, &transcode(slot, source, all_reach(1, last)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn vp8_becomes_two_sizes_with_keyframes_exactly_where_they_are_asked_for() {
    let rig = Rig::start("vp8");
    let mut slot = rig.open(ladder(&[(1280, 720), (640, 360)])).await;
    assert!(slot.keyframe_at(MediaTime(33 * PERIOD - 1)));
    let source = vp8("1280x720", 150, 77);
    let out = transcode(&mut slot, source.clone(), all_reach(2, 149 * PERIOD)).await;
    for (rung, width, height) in [(0, 1280, 720), (1, 640, 360)] {
        let frames = of(rung, &out);
        assert_constant_rate(&frames, 0, 149 * PERIOD);
        let frames = &frames[..150];
        assert_eq!(keyframes(frames), [0, 33 * PERIOD, 180_000, 360_000]);
        assert_eq!(flashes(frames), [77 * PERIOD]);
        for (frame, source) in frames.iter().zip(&source) {
            assert_eq!(frame.captured_at, source.captured_at);
            assert_eq!(frame.format.size(), Some(Dimensions { width, height }));
            assert_eq!(frame.discontinuity, None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_share_a_worker_are_each_encoded_and_go_on_when_it_ends() {
    let rig = Rig::start_sharing("shared", 4);
    let mut first = rig.open(ladder(&[(320, 180)])).await;
    let mut second = rig.open(ladder(&[(320, 180)])).await;
    // One for sound, one for both, and who was asked what there is, if it has not ended yet. Not shared there would be four.
    let n_workers = rig.workers().len();
    assert!(n_workers <= 3, "{n_workers} workers");
    let source = vp8("320x180", 60, 20);
    for slot in [&mut first, &mut second] {
        let frames = small(slot, source.clone()).await;
        assert_eq!(flashes(&frames[..60]), [20 * PERIOD]);
    }
    rig.kill_all();
    for slot in [&mut first, &mut second] {
        while next(slot).await != SlotEvent::State(Event::Restarting) {}
        until_running(slot).await;
        let frames = small(slot, later(source.clone(), 180_000)).await;
        assert_eq!(flashes(&frames[..60]), [180_000 + 20 * PERIOD]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_of_a_browser_is_decoded() {
    let rig = Rig::start("codecs");
    let sources = [
        ("VP8", vp8("320x180", 70, 20)),
        ("VP9", vp9("320x180", 70, 20)),
        ("AV1", av1("320x180", 70, 20)),
        ("H264", h264((320, 180), 70, 20)),
    ];
    for (codec, source) in sources {
        let mut slot = rig.open(ladder(&[(320, 180)])).await;
        let frames = small(&mut slot, source).await;
        assert_constant_rate(&frames, 0, 69 * PERIOD);
        assert_eq!(flashes(&frames[..70]), [20 * PERIOD], "{codec}");
        assert_eq!(keyframes(&frames[..70]), [0, 180_000], "{codec}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_codec_and_another_size_in_the_middle_change_nothing_for_viewers() {
    let rig = Rig::start("change");
    let mut slot = rig.open(constant(&[(640, 360)])).await;
    let parts = [
        vp8("640x360", 40, 10),
        later(vp8("1280x720", 40, 10), 40 * PERIOD),
        later(h264((360, 640), 40, 10), 80 * PERIOD),
        later(vp9("320x180", 40, 10), 120 * PERIOD),
    ];
    let frames = small(&mut slot, parts.concat()).await;
    assert_grid(&rig, &frames).await;
    let frames = &frames[..];
    assert!(keyframes(frames).len() >= 3);
    // What stood upright has bars beside it: not all of its picture is white. A machine with much else to do may show the
    // picture before a white one in its place.
    let seen = flashes(frames);
    assert!(
        [10, 50, 130].iter().any(|n| seen.contains(&(n * PERIOD))),
        "{seen:?}"
    );
    assert!(frames.iter().all(|frame| frame.format == frames[0].format));
    assert!(frames.iter().all(|frame| frame.discontinuity.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_reported_and_the_next_keyframe_is_seen() {
    let rig = Rig::start("garbled");
    for (n, source) in [
        vp8("320x180", 240, 200),
        vp9("320x180", 240, 200),
        av1("320x180", 240, 200),
        h264((320, 180), 240, 200),
    ]
    .into_iter()
    .enumerate()
    {
        let mut slot = rig.open(constant(&[(320, 180)])).await;
        let mut noise = 0x2545_f491_u32;
        let garbled = source.into_iter().map(|mut frame| {
            let n = frame.time.0 / PERIOD;
            if (20..100).contains(&n) {
                let kept = frame.data.len() / usize::try_from(n % 5 + 2).unwrap();
                let data = frame.data.iter().take(kept).map(|byte| {
                    noise ^= noise << 13;
                    noise ^= noise >> 17;
                    noise ^= noise << 5;
                    if noise.is_multiple_of(3) {
                        noise.to_le_bytes()[0]
                    } else {
                        *byte
                    }
                });
                frame.data = data.collect();
            }
            frame
        });
        let frames = small(&mut slot, garbled.collect()).await;
        assert_grid(&rig, &frames).await;
        // A machine with much else to do may show the picture before it in its place.
        let seen = flashes(&frames);
        assert!(!seen.is_empty(), "codec {n}");
    }
    let snapshot = rig.supervisor.snapshot().await.unwrap();
    assert_eq!(snapshot.worker_exits, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_codecs_are_reported_and_end_nothing() {
    let rig = Rig::start("noise");
    let mut slot = rig.open(constant(&[(320, 180)])).await;
    let mut source = h264((320, 180), 70, 20);
    for frame in &mut source {
        frame.is_keyframe = true;
        frame.data = frame.data.iter().map(|byte| byte.wrapping_mul(7)).collect();
    }
    for frame in source {
        slot.send(frame);
    }
    while next(&mut slot).await != SlotEvent::State(Event::Trouble(Trouble::Undecodable)) {}
    let frames = small(&mut slot, later(vp8("320x180", 70, 20), 900_000)).await;
    assert!(!flashes(&frames).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_is_followed_by_another_within_two_seconds() {
    let rig = Rig::start("killed");
    let mut slot = rig.open(ladder(&[(320, 180)])).await;
    let source = vp8("320x180", 150, 20);
    let out = small(&mut slot, source[..60].to_vec()).await;
    let last = out.last().unwrap().time;
    rig.kill_all();
    let killed_at = rig.clock.now();
    while next(&mut slot).await != SlotEvent::State(Event::Restarting) {}
    until_running(&mut slot).await;
    let rest = source[60..].to_vec();
    assert!(rest[0].is_keyframe);
    let out = transcode(&mut slot, rest, |out| !out.is_empty()).await;
    let took = rig.clock.now() - killed_at;
    assert!(took < Duration::from_secs(2), "{took:?}");
    let (_, first) = &out[0];
    assert!(first.is_keyframe && first.time > last);
    assert_eq!(first.discontinuity, Some(Discontinuity::Encoder));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rung_that_nobody_wants_rests_and_comes_back_with_the_others_keyframe() {
    let rig = Rig::start("rungs");
    let mut slot = rig.open(ladder(&[(320, 180), (160, 90)])).await;
    let source = vp8("320x180", 240, 20);
    let (first, rest) = source.split_at(30);
    let (second, third) = rest.split_at(100);
    transcode(&mut slot, first.to_vec(), all_reach(2, 29 * PERIOD)).await;
    assert!(slot.want(RungSet::first(1)));
    let out = transcode(&mut slot, second.to_vec(), all_reach(1, 129 * PERIOD)).await;
    assert_eq!(of(1, &out), [], "nothing more of the lower one");
    assert!(slot.want(RungSet::first(2)));
    let out = transcode(&mut slot, third.to_vec(), all_reach(2, 239 * PERIOD)).await;
    let back = &of(1, &out)[0];
    assert!(back.is_keyframe);
    assert_eq!(back.time, MediaTime(180 * PERIOD));
    assert_eq!(back.discontinuity, Some(Discontinuity::Lost));
    assert!(matches!(&*back.format, Format::H264 { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_that_stands_still_is_shown_thirty_times_a_second() {
    let rig = Rig::start("still");
    let mut slot = rig.open(constant(&[(320, 180)])).await;
    let source = vp8("320x180", 1, 0);
    let out = transcode(&mut slot, source, all_reach(1, 60 * PERIOD)).await;
    let frames = of(0, &out);
    assert_grid(&rig, &frames).await;
    assert_eq!(keyframes(&frames).len(), 2);
    assert_eq!(flashes(&frames).len(), frames.len());
}
