//! ffmpeg's WHIP muxer as a publisher of colour bars and a tone.

use std::env;
use std::error::Error;
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, Command};

/// Who begins the DTLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtls {
    /// The server (`a=setup:passive`): what ffmpeg offers when nobody tells it otherwise.
    Passive,
    /// ffmpeg (`a=setup:active`).
    Active,
}

/// An ffmpeg that publishes. It ends with this value.
pub struct Ffmpeg(Child);

impl Ffmpeg {
    /// Starts the ffmpeg that `FRESHET_FFMPEG` names: version 8 or newer, with the `whip` muxer.
    pub fn publish(endpoint: &str, key: &str, dtls: Dtls) -> Result<Self, Box<dyn Error>> {
        let binary = env::var("FRESHET_FFMPEG")
            .map_err(|_| "set FRESHET_FFMPEG to an ffmpeg with the whip muxer")?;
        let flags: &[&str] = match dtls {
            Dtls::Passive => &[],
            Dtls::Active => &["-whip_flags", "dtls_active"],
        };
        let child = Command::new(binary)
            .args(["-hide_banner", "-loglevel", "warning", "-nostdin", "-re"])
            .args(["-f", "lavfi", "-i", "smptebars=size=640x360:rate=30"])
            .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"])
            .args([
                "-c:v",
                "libx264",
                "-profile:v",
                "baseline",
                "-pix_fmt",
                "yuv420p",
                "-preset",
                "ultrafast",
            ])
            .args(["-tune", "zerolatency", "-bf", "0", "-g", "30", "-b:v", "1M"])
            .args(["-c:a", "libopus", "-ac", "2", "-f", "whip"])
            .args(flags)
            .args(["-authorization", key, endpoint])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self(child))
    }

    /// How it ended: a publisher that the server turned away ends by itself.
    pub async fn ended(&mut self) -> Result<ExitStatus, Box<dyn Error>> {
        Ok(self.0.wait().await?)
    }
}
