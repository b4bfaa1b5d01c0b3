//! Init sections, parts and segments.

use std::time::Duration;

use crate::catalog::Rule;
use crate::media::fragment::Fragment;
use crate::media::init::Init;
use crate::playlist::segment::Part;
use crate::report::Notes;

/// How far the media of a part may be from what it says: a tick of a clock of any kind, and rounding.
const LENGTH_APART: Duration = Duration::from_millis(10);
/// How far the tracks of one fragment may begin from each other: a frame of pictures.
const TRACKS_APART: Duration = Duration::from_millis(50);

/// An init section came; what it says of itself, if it can be read.
pub fn judge_init(bytes: &[u8], channels: Option<u64>, notes: &mut Notes<'_>) -> Option<Init> {
    let init = Init::parse(bytes);
    notes.check(Rule::Mb01, None, init.is_ok(), || match &init {
        Err(error) => error.to_string(),
        Ok(_) => String::new(),
    });
    let init = init.ok()?;
    for track in &init.tracks {
        if let Some(has_sets) = track.has_parameter_sets {
            notes.check(Rule::Mb03, None, has_sets, || {
                "avcC without sequence or picture parameter sets".to_owned()
            });
        }
        if let (Some(has), Some(said)) = (track.channels, channels) {
            notes.check(Rule::Mb04, None, has == said, || {
                format!("CHANNELS is {said}, and the init section has {has}")
            });
        }
    }
    Some(init)
}

/// A part came.
pub fn judge_part(part: &Part, bytes: &[u8], init: &Init, notes: &mut Notes<'_>) {
    let fragment = Fragment::parse(bytes, init);
    notes.check(
        Rule::Mb01,
        Some(part.line),
        fragment.is_ok(),
        || match &fragment {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        },
    );
    let Ok(fragment) = fragment else {
        return;
    };
    // Where there are pictures, they are what is independent: every frame of sound is.
    let pictures = init.tracks.iter().find(|track| track.size.is_some());
    let lead = pictures.or(init.tracks.first());
    let lead = lead.and_then(|lead| fragment.tracks.iter().find(|run| run.track == lead.id));
    if let Some(run) = lead {
        if part.is_independent {
            notes.check(Rule::Mb02, Some(part.line), run.has_sync, || {
                format!("{} is INDEPENDENT, and has no sync sample", part.uri)
            });
        } else {
            notes.check(Rule::Lh08, Some(part.line), !run.has_sync, || {
                format!("{} has a sync sample, and is not INDEPENDENT", part.uri)
            });
        }
        let apart = run.length.abs_diff(part.duration);
        notes.check(Rule::Mb06, Some(part.line), apart <= LENGTH_APART, || {
            format!(
                "DURATION is {:?}, and its media {:?}",
                part.duration, run.length
            )
        });
        for other in fragment
            .tracks
            .iter()
            .filter(|other| other.track != run.track)
        {
            let apart = run.begins.abs_diff(other.begins);
            notes.check(Rule::Mb05, Some(part.line), apart <= TRACKS_APART, || {
                format!("tracks begin {apart:?} apart")
            });
        }
    }
}

/// A segment came, all of whose parts had come.
pub fn judge_segment(parts: &[&[u8]], segment: &[u8], line: usize, notes: &mut Notes<'_>) {
    let n_bytes: usize = parts.iter().map(|part| part.len()).sum();
    let is_same = parts.concat() == segment;
    notes.check(Rule::Lh10, Some(line), is_same, || {
        format!(
            "{n_bytes} bytes of parts are not the {} of the segment",
            segment.len()
        )
    });
}

/// A segment has another init section than the one before it.
pub fn judge_change(before: &Init, after: &Init, is_discontinuous: bool, notes: &mut Notes<'_>) {
    let pairs = before.tracks.iter().zip(&after.tracks);
    let n_same = pairs.filter(|(a, b)| a.is_as(b)).count();
    let is_same = before.tracks.len() == after.tracks.len() && n_same == after.tracks.len();
    notes.check(Rule::Lh18, None, is_same || is_discontinuous, || {
        format!("{:?} after {:?}", after.tracks, before.tracks)
    });
}
