//! What a decoder that is not ours makes of a stream: each piece of it that begins anew, from its first segment to its last.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::stage::Stage;

/// What became of a rendition.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// Pictures, or packets of sound, that came out.
    pub(crate) n_frames: u64,
    /// Pieces: one more than there are discontinuities.
    pub(crate) n_pieces: usize,
    /// What the decoder complained of.
    pub(crate) complaints: String,
}

/// A run of segments that one decoder plays.
struct Piece {
    map: String,
    segments: Vec<String>,
}

/// The pieces of a media playlist. Gaps have nothing to decode.
fn pieces(playlist: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut map, mut begins_anew, mut is_gap) = (String::new(), true, false);
    for line in playlist.lines() {
        if let Some(rest) = line.strip_prefix("#EXT-X-MAP:URI=\"") {
            map = rest.split('"').next().unwrap().to_owned();
            begins_anew = true;
        }
        begins_anew |= line == "#EXT-X-DISCONTINUITY";
        is_gap |= line == "#EXT-X-GAP";
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !std::mem::take(&mut is_gap) {
            if std::mem::take(&mut begins_anew) {
                let map = map.clone();
                pieces.push(Piece {
                    map,
                    segments: Vec::new(),
                });
            }
            pieces.last_mut().unwrap().segments.push(line.to_owned());
        }
    }
    pieces
}

/// Decodes all that there is of a rendition, from the stream's beginning on.
pub(crate) async fn decode(stage: &Stage, folder: &str) -> Decoded {
    let playlist = stage.media(&format!("{folder}/dvr.m3u8")).await;
    let playlist = String::from_utf8(playlist).unwrap();
    let mut decoded = Decoded::default();
    for piece in pieces(&playlist) {
        let mut bytes = stage.media(&format!("{folder}/{}", piece.map)).await;
        for segment in &piece.segments {
            bytes.extend(stage.media(&format!("{folder}/{segment}")).await);
        }
        let path = stage.running.scratch.path().join("piece.mp4");
        std::fs::write(&path, bytes).unwrap();
        let (n_frames, complaints) = play(&path);
        decoded.n_frames += n_frames;
        decoded.n_pieces += 1;
        if !complaints.is_empty() {
            let segments = piece.segments.join(" ");
            decoded.complaints += &format!("{folder}: {segments}: {complaints}\n");
        }
    }
    decoded
}

/// What the ffmpeg that `FRESHET_FFMPEG` names, or the system's, says of a file: how many frames it gives, and what is wrong.
fn play(file: &Path) -> (u64, String) {
    let program = std::env::var("FRESHET_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned());
    let output = Command::new(&program)
        .args(["-hide_banner", "-nostdin", "-v", "error", "-i"])
        .arg(file)
        .args(["-fps_mode", "passthrough", "-f", "framecrc", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}: set FRESHET_FFMPEG to an ffmpeg"));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let n_frames = lines.lines().filter(|line| !line.starts_with('#')).count();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    (n_frames as u64, complaints)
}
