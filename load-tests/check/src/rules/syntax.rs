//! What the parser could not read as it should be read, and the version that the tags need.

use crate::catalog::Rule;
use crate::playlist::fault::Fault;
use crate::playlist::media::Media;
use crate::report::Notes;

/// Rules that only a parser can see broken.
const OF_PARSER: [Rule; 5] = [Rule::Pl01, Rule::Pl02, Rule::Pl03, Rule::Pl04, Rule::Pl05];

/// A text was read, with these faults.
pub fn judge(faults: &[Fault], notes: &mut Notes<'_>) {
    for rule in OF_PARSER {
        let mut broken = faults.iter().filter(|fault| fault.rule == rule).peekable();
        if broken.peek().is_none() {
            notes.check(rule, None, true, String::new);
        }
        for fault in broken {
            notes.check(rule, Some(fault.line), false, || fault.what.clone());
        }
    }
}

/// Keys and the version of a media playlist.
pub fn judge_media(media: &Media, notes: &mut Notes<'_>) {
    judge(&media.faults, notes);
    let keyless = media.faults.iter().filter(|fault| fault.rule == Rule::Lh28);
    for fault in keyless.clone() {
        notes.check(Rule::Lh28, Some(fault.line), false, || fault.what.clone());
    }
    if keyless.count() == 0 && media.segments.iter().any(|s| s.key.is_some()) {
        notes.check(Rule::Lh28, None, true, String::new);
    }
    if let Some((needed, line, tag)) = media.version_needed {
        let version = media.version.unwrap_or(1);
        notes.check(Rule::Lh12, Some(line), version >= needed, || {
            format!("{tag} needs version {needed}, and the playlist says {version}")
        });
    }
}
