//! Follows one rendition as a player does.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use url::Url;

use crate::exchange::Question;
use crate::playlist::media::{Edge, Media};
use crate::playlist::parse;
use crate::rules::reloads::{Directives, Skip};

use super::desk::Desk;
use super::questions;
use super::reload::{target, tell, with};
use super::shelf::Shelf;

/// A playlist that is not told how often to poll is polled at this pace.
const POLL: Duration = Duration::from_secs(1);

/// Until the time is over, or the stream.
pub(crate) async fn follow(desk: &Desk, url: &Url) {
    let first = desk.get(url, &[]).await;
    let media = parse::media(&first.text());
    let target = target(&media);
    let question = match media.is_ended {
        true => Question::LastingPlaylist,
        false => Question::Playlist,
    };
    let exchange = first.exchange(question, target);
    desk.tell(|checker| checker.handle_exchange(&exchange));
    if first.status != 200 {
        return;
    }
    tell(desk, url, &first, Directives::default());
    tokio::join!(
        questions::ask(desk, url, &media),
        reload(desk, url, media.clone())
    );
}

/// One playlist after the other.
async fn reload(desk: &Desk, url: &Url, mut media: Media) {
    let mut shelf = Shelf::default();
    shelf.take(desk, url, &media).await;
    let mut pace = interval((target(&media) / 2).max(POLL));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace.reset();
    let mut n_reloads = 0_u64;
    while !media.is_ended && !desk.left().is_zero() {
        n_reloads = n_reloads.saturating_add(1);
        let can_block = media
            .server_control
            .as_ref()
            .is_some_and(|c| c.can_block_reload);
        let next = if can_block {
            awaited(desk, url, &media, skip_of(&media, n_reloads)).await
        } else {
            if !rest(desk, &mut pace).await {
                return;
            }
            plain(desk, url, &media).await
        };
        // What went wrong, and an answer that came early, are told; the next try is not to be a storm.
        let is_more = next
            .as_ref()
            .is_some_and(|next| next.is_ended || next.edge() > media.edge());
        media = next.unwrap_or(media);
        if can_block && !is_more {
            pace.reset();
            if !rest(desk, &mut pace).await {
                return;
            }
        }
        shelf.take(desk, url, &media).await;
        shelf.look_back(desk, url, &media).await;
    }
}

/// Until the next poll is due. `false`: the time is over before.
async fn rest(desk: &Desk, pace: &mut Interval) -> bool {
    timeout(desk.left(), pace.tick()).await.is_ok()
}

/// Every second reload is a delta update too, and every fourth of version 2.
fn skip_of(media: &Media, n_reloads: u64) -> Skip {
    let can_skip = media
        .server_control
        .as_ref()
        .is_some_and(|c| c.can_skip_until.is_some());
    match n_reloads % 4 {
        1 if can_skip => Skip::Yes,
        3 if can_skip => Skip::V2,
        _ => Skip::No,
    }
}

async fn plain(desk: &Desk, url: &Url, media: &Media) -> Option<Media> {
    let answer = desk.get(url, &[]).await;
    let exchange = answer.exchange(Question::Playlist, target(media));
    desk.tell(|checker| checker.handle_exchange(&exchange));
    (answer.status == 200).then(|| tell(desk, url, &answer, Directives::default()))
}

/// Waits for what comes next: with the playlist, with a delta update of it, and with the part that is hinted.
async fn awaited(desk: &Desk, url: &Url, media: &Media, skip: Skip) -> Option<Media> {
    let Edge { msn, n_parts } = media.edge();
    let asked = Directives {
        msn: Some(msn),
        part: media.part_target.is_some().then_some(n_parts),
        skip: Skip::No,
    };
    let of_delta = Directives { skip, ..asked };
    let (url_whole, url_delta) = (with(url, asked), with(url, of_delta));
    let hint = media
        .hints
        .iter()
        .find(|hint| hint.kind == "PART" && hint.start.unwrap_or(0) == 0);
    let hint = hint.and_then(|hint| Some((hint.uri.as_str(), url.join(&hint.uri).ok()?)));
    let of_hint = async {
        match &hint {
            Some((uri, url)) => Some((*uri, desk.get(url, &[]).await)),
            None => None,
        }
    };
    let delta = async {
        match skip {
            Skip::No => None,
            Skip::Yes | Skip::V2 => Some(desk.get(&url_delta, &[]).await),
        }
    };
    let (whole, delta, hinted) = tokio::join!(desk.get(&url_whole, &[]), delta, of_hint);
    let target = target(media);
    let exchange = whole.exchange(Question::ReloadOfNext, target);
    desk.tell(|checker| checker.handle_exchange(&exchange));
    if let Some(delta) = delta.filter(|delta| delta.status == 200) {
        tell(desk, url, &delta, of_delta);
    }
    if whole.status != 200 {
        return None;
    }
    let next = tell(desk, url, &whole, asked);
    if let Some((uri, answer)) = hinted {
        // A hint that was left behind may be answered with 404.
        let parts = next.segment(msn).map(|segment| segment.parts.as_slice());
        let has_come = parts.unwrap_or_default().iter().any(|part| part.uri == uri);
        if has_come {
            let exchange = answer.exchange(Question::Hint, target);
            desk.tell(|checker| checker.handle_exchange(&exchange));
        }
    }
    Some(next)
}
