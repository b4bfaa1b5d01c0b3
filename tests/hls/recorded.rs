//! What an encoder that is not ours makes, as a publisher plays it over and over.

use std::process::{Command, Stdio};
use std::sync::Arc;

use freshet_load::pictures::PictureSource;
use freshet_load::playback::Playback;
use freshet_load::recording::Recording;

use crate::scratch::Scratch;

/// H.264 with a keyframe in each second or so, as a byte stream; more options say of which kind.
pub(crate) const H264: [&str; 8] = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-x264-params",
    "keyint=31:min-keyint=31:scenecut=0",
    "-f",
    "h264",
];

/// VP8, likewise, in IVF.
pub(crate) const VP8: [&str; 8] = [
    "-c:v",
    "libvpx",
    "-deadline",
    "realtime",
    "-g",
    "31",
    "-f",
    "ivf",
];

/// Ten seconds of a source of ffmpeg's at 30 a second, by the one that `FRESHET_FFMPEG` names, or the system's.
pub(crate) fn recorded(pictures: &str, codec: &[&str], options: &[&str]) -> Box<dyn PictureSource> {
    let scratch = Scratch::new();
    let file = scratch.path().join("recorded");
    let program = std::env::var("FRESHET_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned());
    let encoded = Command::new(&program)
        .args(["-hide_banner", "-nostdin", "-v", "error", "-f", "lavfi"])
        .args(["-i", pictures, "-frames:v", "310", "-b:v", "300k"])
        .args(options)
        .args(codec)
        .arg(&file)
        .stdin(Stdio::null())
        .status();
    let status = encoded
        .unwrap_or_else(|error| panic!("{program}: {error}: set FRESHET_FFMPEG to an ffmpeg"));
    assert!(status.success());
    let recording = Recording::open(&file, Some(30.0)).unwrap();
    Box::new(Playback::new(Arc::new(recording)))
}
