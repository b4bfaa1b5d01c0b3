//! A thumbnail of what players cannot take as it comes is one of what is encoded anew.

use std::process::{Command, Stdio};

use freshet_load::pictures::PictureSource;
use tokio::time::{interval, timeout};

use crate::recorded::{H264, VP8, recorded};
use crate::running::PATIENCE;
use crate::stage::Stage;

/// Not the shape of most pictures: four to three.
const BARS: &str = "smptebars=size=640x480:rate=30";

/// Widths and heights of a ladder are in steps of 16, by which the smallest, of which the first thumbnail may be, is a little narrower.
const SHAPE_APART_MAX: f64 = 0.05;

/// The bars from left to right, at three quarters of all light: red, green and blue.
const COLOURS: [[u8; 3]; 7] = [
    [191, 191, 191],
    [191, 191, 0],
    [0, 191, 191],
    [0, 191, 0],
    [191, 0, 191],
    [191, 0, 0],
    [0, 0, 191],
];

/// What two encoders and another range of colours may change of one.
const COLOUR_APART_MAX: u8 = 40;

/// The JPEG, once it is there.
async fn thumbnail(stage: &Stage, stream: &str) -> Vec<u8> {
    let mut asks = interval(std::time::Duration::from_millis(200));
    let target = format!("/hls/{stream}/thumbnail.jpg");
    let drawn = async {
        loop {
            asks.tick().await;
            let reply = stage.get(&target).await;
            if reply.status == 200 {
                return reply.body;
            }
            assert_eq!(reply.status, 404);
        }
    };
    timeout(PATIENCE, drawn).await.expect("it is never there")
}

/// Width, height, and red, green and blue of each pixel, as ffmpeg decodes a JPEG.
fn decoded(stage: &Stage, jpeg: &[u8]) -> (usize, usize, Vec<u8>) {
    let file = stage.running.scratch.path().join("thumbnail.jpg");
    std::fs::write(&file, jpeg).unwrap();
    let program = std::env::var("FRESHET_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned());
    let output = Command::new(&program)
        .args(["-hide_banner", "-nostdin", "-v", "error", "-i"])
        .arg(&file)
        .args(["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}: set FRESHET_FFMPEG to an ffmpeg"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(complaints.is_empty(), "{complaints}");
    // `P6`, width and height, 255, each with a line of its own.
    let mut lines = output.stdout.splitn(4, |byte| *byte == b'\n');
    let [magic, size, _] = [(); 3].map(|()| std::str::from_utf8(lines.next().unwrap()).unwrap());
    assert_eq!(magic, "P6");
    let (width, height) = size.split_once(' ').unwrap();
    let pixels = lines.next().unwrap().to_vec();
    (width.parse().unwrap(), height.parse().unwrap(), pixels)
}

async fn assert_bars(stream: &str, source: Box<dyn PictureSource>) {
    let stage = Stage::idle(&format!(
        "[[streams]]\nname = \"{stream}\"\nkey = \"{}\"\npublic = true\n",
        crate::stage::KEY
    ));
    let (publisher, _) = stage.publish_frames(stream, source).await;
    let jpeg = thumbnail(&stage, stream).await;
    let (width, height, pixels) = decoded(&stage, &jpeg);
    let shape = width as f64 / height as f64;
    assert!(
        (shape / (4.0 / 3.0) - 1.0).abs() <= SHAPE_APART_MAX,
        "{width}x{height}"
    );
    for (bar, colour) in COLOURS.iter().enumerate() {
        let (x, y) = (width * (2 * bar + 1) / 14, height / 4);
        let at = (y * width + x) * 3;
        let seen = &pixels[at..at + 3];
        let is_alike = seen
            .iter()
            .zip(colour)
            .all(|(seen, drawn)| seen.abs_diff(*drawn) <= COLOUR_APART_MAX);
        assert!(is_alike, "bar {bar} is {seen:?}, not {colour:?}");
    }
    publisher.leave().1.unwrap();
    stage.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thumbnail_of_vp8_shows_what_is_published() {
    assert_bars("vp8", recorded(BARS, &VP8, &[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thumbnail_of_a_profile_that_nobody_plays_shows_what_is_published() {
    let full_chroma = ["-profile:v", "high444", "-pix_fmt", "yuv444p", "-bf", "0"];
    assert_bars("full-chroma", recorded(BARS, &H264, &full_chroma)).await;
}
