//! Opus to AAC through real workers: nothing is lost, nothing moves, and a worker that is killed is replaced.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests: what is not there fails them"
)]

mod rig;

use std::time::Duration;

use bridge_transcode::job::{Job, RungIndex, SoundJob};
use bridge_transcode::message::from_worker::Trouble;
use bridge_transcode::plan::Plan;
use bridge_transcode::pool::action::Event;
use bridge_transcode::supervisor::event::SlotEvent;
use rig::media::{decode_aac, opus};
use rig::{Rig, next, transcode, until_running};
use sfu_model::frame::{Discontinuity, Frame};
use sfu_model::time::{Instant, MediaTime};

const SOUND: Job = Job::Sound(SoundJob {
    bit_rate_bps: 128_000,
});

/// Silence with a click of 1 ms at each of these samples.
fn clicks(n_samples: usize, at: &[usize]) -> Vec<i16> {
    let mut samples = vec![0; n_samples];
    for at in at {
        samples[*at..*at + 48].fill(20_000);
    }
    samples
}

/// Where the loudest sample of each click is, at least a tenth of a second apart.
fn loudest(samples: &[i16]) -> Vec<usize> {
    let windows = samples.chunks(4_800).enumerate();
    let peaks = windows.filter_map(|(n, window)| {
        let (at, peak) = window
            .iter()
            .enumerate()
            .max_by_key(|(_, s)| s.unsigned_abs())?;
        (peak.unsigned_abs() > 4_000).then_some(n * 4_800 + at)
    });
    let mut found: Vec<usize> = Vec::new();
    for peak in peaks {
        if found.last().is_none_or(|last| peak - last > 2_400) {
            found.push(peak);
        }
    }
    found
}

fn frames_only(out: Vec<(RungIndex, Frame)>) -> Vec<Frame> {
    out.into_iter().map(|(_, frame)| frame).collect()
}

/// Frames follow each other without a hole, on multiples of their length.
fn assert_contiguous(frames: &[Frame]) {
    for pair in frames.windows(2) {
        assert_eq!(pair[1].time.0 - pair[0].time.0, 1_024);
    }
    assert!(
        frames
            .iter()
            .all(|frame| frame.time.0.is_multiple_of(1_024) && frame.is_keyframe)
    );
}

