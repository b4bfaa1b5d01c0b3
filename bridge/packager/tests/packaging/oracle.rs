//! Judges everything that a packager says: each playlist by itself, against the one before it, and against those of the other
//! renditions. Names of rules are those of draft-pantos-hls-rfc8216bis sections.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bridge_packager::event::Event;
use bridge_packager::playlist::media::{Media, Upcoming};
use bridge_packager::playlist::skip::Skip;
use bridge_packager::playlist::uri::StreamFile;
use sfu_model::time::Instant;

use crate::reader::{Playlist, read};

/// What was said of one rendition.
#[derive(Default)]
struct Told {
    last: Option<Playlist>,
    /// Playlists of so long, for delta updates.
    old: Vec<(Instant, Playlist)>,
    part_at: Option<Instant>,
    segment_at: Option<Instant>,
    n_parts: u64,
    n_segments: u64,
}

#[derive(Default)]
pub(crate) struct Oracle {
    told: BTreeMap<String, Told>,
    /// Paths of what can be fetched, and of what never can because it is a gap.
    files: BTreeSet<String>,
    gaps: BTreeSet<String>,
    /// Whether the media of a segment begin with what can be decoded alone, by rendition and number.
    begins_alone: BTreeMap<(String, u64), bool>,
    /// How much later than the draft allows a part may come: the waiting time before a gap.
    pub(crate) patience: Duration,
    /// How far ahead of the clock frames are.
    pub(crate) ahead: Duration,
}

impl Oracle {
    pub(crate) fn judge(&mut self, now: Instant, event: &Event) {
        match event {
            Event::Init {
                rendition, init, ..
            } => {
                let path = format!("{rendition}/0a1b2c3d/init-{}.mp4", init.0);
                assert!(self.files.insert(path), "an init section twice");
            }
            Event::Part {
                rendition,
                segment,
                index,
                bytes,
            } => {
                if !bytes.is_empty() {
                    let place = (rendition.to_string(), segment.0);
                    let begins_alone = || begins_with_keyframe(bytes);
                    self.begins_alone.entry(place).or_insert_with(begins_alone);
                }
                let path = format!("{rendition}/0a1b2c3d/{}.{}.m4s", segment.0, index.0);
                let known = if bytes.is_empty() {
                    &mut self.gaps
                } else {
                    &mut self.files
                };
                assert!(known.insert(path), "a part twice");
            }
            Event::Segment {
                rendition, segment, ..
            } => {
                let path = format!("{rendition}/0a1b2c3d/{}.m4s", segment.0);
                assert!(self.files.insert(path), "a segment twice");
            }
            Event::Playlist(media) => self.judge_playlist(now, media),
            Event::Renditions(_) | Event::KeyframeWanted => {}
        }
    }

    /// A rendition is no more.
    pub(crate) fn forget(&mut self, rendition: &str) {
        let prefix = format!("{rendition}/");
        self.told.remove(rendition);
        self.files.retain(|path| !path.starts_with(&prefix));
        self.gaps.retain(|path| !path.starts_with(&prefix));
    }

    fn judge_playlist(&mut self, now: Instant, media: &Media) {
        let text = media.live(Skip::No);
        let playlist = read(&text);
        let is_hinted = !media.is_ended && media.upcoming != Upcoming::Unknown;
        assert_eq!(playlist.hint.is_some(), is_hinted, "the hint");
        second_reader(&text, &playlist);
        alone(&playlist);
        parts(&playlist);
        self.fetchable(media, &playlist);
        self.discontinuities(media);
        dates(&playlist, now + self.ahead);
        let dvr = read(&media.dvr(Skip::No));
        window(media, &dvr, &playlist);
        let patience = self.patience;
        let told = self.told.entry(media.rendition.to_string()).or_default();
        // Who has an older one asks for the whole (6.3.7): half the skip boundary.
        let is_young = |(at, _): &(Instant, Playlist)| now - *at <= Duration::from_secs(6);
        told.old.retain(is_young);
        if let Some(last) = &told.last {
            reload(last, &playlist);
            delta(&told.old, media, &playlist);
        }
        told.pace(now, media, &playlist, patience);
        told.old.push((now, playlist.clone()));
        told.last = Some(playlist);
    }

