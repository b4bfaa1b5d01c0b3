//! A multivariant playlist.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Rule;
use crate::media::init::Track;
use crate::playlist::attributes::Attributes;
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
    judge_groups(playlist, notes);
}

/// Groups of one type are encodings of the same renditions.
fn judge_groups(playlist: &Multivariant, notes: &mut Notes<'_>) {
    let mut groups: BTreeMap<(&str, &str), BTreeSet<&Attributes>> = BTreeMap::new();
    let mut lines: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for rendition in &playlist.renditions {
        let group = (rendition.kind.as_str(), rendition.group.as_str());
        groups.entry(group).or_default().insert(&rendition.common);
        lines.entry(group).or_insert(rendition.line);
    }
    let pairs = groups.iter().zip(groups.iter().skip(1));
    for (((kind, group), members), ((next_kind, next_group), next)) in pairs {
        if kind == next_kind {
            let line = lines.get(&(*next_kind, *next_group)).copied();
            notes.check(Rule::Lh30, line, members == next, || {
                format!("members of {next_group:?} are not those of {group:?}")
            });
        }
    }
}

/// A variant of a playlist whose init section has this track. `is_first`: it is as old as the playlist, which knows its profile
/// and level then.
pub fn judge_format(variant: &Variant, track: &Track, is_first: bool, notes: &mut Notes<'_>) {
    let is_listed = variant.codecs.iter().any(|codec| match is_first {
        true => covers(codec, track),
        false => codec.starts_with(track.format),
    });
    notes.check(Rule::Lh27, Some(variant.line), is_listed, || {
        let (format, avc) = (track.format, track.avc.unwrap_or_default());
        format!(
            "CODECS of {} is {:?}, and its media {format} ({:02x}, {:02x})",
            variant.uri, variant.codecs, avc.0, avc.1
        )
    });
}

/// Whether who can decode what a string names can decode a track.
fn covers(codec: &str, track: &Track) -> bool {
    let Some(named) = codec.strip_prefix(track.format) else {
        return false;
    };
    let byte = |at: usize| {
        let digits = named.strip_prefix('.')?.get(at..at.checked_add(2)?)?;
        u8::from_str_radix(digits, 16).ok()
    };
    match (track.avc, byte(0).zip(byte(4))) {
        (Some((profile, level)), Some((named, most))) => {
            avc_rank(named) >= avc_rank(profile) && most >= level
        }
        _ => true,
    }
}

/// Baseline, main, high, and those that have more than it.
const fn avc_rank(profile: u8) -> u8 {
    match profile {
        66 => 0,
        77 => 1,
        100 => 2,
        _ => 3,
    }
}
