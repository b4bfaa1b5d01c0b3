//! Sound and pictures of a rendition are as far apart as they were at the source: ffmpeg publishes a flash and a beep at each
//! full second, and finds both in what is packaged.

use std::env;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::publisher::Publisher;
use crate::running::PATIENCE;
use crate::stage::{KEY, Stage};

/// Black, but for the first tenth of each second.
const FLASHES: &str =
    "color=black:size=320x180:rate=30,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'";

/// Silence, but for the first tenth of each second.
const BEEPS: &str = "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=48000";

/// Segments that are looked at, of two seconds each, and the flashes that must be found in them: a machine that is busy sends
/// some late, and silence takes their place.
const N_SEGMENTS: usize = 10;
const N_FLASHES: usize = 8;

/// How far apart they may be: a person begins to see it at 45 ms.
const APART_MAX: f64 = 0.045;

/// What the ffmpeg that `FRESHET_FFMPEG` names, or the system's, says of a file that it decodes through a filter.
fn said(file: &str, filter: [&str; 2]) -> String {
    let program = env::var("FRESHET_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned());
    let output = Command::new(&program)
        .args(["-hide_banner", "-nostdin", "-copyts", "-i", file])
        .args(filter)
        .args(["-f", "null", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}: set FRESHET_FFMPEG to an ffmpeg"));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The times, in seconds, that follow a word, but for the first and the last, which may be where the file begins and ends.
fn times(said: &str, word: &str) -> Vec<f64> {
    let after = said.split(word).skip(1);
    let numbers = after.filter_map(|rest| rest.split_whitespace().next()?.parse().ok());
    let mut times: Vec<f64> = numbers.collect();
    times.pop();
    times.split_off(times.len().min(1))
}

/// The first segments of a rendition in one file, whose name is given.
async fn first_segments(stage: &Stage, rendition: &str) -> String {
    let folder = format!("/hls/demo/{rendition}");
    let last = format!("{folder}/live.m3u8?_HLS_msn={}", N_SEGMENTS - 1);
    let text = loop {
        // What is too far ahead is 400 until it is nearer.
        let open = stage.get(&last).await;
        if open.status == 200 {
            break open.text();
        }
        stage.get(&format!("{folder}/live.m3u8?_HLS_msn=0")).await;
    };
    let map = text.split("#EXT-X-MAP:URI=\"").nth(1).unwrap();
    let map = map.split('"').next().unwrap();
    let mut bytes = stage.media(&format!("{folder}/{map}")).await;
    let mut is_gap = false;
    for line in text.lines() {
        is_gap |= line == "#EXT-X-GAP";
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // On a busy machine a rendition may begin with a segment that it has nothing for.
        if !is_gap {
            bytes.extend(stage.media(&format!("{folder}/{line}")).await);
        }
        is_gap = false;
    }
    let path = stage
        .running
        .scratch
        .path()
        .join(format!("{rendition}.mp4"));
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flash_and_a_beep_are_as_far_apart_as_they_were() {
    let stage = Stage::idle("");
    let endpoint = stage.running.url("/whip/demo");
    let _publisher = Publisher::start(FLASHES, BEEPS, &endpoint, KEY);
    let mut asks = interval(Duration::from_millis(100));
    let listed = async {
        loop {
            let reply = stage.get("/hls/demo/multivariant.m3u8").await;
            let text = reply.text();
            if reply.status == 200 && text.contains("RESOLUTION") && text.contains("opus/") {
                return text;
            }
            asks.tick().await;
        }
    };
    let listed = timeout(PATIENCE, listed).await.expect("it is never there");
    let pictures = listed.lines().find(|line| line.ends_with("p/live.m3u8"));
    let pictures = pictures.unwrap().strip_suffix("/live.m3u8").unwrap();
    let flashes = first_segments(&stage, pictures).await;
    let flashes = said(&flashes, ["-vf", "blackdetect=d=0.2:pix_th=0.5"]);
    let flashes = times(&flashes, "black_end:");
    let sounds = ["opus", "aac"].into_iter();
    for sound in sounds.filter(|sound| listed.contains(&format!("{sound}/live.m3u8"))) {
        let file = first_segments(&stage, sound).await;
        let beeps = said(&file, ["-af", "silencedetect=n=-30dB:d=0.2"]);
        let beeps = times(&beeps, "silence_end: ");
        let mut apart: Vec<f64> = flashes
            .iter()
            .filter_map(|flash| {
                let near = beeps.iter().map(|beep| beep - flash);
                near.min_by(|a, b| a.abs().total_cmp(&b.abs()))
            })
            .filter(|apart| apart.abs() < 0.5)
            .collect();
        apart.sort_by(f64::total_cmp);
        println!("{sound}: the beep comes {apart:.4?} s after the flash");
        assert!(apart.len() >= N_FLASHES, "{sound}: {flashes:?} {beeps:?}");
        assert!(
            apart.iter().all(|apart| apart.abs() <= APART_MAX),
            "{sound}: {apart:.4?}"
        );
    }
    stage.end();
}