    /// 6.2.1, 4.4.4.5: all that is listed is there; 4.4.5.4: what is reported too.
    fn fetchable(&self, media: &Media, playlist: &Playlist) {
        let rendition = &media.rendition;
        for segment in playlist.segments.iter().chain(&playlist.open) {
            let uris = segment.parts.iter().map(|part| (&part.uri, part.is_gap));
            let map = segment.map.iter().map(|uri| (uri, false));
            for (uri, is_gap) in uris.chain(map) {
                let path = format!("{rendition}/{uri}");
                assert!(StreamFile::parse(&path).is_some(), "{path} cannot be read");
                let known = if is_gap { &self.gaps } else { &self.files };
                assert!(known.contains(&path), "{path} is not there");
            }
            let path = format!("{rendition}/{}", segment.uri);
            let is_there = segment.uri.is_empty() || self.files.contains(&path);
            assert!(is_there, "{path} is not there");
        }
        for (uri, number, part) in &playlist.reports {
            let other = uri.strip_prefix("../").unwrap();
            let other = other.strip_suffix("/live.m3u8").unwrap();
            assert_ne!(other, rendition.as_str(), "it reports itself");
            let path = format!("{other}/0a1b2c3d/{number}.{}.m4s", part.unwrap());
            let is_told = self.files.contains(&path) || self.gaps.contains(&path);
            assert!(is_told, "{path} is reported and not there");
        }
    }

    /// 4.4.4.3: decoders begin anew behind a discontinuity.
    fn discontinuities(&self, media: &Media) {
        let open = media.open.iter().map(|(head, _)| head);
        let heads = media.segments.iter().map(|segment| &segment.head);
        for head in heads.chain(open).filter(|head| head.is_discontinuous) {
            let (number, rendition) = (head.number.0, media.rendition.to_string());
            let begins_alone = self.begins_alone.get(&(rendition, number));
            let rendition = &media.rendition;
            assert!(
                *begins_alone.unwrap_or(&true),
                "segment {number} of {rendition} begins with what follows another picture"
            );
        }
    }

    /// 6.2.4: renditions agree about numbers, discontinuities and dates.
    pub(crate) fn judge_renditions(&self, media: &BTreeMap<String, Arc<Media>>) {
        let mut known: BTreeMap<u64, (bool, u64)> = BTreeMap::new();
        let mut promises = BTreeSet::new();
        for media in media.values() {
            let control = &media.server_control;
            promises.insert((control.target_duration_s, control.part_target));
            let open = media.open.iter().map(|(head, _)| head);
            let heads = media.segments.iter().map(|segment| &segment.head);
            for head in heads.chain(open) {
                let is = (head.is_discontinuous, head.discontinuity_sequence);
                let same = *known.entry(head.number.0).or_insert(is);
                assert_eq!(same, is, "segment {:?} of {}", head.number, media.rendition);
            }
        }
        assert!(promises.len() <= 1, "renditions promise different things");
    }
}

impl Told {
    /// 6.2.1: a new part within the part target, a new segment within 1.5 target durations.
    fn pace(&mut self, now: Instant, media: &Media, playlist: &Playlist, patience: Duration) {
        let n_parts = media.segments.iter().map(|s| s.parts.len()).sum::<usize>();
        let (next, part) = media.next_part();
        let n_parts = (next.0 << 20) + u64::from(part.0).max(u64::from(n_parts == 0));
        if n_parts > self.n_parts || playlist.is_ended {
            self.n_parts = n_parts;
            let since = self
                .part_at
                .replace(now)
                .map_or(Duration::ZERO, |at| now - at);
            let allowed = media.server_control.part_target + patience;
            assert!(
                since <= allowed,
                "{}: no part for {since:?}",
                media.rendition
            );
        }
        let n_segments = media.segments.last().map_or(0, |s| s.head.number.0 + 1);
        if n_segments > self.n_segments {
            self.n_segments = n_segments;
            let since = self
                .segment_at
                .replace(now)
                .map_or(Duration::ZERO, |at| now - at);
            let allowed = Duration::from_secs(3) + patience;
            assert!(
                since <= allowed,
                "{}: no segment for {since:?}",
                media.rendition
            );
        }
    }
}

