//! The media of one rendition, as long as something may be asked about it.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use sfu_model::time::Instant;
use url::Url;

use crate::exchange::Question;
use crate::playlist::media::Media;
use crate::playlist::segment::{Map, Part, Segment};

use super::desk::Desk;
use super::reload::target;

/// Things that were removed and are still to be asked for; older ones are forgotten.
const REMOVED_MAX: usize = 64;

/// What was fetched of a rendition.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    inits: Vec<Map>,
    /// Parts of segments that are not finished, or not fetched: by number and place.
    parts: BTreeMap<(u64, usize), Bytes>,
    /// The number after the last segment that was fetched. `None`: no playlist was looked at.
    next: Option<u64>,
    /// The last playlist.
    last: Option<Media>,
    removed: VecDeque<Removed>,
}

/// What is no longer listed, and when it is to be asked for once more.
#[derive(Debug)]
struct Removed {
    uri: String,
    question: Question,
    due: Instant,
}

impl Shelf {
    /// Fetches what is new in a playlist.
    pub(crate) async fn take(&mut self, desk: &Desk, url: &Url, media: &Media) {
        let first_new = self
            .next
            .unwrap_or_else(|| media.edge().msn.saturating_sub(1));
        for segment in media.segments.iter().filter(|s| s.msn >= first_new) {
            self.init(desk, url, media, segment).await;
            for (index, part) in segment.parts.iter().enumerate() {
                self.part(desk, url, media, (segment, index, part)).await;
            }
            if segment.is_whole() && !segment.is_gap {
                self.segment(desk, url, media, segment).await;
                self.next = Some(segment.msn.saturating_add(1));
            }
        }
    }

    async fn init(&mut self, desk: &Desk, url: &Url, media: &Media, segment: &Segment) {
        let Some(map) = segment.map.clone().filter(|map| !self.inits.contains(map)) else {
            return;
        };
        if let Some(bytes) = fetch(desk, url, media, &map.uri, map.byte_range.as_deref()).await {
            desk.tell(|checker| checker.handle_init(url, &map, &bytes));
        }
        self.inits.push(map);
    }

    async fn part(&mut self, desk: &Desk, url: &Url, media: &Media, of: (&Segment, usize, &Part)) {
        let (segment, index, part) = of;
        let key = (segment.msn, index);
        if part.is_gap || self.parts.contains_key(&key) {
            return;
        }
        // A range without a start follows the one before it, which is more than is looked at here.
        if part
            .byte_range
            .as_deref()
            .is_some_and(|range| !range.contains('@'))
        {
            return;
        }
        let Some(bytes) = fetch(desk, url, media, &part.uri, part.byte_range.as_deref()).await
        else {
            return;
        };
        if let Some(map) = &segment.map {
            desk.tell(|checker| checker.handle_part(url, part, map, &bytes));
        }
        self.parts.insert(key, bytes);
    }

    async fn segment(&mut self, desk: &Desk, url: &Url, media: &Media, segment: &Segment) {
        let Some(uri) = segment
            .uri
            .as_deref()
            .filter(|_| segment.byte_range.is_none())
        else {
            return;
        };
        let whole = fetch(desk, url, media, uri, None).await;
        let n_parts = segment.parts.len();
        let has_all =
            n_parts > 0 && (0..n_parts).all(|index| self.parts.contains_key(&(segment.msn, index)));
        if let Some(whole) = whole.filter(|_| has_all) {
            let parts = self.parts.range((segment.msn, 0)..(segment.msn, n_parts));
            let parts: Vec<&[u8]> = parts.map(|(_, bytes)| bytes.as_ref()).collect();
            desk.tell(|checker| checker.handle_segment(url, &parts, &whole));
        }
        self.parts = self.parts.split_off(&(segment.msn.saturating_add(1), 0));
    }

    /// Asks for what was removed a while ago.
    pub(crate) async fn look_back(&mut self, desk: &Desk, url: &Url, media: &Media) {
        let now = desk.now();
        if let Some(last) = self.last.replace(media.clone()) {
            self.note_removed(&last, media, now);
        }
        while let Some(gone) = self.removed.pop_front_if(|gone| gone.due <= now) {
            if let Ok(place) = url.join(&gone.uri) {
                let exchange = desk
                    .get(&place, &[])
                    .await
                    .exchange(gone.question, target(media));
                desk.tell(|checker| checker.handle_exchange(&exchange));
            }
        }
    }

    /// What a playlist no longer lists is there for three target durations if it is a part, and for its own length at least if
    /// it is a segment.
    fn note_removed(&mut self, last: &Media, media: &Media, now: Instant) {
        for segment in last.segments.iter().filter(|s| !s.is_gap) {
            let still = media.segment(segment.msn);
            let part = segment
                .parts
                .iter()
                .find(|part| !part.is_gap && part.byte_range.is_none());
            if let Some(part) = part.filter(|_| still.is_none_or(|still| still.parts.is_empty())) {
                self.note(&part.uri, Question::RemovedPart, now + target(media) * 2);
            }
            if let Some(uri) = segment
                .uri
                .as_ref()
                .filter(|_| still.is_none() && segment.msn < media.msn)
            {
                self.note(uri, Question::RemovedSegment, now + segment.length() / 2);
            }
        }
    }

    fn note(&mut self, uri: &str, question: Question, due: Instant) {
        if self.removed.len() < REMOVED_MAX {
            let uri = uri.to_owned();
            self.removed.push_back(Removed { uri, question, due });
        }
    }
}

/// Media that is listed. `None`: it did not come, which is told.
async fn fetch(
    desk: &Desk,
    url: &Url,
    media: &Media,
    uri: &str,
    range: Option<&str>,
) -> Option<Bytes> {
    let place = url.join(uri).ok()?;
    let range = range.and_then(bytes_of);
    let headers: Vec<(&str, &str)> = range
        .as_deref()
        .map(|range| ("range", range))
        .into_iter()
        .collect();
    let answer = desk.get(&place, &headers).await;
    let mut exchange = answer.exchange(Question::Media, target(media));
    if range.is_some() && exchange.status == 206 {
        exchange.status = 200;
    }
    desk.tell(|checker| checker.handle_exchange(&exchange));
    (exchange.status == 200).then_some(answer.body)
}

/// `length@start` as HTTP writes it.
fn bytes_of(range: &str) -> Option<String> {
    let (length, start) = range.split_once('@')?;
    let (length, start): (u64, u64) = (length.parse().ok()?, start.parse().ok()?);
    let last = start.checked_add(length)?.checked_sub(1)?;
    Some(format!("bytes={start}-{last}"))
}
