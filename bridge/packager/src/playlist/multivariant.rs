//! The multivariant playlist: which renditions there are, and which belong together (draft-pantos-hls-rfc8216bis section
//! 4.4.6).

use std::fmt::Write as _;

use sfu_model::codec::MediaKind;

use crate::rendition::RenditionOutline;

use super::uri::{DVR, LIVE};

/// Version that `EXT-X-MEDIA` needs (section 8).
const VERSION: u8 = 4;

/// The name of the sound in every group: the groups are encodings of one track, and their members may differ in URI and
/// channels alone (section 4.4.6.1.1). What tells them apart for players is `CODECS`.
const SOUND: &str = "Audio";

/// Which media playlists it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// `{rendition}/live.m3u8`.
    Live,
    /// `{rendition}/dvr.m3u8`.
    Dvr,
}

impl View {
    const fn file(self) -> &'static str {
        match self {
            Self::Live => LIVE,
            Self::Dvr => DVR,
        }
    }
}

/// Writes the playlist of these renditions, best first. It never promises `EXT-X-INDEPENDENT-SEGMENTS`: a segment is cut
/// without a keyframe where none comes in time.
///
/// Every kind of sound is a group of its own, and every rendition of pictures a variant with each group: a player takes
/// the first variants whose codecs it knows, which are those with AAC where there is any.
pub fn multivariant(renditions: &[RenditionOutline], view: View) -> String {
    let of = |kind: MediaKind| renditions.iter().filter(move |info| info.kind == kind);
    let mut out = String::with_capacity(1_024);
    let file = view.file();
    // A `String` takes all that is written to it.
    let _ = writeln!(out, "#EXTM3U\n#EXT-X-VERSION:{VERSION}");
    let has_pictures = of(MediaKind::Video).next().is_some();
    if !has_pictures {
        for sound in of(MediaKind::Audio) {
            stream_inf(&mut out, sound, None, file);
        }
        return out;
    }
    for sound in of(MediaKind::Audio) {
        let name = &sound.name;
        let channels = sound.channels.unwrap_or(1);
        let _ = writeln!(
            out,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{name}\",NAME=\"{SOUND}\",DEFAULT=YES,\
             AUTOSELECT=YES,CHANNELS=\"{channels}\",URI=\"{name}/{file}\""
        );
    }
    let has_sound = of(MediaKind::Audio).next().is_some();
    if !has_sound {
        for pictures in of(MediaKind::Video) {
            stream_inf(&mut out, pictures, None, file);
        }
    }
    for sound in of(MediaKind::Audio) {
        for pictures in of(MediaKind::Video) {
            stream_inf(&mut out, pictures, Some(sound), file);
        }
    }
    out
}

/// One variant: a rendition and, of pictures, the sound that goes with it.
fn stream_inf(
    out: &mut String,
    main: &RenditionOutline,
    sound: Option<&RenditionOutline>,
    file: &str,
) {
    let sum = |of: fn(&RenditionOutline) -> u64| of(main) + sound.map_or(0, of);
    let (peak, average) = (sum(|info| info.peak_bps), sum(|info| info.average_bps));
    let _ = write!(
        out,
        "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{}",
        main.codecs
    );
    if let Some(sound) = sound {
        let _ = write!(out, ",{}", sound.codecs);
    }
    out.push('"');
    if let Some(size) = main.size {
        let _ = write!(out, ",RESOLUTION={}x{}", size.width, size.height);
    }
    if let Some(fps) = main.milli_fps.filter(|fps| *fps > 0) {
        let _ = write!(out, ",FRAME-RATE={}.{:03}", fps / 1_000, fps % 1_000);
    }
    if let Some(sound) = sound {
        let _ = write!(out, ",AUDIO=\"{}\"", sound.name);
    }
    let _ = writeln!(out, "\n{}/{file}", main.name);
}

#[cfg(test)]
mod tests;