/// Whether the first sample of a chunk is a sync sample (ISO/IEC 14496-12 sections 8.8.7 and 8.8.8).
fn begins_with_keyframe(chunk: &[u8]) -> bool {
    let number = |at: usize| u32::from_be_bytes(chunk[at..at + 4].try_into().unwrap());
    let inside = |name: &[u8]| chunk.windows(4).position(|w| w == name).unwrap() + 4;
    let (tfhd, trun) = (inside(b"tfhd"), inside(b"trun"));
    let flags = number(trun);
    let after_count = trun + 8 + 4 * usize::from(flags & 0x01 != 0);
    let first = if flags & 0x04 != 0 {
        number(after_count)
    } else if flags & 0x400 != 0 {
        let before = usize::from(flags & 0x100 != 0) + usize::from(flags & 0x200 != 0);
        number(after_count + 4 * before)
    } else {
        let flags = number(tfhd);
        let before = [(0x01, 8), (0x02, 4), (0x08, 4), (0x10, 4)];
        let before = before.iter().filter(|(bit, _)| flags & bit != 0);
        number(tfhd + 8 + before.map(|(_, n)| n).sum::<usize>())
    };
    first & 0x0001_0000 == 0
}

/// m3u8-rs reads the same.
fn second_reader(text: &str, playlist: &Playlist) {
    // It has no notion of a segment that is not finished, and takes the tags of one for an error at the end.
    let whole: String = match text.rfind(".m4s\n") {
        Some(end) => text[..end + 5].to_owned(),
        None => return,
    };
    let (_, read) = m3u8_rs::parse_media_playlist(whole.as_bytes()).unwrap();
    assert_eq!(read.media_sequence, playlist.first);
    assert_eq!(read.target_duration, playlist.target_s);
    assert_eq!(read.discontinuity_sequence, playlist.discontinuity_sequence);
    assert_eq!(read.segments.len(), playlist.segments.len());
    for (theirs, ours) in read.segments.iter().zip(&playlist.segments) {
        assert_eq!(theirs.uri, ours.uri);
        assert_eq!(theirs.discontinuity, ours.is_discontinuous);
        assert_eq!(theirs.map.as_ref().map(|map| &map.uri), ours.map.as_ref());
        assert!(theirs.program_date_time.is_some());
        let micros = (f64::from(theirs.duration) * 1e6).round();
        assert!((micros - ours.duration as f64).abs() < 2.0);
    }
}

/// What holds of a playlist whatever came before it.
pub(crate) fn alone(playlist: &Playlist) {
    let control = &playlist.promises[0];
    assert!(control.contains("CAN-BLOCK-RELOAD=YES"), "{control}");
    assert!(playlist.can_skip_until >= playlist.target_s * 6_000_000);
    let attributes = crate::reader::attributes(control.split_once(':').unwrap().1);
    let part_target = playlist.part_target.unwrap();
    let hold_back = crate::reader::micros(&attributes["PART-HOLD-BACK"]);
    assert!(hold_back >= 3 * part_target);
    let hold_back = crate::reader::micros(&attributes["HOLD-BACK"]);
    assert!(hold_back >= 3 * playlist.target_s * 1_000_000);
    // It is held back while a segment behind a discontinuity has no frame.
    let is_hinted = playlist.hint.is_some();
    assert!(is_hinted || playlist.is_ended || playlist.open.is_none());
    assert!(!(is_hinted && playlist.is_ended), "a hint after the end");
    // EXT-X-MAP needs 6, EXT-X-SKIP needs 9, and no tag of ours more (section 8).
    let version = if playlist.skipped.is_some() { 9 } else { 6 };
    assert_eq!(playlist.version, version, "the version");
    // Of a delta update too: not every player remembers the one that was skipped.
    let mut has_map = false;
    let mut map = None;
    for segment in playlist.segments.iter().chain(&playlist.open) {
        has_map |= segment.map.is_some();
        assert!(has_map, "{} has no EXT-X-MAP", segment.uri);
        let is_other = segment.map.is_some() && map.is_some() && map != segment.map.as_ref();
        assert!(
            !is_other || segment.is_discontinuous,
            "{} has another init section, and no discontinuity",
            segment.uri
        );
        map = segment.map.as_ref().or(map);
        assert!(segment.pdt.is_some(), "{} has no date", segment.uri);
        let rounded = (segment.duration + 500_000) / 1_000_000;
        assert!(
            rounded <= playlist.target_s,
            "{} is long: {}",
            segment.uri,
            segment.duration
        );
    }
}

