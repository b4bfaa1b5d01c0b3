//! One request for a playlist: its URL, and what is told of its answer.

use std::time::Duration;

use url::Url;

use crate::checker::Snapshot;
use crate::playlist::media::Media;
use crate::playlist::parse;
use crate::rules::reloads::{Directives, Skip};

use super::answer::Answer;
use super::desk::Desk;

/// Tells of a playlist, and reads it.
pub(crate) fn tell(desk: &Desk, url: &Url, answer: &Answer, asked: Directives) -> Media {
    let media = parse::media(&answer.text());
    let snapshot = Snapshot {
        url: url.clone(),
        media: media.clone(),
        asked_at: answer.at.saturating_sub(answer.took),
        at: answer.at,
        wall: desk.wall(),
        asked,
    };
    desk.tell(|checker| checker.handle_snapshot(snapshot));
    media
}

/// The URL of a reload, its directives in the order of their names.
pub(crate) fn with(url: &Url, asked: Directives) -> Url {
    let mut url = url.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(msn) = asked.msn {
            query.append_pair("_HLS_msn", &msn.to_string());
        }
        if let Some(part) = asked.part {
            query.append_pair("_HLS_part", &part.to_string());
        }
        match asked.skip {
            Skip::No => {}
            Skip::Yes => drop(query.append_pair("_HLS_skip", "YES")),
            Skip::V2 => drop(query.append_pair("_HLS_skip", "v2")),
        }
    }
    url
}

/// The target duration; a playlist without one is wrong elsewhere.
pub(crate) fn target(media: &Media) -> Duration {
    Duration::from_secs(media.target_duration.unwrap_or(6).min(3_600))
}
