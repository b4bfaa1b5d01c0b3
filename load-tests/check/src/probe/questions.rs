//! What a player would not ask, and what it asks once.

use reqwest::Method;
use url::Url;

use crate::exchange::Question;
use crate::playlist::media::{Edge, Media};
use crate::rules::reloads::{Directives, Skip};

use super::desk::Desk;
use super::reload::{target, tell, with};

/// Further than any advance part limit: three parts, or as many as three seconds have.
const FAR_PARTS: u64 = 1_000;
/// Further ahead than two segments.
const FAR_SEGMENTS: u64 = 10;
/// A name that no origin gives.
const NOTHING: &str = "freshet-check-nobody-has-this.m4s";

/// About one rendition, as it was at first.
pub(crate) async fn ask(desk: &Desk, url: &Url, media: &Media) {
    let control = media.server_control.as_ref();
    let Edge { msn, .. } = media.edge();
    let msn_of = |msn| Directives {
        msn: Some(msn),
        ..Directives::default()
    };
    if media.is_ended {
        let ahead = with(url, msn_of(msn.saturating_add(1)));
        put(desk, &ahead, media, Question::ReloadOfEnded, &[]).await;
    } else if control.is_some_and(|control| control.can_block_reload) {
        let listed = with(url, msn_of(media.msn));
        put(desk, &listed, media, Question::ReloadOfListed, &[]).await;
        let far = with(url, msn_of(msn.saturating_add(FAR_SEGMENTS)));
        put(desk, &far, media, Question::FarSegment, &[]).await;
        let part = Directives {
            part: Some(0),
            ..Directives::default()
        };
        put(desk, &with(url, part), media, Question::PartWithoutMsn, &[]).await;
        if media.part_target.is_some() {
            let far = Directives {
                part: Some(FAR_PARTS),
                ..msn_of(msn)
            };
            put(desk, &with(url, far), media, Question::FarPart, &[]).await;
        }
        for bad in ["x", "-1"] {
            put(
                desk,
                &query(url, "_HLS_msn", bad),
                media,
                Question::NotANumber,
                &[],
            )
            .await;
        }
    }
    put(
        desk,
        &query(url, "_HLS_nobody", "1"),
        media,
        Question::UnknownDirective,
        &[],
    )
    .await;
    put(
        desk,
        url,
        media,
        Question::Gzip,
        &[("accept-encoding", "gzip")],
    )
    .await;
    if !media.is_ended && control.is_some_and(|control| control.can_block_reload) {
        beyond(desk, url, media).await;
    }
    let can_skip = control.is_some_and(|control| control.can_skip_until.is_some());
    if media.is_ended || !can_skip {
        let asked = Directives {
            skip: Skip::Yes,
            ..Directives::default()
        };
        let answer = desk.get(&with(url, asked), &[]).await;
        if answer.status == 200 {
            tell(desk, url, &answer, asked);
        }
    }
    files(desk, url, media).await;
}

/// The part after the last of the last whole segment, which means the first of the next.
async fn beyond(desk: &Desk, url: &Url, media: &Media) {
    let Some(last) = media.whole().rfind(|segment| !segment.parts.is_empty()) else {
        return;
    };
    let asked = Directives {
        msn: Some(last.msn),
        part: Some(last.parts.len() as u64),
        skip: Skip::No,
    };
    let answer = desk.get(&with(url, asked), &[]).await;
    let exchange = answer.exchange(Question::ReloadOfNext, target(media));
    desk.tell(|checker| checker.handle_exchange(&exchange));
    if answer.status == 200 {
        tell(desk, url, &answer, asked);
    }
}

/// About the last segment.
async fn files(desk: &Desk, url: &Url, media: &Media) {
    let last = media
        .whole()
        .rfind(|segment| !segment.is_gap && segment.byte_range.is_none());
    let Some(place) = last.and_then(|last| url.join(last.uri.as_deref()?).ok()) else {
        return;
    };
    if let Ok(nothing) = place.join(NOTHING) {
        put(desk, &nothing, media, Question::Nothing, &[]).await;
    }
    let whole = desk.get(&place, &[]).await;
    if whole.status == 200 && whole.body.len() > 10 {
        let length = whole.body.len() as u64;
        put(
            desk,
            &place,
            media,
            Question::Range(length),
            &[("range", "bytes=0-9")],
        )
        .await;
        let head = desk.ask(Method::HEAD, &place, &[]).await;
        let exchange = head.exchange(Question::Head(length), target(media));
        desk.tell(|checker| checker.handle_exchange(&exchange));
    }
}

async fn put(desk: &Desk, url: &Url, media: &Media, question: Question, headers: &[(&str, &str)]) {
    let answer = desk.get(url, headers).await;
    let exchange = answer.exchange(question, target(media));
    desk.tell(|checker| checker.handle_exchange(&exchange));
}

fn query(url: &Url, name: &str, value: &str) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair(name, value);
    url
}