/// 4.4.4.9: how long parts are, and where they stand.
pub(crate) fn parts(playlist: &Playlist) {
    let target = playlist.part_target.unwrap();
    let mut from_end = playlist.duration();
    for segment in playlist.segments.iter().chain(&playlist.open) {
        let is_whole = !segment.uri.is_empty();
        let sum: u64 = segment.parts.iter().map(|part| part.duration).sum();
        if is_whole && !segment.parts.is_empty() {
            assert_eq!(sum, segment.duration, "parts of {}", segment.uri);
            assert!(
                from_end <= 3_000_000 * playlist.target_s,
                "parts are listed too long"
            );
        }
        from_end -= if is_whole { segment.duration } else { 0 };
        // No rule of the draft, but players stop there for good.
        let n_gaps = segment.parts.iter().filter(|part| part.is_gap).count();
        assert!(
            [0, segment.parts.len()].contains(&n_gaps),
            "gaps among parts"
        );
        assert_eq!(segment.is_gap, is_whole && segment.is_gap, "an open gap");
        // 6.2.1: what is missing is said of the segment and of its parts.
        let is_told = segment.is_gap == (n_gaps > 0);
        let has_parts = is_whole && !segment.parts.is_empty();
        assert!(is_told || !has_parts, "a gap that half of the tags tell of");
        for (index, part) in segment.parts.iter().enumerate() {
            assert!(part.duration > 0 && part.duration <= target, "{part:?}");
            let next = segment.parts.get(index + 1);
            // The last of a segment that is not finished may turn out to be its last.
            let is_excused =
                part.is_independent || part.is_gap || next.is_none_or(|next| next.is_gap);
            let is_long = part.duration * 100 >= target * 85;
            assert!(is_excused || is_long, "{part:?} is short");
            let stem = part.uri.strip_suffix(&format!(".{index}.m4s"));
            assert!(stem.is_some(), "{part:?} is out of order");
        }
    }
}

/// 4.4.4.6: dates are there, rise, and are not in the future.
fn dates(playlist: &Playlist, now: Instant) {
    let dates: Vec<&str> = playlist
        .segments
        .iter()
        .chain(&playlist.open)
        .filter_map(|segment| segment.pdt.as_deref())
        .collect();
    assert!(dates.is_sorted(), "dates go back: {dates:?}");
    let unix = crate::driver::UNIX + (now - Instant::START);
    let now = bridge_packager::utc::Utc(unix.as_millis() as u64).to_string();
    assert!(
        dates.last().is_none_or(|last| *last <= now.as_str()),
        "after {now}: {dates:?}"
    );
}

/// The live playlist is the end of the DVR playlist; both keep their length.
fn window(media: &Media, dvr: &Playlist, live: &Playlist) {
    assert!(
        dvr.segments.ends_with(&without_parts(live)),
        "live is no end of DVR"
    );
    assert!(dvr.open.is_none() && dvr.hint.is_none() && dvr.reports.is_empty());
    assert_eq!(dvr.discontinuity_sequence, media.discontinuities_removed);
}

fn without_parts(live: &Playlist) -> Vec<crate::reader::Segment> {
    let mut segments = live.segments.clone();
    segments
        .iter_mut()
        .for_each(|segment| segment.parts.clear());
    // In the longer list the map stands where it began to apply.
    if let Some(first) = segments.first_mut() {
        first.map = None;
    }
    segments.into_iter().skip(1).collect()
}

