//! A multivariant playlist.

use crate::catalog::Rule;
use crate::playlist::multivariant::{Multivariant, Variant};
use crate::report::Notes;

/// Beginnings of the names of formats of sound (RFC 6381, and the registry of MP4 sample entries).
const OF_SOUND: [&str; 7] = ["mp4a", "opus", "Opus", "ac-3", "ec-3", "fLaC", "alac"];

/// The playlist by itself.
pub fn judge(playlist: &Multivariant, notes: &mut Notes<'_>) {
    super::syntax::judge(&playlist.faults, notes);
    for variant in &playlist.variants {
        let is_sound = |codec: &String| OF_SOUND.iter().any(|name| codec.starts_with(name));
        let has_sound = variant.codecs.iter().any(is_sound);
        let has_pictures = variant.codecs.iter().any(|codec| !is_sound(codec));
        let lacks_sound = variant.audio.is_some() && !has_sound;
        let lacks_pictures = variant.has_resolution && !has_pictures;
        let is_whole = !variant.codecs.is_empty() && !lacks_sound && !lacks_pictures;
        notes.check(Rule::Lh27, Some(variant.line), is_whole, || {
            format!("CODECS of {} is {:?}", variant.uri, variant.codecs)
        });
    }
}

/// A variant of a playlist whose init section has this format.
pub fn judge_format(variant: &Variant, format: &str, notes: &mut Notes<'_>) {
    let is_listed = variant.codecs.iter().any(|codec| codec.starts_with(format));
    notes.check(Rule::Lh27, Some(variant.line), is_listed, || {
        format!(
            "CODECS of {} is {:?}, and its media {format}",
            variant.uri, variant.codecs
        )
    });
}
