//! Everything that was seen of one origin. A value: what it is told decides what it finds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sfu_model::time::Instant;
use url::Url;

use crate::exchange::Exchange;
use crate::media::init::Init;
use crate::playlist::date_time::DateTime;
use crate::playlist::media::Media;
use crate::playlist::multivariant::Multivariant;
use crate::playlist::segment::{Map, Part};
use crate::report::{Notes, Report};
use crate::rules::deltas::Ranges;
use crate::rules::identity::Uris;
use crate::rules::pace::Pace;
use crate::rules::reloads::{Directives, Skip};
use crate::rules::{
    answers, constants, dates, deltas, fragments, hints, identity, parts, promises, reloads,
    removal, renditions, reports, segments, syntax, variants,
};

/// A reload that took so long was held until what it awaited came; what was there already comes sooner over most networks.
const HELD: Duration = Duration::from_millis(200);

/// A media playlist as it came.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Of which rendition: without a query.
    pub url: Url,
    /// What it says.
    pub media: Media,
    /// When it was asked for.
    pub asked_at: Instant,
    /// When it was whole.
    pub at: Instant,
    /// The wall clock then, as the server tells it or ours.
    pub wall: Option<DateTime>,
    /// What had been asked for.
    pub asked: Directives,
}

/// Keeps what was seen, and what was found.
#[derive(Debug, Default)]
pub struct Checker {
    report: Report,
    multivariant: Option<(Url, Multivariant)>,
    seen: BTreeMap<Url, Seen>,
    /// Renditions of which an init section came.
    begun: BTreeSet<Url>,
    inits: BTreeMap<(Url, Option<String>), Init>,
}

/// One rendition.
#[derive(Debug, Default)]
struct Seen {
    /// Its last whole playlist, or what a delta made of the one before.
    latest: Option<Media>,
    /// What the last delta made, until a whole playlist comes.
    made: Option<Media>,
    pace: Option<Pace>,
    uris: Uris,
    ranges: Ranges,
}

impl Checker {
    /// What was found.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// A multivariant playlist came.
    pub fn handle_multivariant(&mut self, url: &Url, playlist: Multivariant) {
        variants::judge(&playlist, &mut Notes::new(&mut self.report, url.as_str()));
        self.multivariant = Some((url.clone(), playlist));
    }

    /// A media playlist came.
    pub fn handle_snapshot(&mut self, snapshot: Snapshot) {
        let Snapshot {
            url,
            media,
            asked_at,
            at,
            wall,
            asked,
        } = snapshot;
        let mut notes = Notes::new(&mut self.report, url.as_str());
        alone(&media, wall, &mut notes);
        reloads::judge(&media, asked, &mut notes);
        let is_delta = !media.skips.is_empty();
        let is_held = asked.msn.is_some() && at.saturating_since(asked_at) >= HELD;
        let seen = self.seen.entry(url.clone()).or_default();
        let whole = if is_delta {
            if asked.skip == Skip::V2 {
                deltas::judge_v2(&media, &seen.ranges, at, &mut notes);
            }
            let made = deltas::judge(seen.latest.as_ref(), &media, &mut notes);
            seen.made.clone_from(&made);
            made
        } else {
            deltas::judge_whole(&media, asked.skip != Skip::No, &mut notes);
            if let Some(made) = seen.made.take() {
                deltas::judge_pair(&made, &media, &mut notes);
            }
            Some(media)
        };
        let Some(media) = whole else {
            return;
        };
        let before = seen.follow(media, at, is_held, &mut notes);
        self.together(&url, before.as_ref());
    }

    /// What the renditions say of each other.
    fn together(&mut self, url: &Url, before: Option<&Media>) {
        let Some(media) = self.seen.get(url).and_then(|seen| seen.latest.as_ref()) else {
            return;
        };
        let mut notes = Notes::new(&mut self.report, url.as_str());
        let others = self.seen.iter().filter(|(other, _)| *other != url);
        for (other_url, other) in
            others.filter_map(|(url, seen)| Some((url, seen.latest.as_ref()?)))
        {
            renditions::judge(media, other, &mut notes);
            if let Some(before) = before {
                renditions::judge_date_ranges(before, media, other, &mut notes);
            }
            let both_live = !media.is_ended && !other.is_ended;
            if !(both_live && media.is_low_latency() && other.is_low_latency()) {
                continue;
            }
            let of_other = |uri: &str| url.join(uri).is_ok_and(|uri| uri == *other_url);
            let report = media.reports.iter().find(|report| of_other(&report.uri));
            reports::judge_presence(report.is_some(), other_url.path(), &mut notes);
            if let Some(report) = report {
                reports::judge_report(report, media, other, &mut notes);
            }
        }
        for (segment, next) in media.segments.iter().zip(media.segments.iter().skip(1)) {
            let init = |map: &Option<Map>| self.inits.get(&key(url, map.as_ref()?)?);
            if let (Some(before), Some(after)) = (init(&segment.map), init(&next.map))
                && segment.map != next.map
            {
                fragments::judge_change(before, after, next.is_discontinuous, &mut notes);
            }
        }
    }