/// 6.2.1, 6.2.2: what may be different after a reload.
pub(crate) fn reload(old: &Playlist, new: &Playlist) {
    assert_eq!(old.promises, new.promises, "a promise changed");
    assert_eq!(old.target_s, new.target_s);
    assert!(!old.is_ended, "it goes on after its end");
    let removed = new.first.checked_sub(old.first).expect("numbers go back");
    let gone = old.segments.get(..removed as usize);
    let gone = gone.expect("a segment was removed before it was finished");
    let n_breaks = gone.iter().filter(|segment| segment.is_discontinuous);
    let sequence = old.discontinuity_sequence + n_breaks.count() as u64;
    assert_eq!(new.discontinuity_sequence, sequence, "discontinuities");
    if removed > 0 {
        assert!(
            new.duration() >= 6_000_000,
            "less than three target durations"
        );
    }
    let (was, is) = (old.normalized(), new.normalized());
    for (index, segment) in was.segments.iter().skip(removed as usize).enumerate() {
        assert_eq!(Some(segment), is.segments.get(index), "a segment changed");
        let (before, after) = (
            &old.segments[index + removed as usize],
            &new.segments[index],
        );
        assert!(
            after.parts.is_empty() || after.parts == before.parts,
            "parts changed"
        );
    }
    if let Some(told) = old.upcoming.as_ref().filter(|_| !new.is_ended) {
        let index = (old.number(old.segments.len()) - new.first) as usize;
        let all = [&new.open, &new.upcoming];
        let now = new.segments.get(index).or(all.into_iter().flatten().next());
        let now = now.expect("a discontinuity was told of, and does not come");
        assert!(now.is_discontinuous, "a discontinuity is none");
        // Who took what was hinted has it with the map that was told.
        assert_eq!(now.map, told.map, "another map");
    }
    if let Some(open) = &old.open {
        let index = (old.number(old.segments.len()) - new.first) as usize;
        let now = new.segments.get(index).or(new.open.as_ref());
        let now = now.expect("the open segment is gone");
        let is_old = !now.uri.is_empty() && now.parts.is_empty();
        let is_same = now.parts.starts_with(&open.parts);
        assert!(is_same || is_old, "parts changed");
        assert_eq!(
            (&open.pdt, open.is_discontinuous),
            (&now.pdt, now.is_discontinuous)
        );
    }
    hint(old, new);
}

/// 4.4.5.3: what was hinted comes, unless its segment ended before it; then the next segment begins.
fn hint(old: &Playlist, new: &Playlist) {
    let Some(hinted) = &old.hint else {
        let next = (old.number(old.segments.len()) - new.first) as usize;
        let all = [&new.open, &new.upcoming];
        let begun = new.segments.get(next).or(all.into_iter().flatten().next());
        assert!(
            begun.is_none_or(|b| b.is_discontinuous),
            "nothing was hinted"
        );
        return;
    };
    let all = new.segments.iter().chain(&new.open);
    let parts: Vec<&str> = all.flat_map(|s| &s.parts).map(|p| p.uri.as_str()).collect();
    let last = old
        .segments
        .iter()
        .chain(&old.open)
        .flat_map(|s| &s.parts)
        .last();
    let after = last.and_then(|last| parts.iter().position(|uri| *uri == last.uri));
    let Some(next) = after.and_then(|index| parts.get(index + 1)) else {
        return;
    };
    let is_begin = next.ends_with(".0.m4s");
    assert!(
        *next == hinted || is_begin,
        "{hinted} was hinted, {next} came"
    );
}

/// 6.2.5.1: a delta update says the same as the whole playlist.
fn delta(old: &[(Instant, Playlist)], media: &Media, full: &Playlist) {
    for (skip, dvr_too) in [(Skip::Yes, true), (Skip::V2, false)] {
        let text = media.live(skip);
        let delta = read(&text);
        assert_eq!(delta.skipped.is_some(), delta.version == 9, "the version");
        let boundary = full.duration().saturating_sub(delta.duration());
        assert!(boundary == 0 || delta.duration() >= full.can_skip_until);
        assert_eq!(
            text.contains("RECENTLY-REMOVED"),
            delta.skipped.is_some() && !dvr_too
        );
        for (_, old) in old {
            // Media that comes faster than time passes can outrun the boundary; the reader then asks for the whole.
            let known = (old.number(old.segments.len()) - full.first) as usize;
            let news = full.segments.iter().skip(known);
            if news.map(|segment| segment.duration).sum::<u64>() > 9_500_000 {
                continue;
            }
            let rebuilt = delta.reconstruct(old);
            assert_eq!(rebuilt.normalized(), full.normalized());
        }
    }
}