const fn reaches(samples: u64) -> impl Fn(&[(RungIndex, Frame)]) -> bool {
    move |out| matches!(out.last(), Some((_, last)) if last.time.0 + 1_024 >= samples)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_comes_out_when_it_went_in() {
    let rig = Rig::start("click");
    let mut slot = rig.open(SOUND).await;
    let at = [10_000, 100_000, 200_000, 300_000, 400_000];
    let source = opus(&clicks(480_000, &at), Instant::from_nanos(7_000_000_000));
    let out = frames_only(transcode(&mut slot, source, reaches(470_000)).await);
    assert_contiguous(&out);
    assert_eq!(out[0].time, MediaTime(0));
    for frame in &out {
        let due = Duration::from_nanos(frame.time.0 * 1_000_000_000 / 48_000);
        let distance = frame.captured_at - (Instant::from_nanos(7_000_000_000) + due);
        assert!(distance < Duration::from_millis(1), "{distance:?}");
    }
    let found = loudest(&decode_aac(&out));
    assert_eq!(found.len(), at.len(), "{found:?}");
    for (found, at) in found.iter().zip(at) {
        // 2 ms: a click of 1 ms is smeared a little by two lossy codecs.
        assert!(found.abs_diff(at + 24) <= 96, "{found} for {at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_minutes_sound_is_where_it_was() {
    let rig = Rig::start("minutes");
    let mut slot = rig.open(SOUND).await;
    // Ten seconds again and again, of which each begins where the one before it ends.
    let bar = opus(&clicks(480_000, &[240_000]), Instant::START);
    let n_packets = 500;
    let source = (0..60_u64).flat_map(|n| {
        let bar = bar[..n_packets].iter().cloned();
        bar.map(move |mut frame| {
            frame.time.0 += n * 480_000;
            frame
        })
    });
    let n_samples = 60 * 480_000;
    let out = frames_only(transcode(&mut slot, source.collect(), reaches(n_samples - 4_096)).await);
    assert_contiguous(&out);
    let last = out.partition_point(|frame| frame.time.0 < 59 * 480_000 - 1_024);
    let found = loudest(&decode_aac(&out[last..]));
    let expected = 59 * 480_000 + 240_024 - out[last].time.0;
    assert_eq!(found.len(), 1);
    assert!(
        (found[0] as u64).abs_diff(expected) <= 96,
        "{found:?} for {expected}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_silence_and_what_follows_it_is_in_time() {
    let rig = Rig::start("hole");
    let mut slot = rig.open(SOUND).await;
    let mut source = opus(&clicks(240_000, &[48_000, 192_000]), Instant::START);
    // Five packets that the network lost, and half a second of nothing.
    source.retain(|frame| !(20..25).contains(&(frame.time.0 / 960)));
    source.retain(|frame| !(100..125).contains(&(frame.time.0 / 960)));
    let out = frames_only(transcode(&mut slot, source, reaches(230_000)).await);
    assert_contiguous(&out);
    let found = loudest(&decode_aac(&out));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].abs_diff(192_024) <= 96, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_is_replaced_within_two_seconds() {
    let rig = Rig::start("killed");
    let mut slot = rig.open(SOUND).await;
    let mut other = rig.open(SOUND).await;
    let source = opus(&clicks(960_000, &[]), Instant::START);
    let (before, after) = source.split_at(400);
    let out = transcode(&mut slot, before.to_vec(), reaches(400 * 960 - 4_096)).await;
    let last = out.last().unwrap().1.time;
    let workers = rig.workers();
    assert_eq!(workers.len(), 2, "one of sound, and a spare of pictures");
    // Which of them has the sound is not to be seen: both go, and both come back.
    rig.kill_all();
    let killed_at = rig.clock.now();
    while next(&mut slot).await != SlotEvent::State(Event::Restarting) {}
    until_running(&mut slot).await;
    let (_, first) = transcode(&mut slot, after.to_vec(), |out| !out.is_empty())
        .await
        .remove(0);
    let took = rig.clock.now() - killed_at;
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(first.time > last);
    assert_eq!(first.time.0 % 1_024, 0);
    assert_eq!(first.discontinuity, Some(Discontinuity::Encoder));
    until_running(&mut other).await;
    let snapshot = rig.supervisor.snapshot().await.unwrap();
    assert_eq!(snapshot.worker_exits, 2);
    assert_eq!(snapshot.census.slots, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_reported_and_what_follows_it_is_heard() {
    let rig = Rig::start("garbage");
    let mut slot = rig.open(SOUND).await;
    let source = opus(&clicks(480_000, &[432_000]), Instant::START);
    let mut noise = 0x9e37_79b9_u32;
    let mut chance = move || {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        noise
    };
    let (good, rest) = source.split_at(50);
    transcode(&mut slot, good.to_vec(), reaches(50 * 960 - 4_096)).await;
    let (random, rest) = rest.split_at(60);
    for mut frame in random.iter().cloned() {
        let length = chance() % 200;
        frame.data = (0..length).map(|_| chance().to_le_bytes()[0]).collect();
        assert!(slot.send(frame));
    }
    let (refused, rest) = rest.split_at(60);
    for mut frame in refused.iter().cloned() {
        // More than 120 ms in a packet, which none has (RFC 6716 section 3.4, R5).
        frame.data = [0xff, 0x3f]
            .into_iter()
            .chain((0..chance() % 90).map(|_| 7))
            .collect();
        assert!(slot.send(frame));
    }
    loop {
        match next(&mut slot).await {
            SlotEvent::State(Event::Trouble(Trouble::Undecodable)) => break,
            SlotEvent::State(Event::KeyframeWanted) | SlotEvent::Frame(..) => {}
            SlotEvent::State(other) => panic!("{other:?}"),
        }
    }
    let out = frames_only(transcode(&mut slot, rest.to_vec(), reaches(470_000)).await);
    let found = loudest(&decode_aac(&out));
    let expected = 432_024 - usize::try_from(out[0].time.0).unwrap();
    assert!(
        found.iter().any(|at| at.abs_diff(expected) <= 96),
        "{found:?} for {expected}"
    );
    let snapshot = rig.supervisor.snapshot().await.unwrap();
    assert_eq!(snapshot.worker_exits, 0);
    assert!(snapshot.troubles[0] > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_machine_can_do_is_asked_of_a_worker() {
    let rig = Rig::start("probe");
    let capabilities = rig.supervisor.probe().await.unwrap();
    let plan = Plan::of(&capabilities);
    let lacking: Vec<_> = plan.lacking().collect();
    assert!(lacking.is_empty(), "{capabilities}");
}