    /// A request was answered.
    pub fn handle_exchange(&mut self, exchange: &Exchange) {
        answers::judge(exchange, &mut Notes::new(&mut self.report, &exchange.url));
    }

    /// An init section of a rendition came.
    pub fn handle_init(&mut self, url: &Url, map: &Map, bytes: &[u8]) {
        let Some(key) = key(url, map) else {
            return;
        };
        let channels = self.channels(url);
        let place = key.0.as_str().to_owned();
        let mut notes = Notes::new(&mut self.report, &place);
        let Some(init) = fragments::judge_init(bytes, channels, &mut notes) else {
            return;
        };
        // What is listed later, the multivariant playlist that we have may know nothing of.
        let is_first = self.begun.insert(url.clone());
        if let Some((base, playlist)) = &self.multivariant {
            let is_it = |uri: &str| base.join(uri).is_ok_and(|uri| uri == *url);
            let groups = playlist
                .renditions
                .iter()
                .filter(|r| r.uri.as_deref().is_some_and(is_it));
            let groups: Vec<&str> = groups.map(|rendition| rendition.group.as_str()).collect();
            let refers =
                |group: &Option<String>| group.as_deref().is_some_and(|g| groups.contains(&g));
            let named = playlist
                .variants
                .iter()
                .filter(|v| is_it(&v.uri) || refers(&v.audio));
            for variant in named {
                for track in init.tracks.iter().filter(|track| !track.format.is_empty()) {
                    variants::judge_format(variant, track, is_first, &mut notes);
                }
            }
        }
        self.inits.insert(key, init);
    }

    /// `CHANNELS` of a rendition.
    fn channels(&self, url: &Url) -> Option<u64> {
        let (base, playlist) = self.multivariant.as_ref()?;
        let is_it = |uri: &String| base.join(uri).is_ok_and(|uri| uri == *url);
        let mut renditions = playlist.renditions.iter();
        renditions
            .find(|r| r.uri.as_ref().is_some_and(is_it))?
            .channels
    }

    /// A part of a rendition came.
    pub fn handle_part(&mut self, url: &Url, part: &Part, map: &Map, bytes: &[u8]) {
        let mut notes = Notes::new(&mut self.report, url.as_str());
        if let Some(init) = key(url, map).and_then(|key| self.inits.get(&key)) {
            fragments::judge_part(part, bytes, init, &mut notes);
        }
    }

    /// A segment of a rendition came, whose parts had all come.
    pub fn handle_segment(&mut self, url: &Url, parts: &[&[u8]], segment: &[u8]) {
        let mut notes = Notes::new(&mut self.report, url.as_str());
        fragments::judge_segment(parts, segment, 0, &mut notes);
    }
}

/// An init section, wherever it is named.
fn key(url: &Url, map: &Map) -> Option<(Url, Option<String>)> {
    Some((url.join(&map.uri).ok()?, map.byte_range.clone()))
}

/// A playlist by itself.
fn alone(media: &Media, wall: Option<DateTime>, notes: &mut Notes<'_>) {
    syntax::judge_media(media, notes);
    promises::judge(media, notes);
    parts::judge(media, notes);
    segments::judge(media, notes);
    dates::judge(media, wall, notes);
    hints::judge(media, notes);
    reports::judge(media, notes);
}

impl Seen {
    /// A whole playlist of the rendition; what it was before.
    fn follow(
        &mut self,
        media: Media,
        at: Instant,
        is_held: bool,
        notes: &mut Notes<'_>,
    ) -> Option<Media> {
        match &mut self.pace {
            Some(pace) => pace.judge(&media, at, is_held, notes),
            None => self.pace = Some(Pace::new(&media, at)),
        }
        if let Some(old) = &self.latest {
            constants::judge(old, &media, notes);
            if removal::judge(old, &media, notes) {
                identity::judge(old, &media, notes);
            }
        }
        self.uris.judge(&media, notes);
        self.ranges.take(&media, at);
        self.latest.replace(media)
    }
}
