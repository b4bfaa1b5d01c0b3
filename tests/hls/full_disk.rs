//! A disk that is full: live goes on, the DVR window gets shorter, and whoever runs the server is told.

use std::process::Command;
use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::running::{PATIENCE, Running};
use crate::scratch::Scratch;
use crate::stage::{LIVE, ONE, STREAMS, Stage};

const DVR: &str = "/hls/demo/720p/dvr.m3u8";

/// The segments that cannot be written. The live playlist lists ten or more after them.
const FULL_FOR: u64 = 3;

/// A server to which [`set_room`] can refuse room.
fn server() -> Running {
    let scratch = Scratch::new();
    scratch.write("freshet.toml", STREAMS);
    // Who ignores the signal is given an error, as by a disk that is full, and so is what it becomes.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_freshet"))
        .current_dir(scratch.path());
    Running::start_as(command, scratch, &[])
}

/// Has the kernel refuse every byte that the server would write into a file (RLIMIT_FSIZE), or none.
fn set_room(running: &Running, has_room: bool) {
    let bytes = if has_room { "unlimited" } else { "0" };
    let status = Command::new("prlimit")
        .args(["--pid", &running.pid().to_string()])
        .arg(format!("--fsize={bytes}:"))
        .status();
    assert!(status.unwrap().success());
}

/// The number of the first segment that a playlist lists.
async fn first(stage: &Stage, playlist: &str) -> u64 {
    let text = stage.get(playlist).await.text();
    let after = text.split("#EXT-X-MEDIA-SEQUENCE:").nth(1).unwrap();
    after.lines().next().unwrap().parse().unwrap()
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let mut looks = interval(Duration::from_millis(200));
    let waits = async {
        while !is_so().await {
            looks.tick().await;
        }
    };
    let waited = timeout(PATIENCE, waits).await;
    assert!(waited.is_ok(), "never: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_shortens_the_dvr_and_live_goes_on_and_somebody_is_told() {
    let mut stage = Stage::of(server());
    set_room(&stage.running, false);
    stage.publish("demo", ONE).await;
    let failures = async || stage.metric("hls_disk_failures_total", "").await;
    until("the disk fails", async || failures().await == 1).await;
    let awaited = format!("{LIVE}?_HLS_msn={}", FULL_FOR - 1);
    until("live goes on", async || {
        stage.get(&awaited).await.status == 200
    })
    .await;
    assert_eq!(failures().await, 1, "told once");
    let said = "segments are not on disk: the DVR window gets shorter";
    assert!(stage.running.log().contains(said));
    set_room(&stage.running, true);
    let over = "segments are on disk again: the DVR window grows again";
    until("it is over", async || stage.running.log().contains(over)).await;
    // What is not on disk is gone once the live playlist no longer lists it, and what is on disk stays.
    until("the DVR is longer than live", async || {
        first(&stage, DVR).await < first(&stage, LIVE).await
    })
    .await;
    let first = first(&stage, DVR).await;
    assert!(first >= FULL_FOR, "{first} was not written");
    assert!(first <= FULL_FOR + 3, "{first} could be written");
    let dvr = stage.media(DVR).await;
    let dvr = String::from_utf8(dvr).unwrap();
    let oldest = dvr.lines().find(|line| line.ends_with(".m4s")).unwrap();
    let bytes = stage.media(&format!("/hls/demo/720p/{oldest}")).await;
    assert!(!bytes.is_empty());
    assert_eq!(failures().await, 1);
    stage.end();
}
