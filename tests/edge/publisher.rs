//! ffmpeg as a publisher: the one that `FRESHET_FFMPEG` names, or the system's.

use std::process::{Child, Command, Stdio};

/// Bars, and a tone: sources of ffmpeg's.
pub(crate) const BARS: &str = "smptebars=size=320x180:rate=30";
pub(crate) const TONE: &str = "sine=frequency=440:sample_rate=48000";

/// An encoder that publishes. It ends with this value.
pub(crate) struct Publisher(Child);

impl Publisher {
    /// It publishes what these sources give.
    pub(crate) fn start(pictures: &str, sound: &str, endpoint: &str, key: &str) -> Self {
        let program = std::env::var("FRESHET_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned());
        let child = Command::new(&program)
            .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re"])
            .args(["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound])
            .args([
                "-c:v",
                "libx264",
                "-profile:v",
                "baseline",
                "-pix_fmt",
                "yuv420p",
            ])
            .args([
                "-preset",
                "ultrafast",
                "-tune",
                "zerolatency",
                "-g",
                "30",
                "-b:v",
                "300k",
            ])
            .args(["-c:a", "libopus", "-ac", "2", "-f", "whip"])
            .args(["-authorization", key, endpoint])
            .stdin(Stdio::null())
            .spawn();
        Self(child.unwrap_or_else(|error| {
            panic!("{program}: {error}: set FRESHET_FFMPEG to an ffmpeg with the whip muxer")
        }))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
