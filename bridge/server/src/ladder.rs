//! Which rendition a source's frames are of.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_frames::source::Source;
use bridge_packager::rendition::RenditionName;
use sfu_core::route::tracks::TrackOutline;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Format, Frame};
use sfu_model::time::Instant;

/// How long an encoding that is no larger than a smaller one has no name. Browsers begin some of their encodings smaller than
/// these will be, and players are told the name and the size of a rendition once. Most have grown by half of this.
const GROWS_WITHIN: Duration = Duration::from_secs(1);

/// The renditions of a stream that its publisher's own encodings are passed on as. A source keeps the name that its first
/// frame gave it, also when its pictures change their size: players know the rendition by it.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    by_source: BTreeMap<Source, RenditionName>,
    /// The pictures of each rank as they came first.
    first_seen: BTreeMap<u8, FirstSeen>,
}

#[derive(Clone, Copy, Debug)]
struct FirstSeen {
    at: Instant,
    height: u16,
}

/// Where a frame goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// To a rendition that is known.
    Known(RenditionName),
    /// To one that begins with it.
    New(RenditionName, MediaKind),
    /// Nowhere: players need it encoded anew.
    Nowhere,
    /// Nowhere yet: what it will be is not known.
    Unknown,
}

impl Ladder {
    /// Where a frame of this source goes, of which there are pictures up to the rank `top`.
    pub(crate) fn place(&mut self, source: Source, frame: &Frame, top: u8, now: Instant) -> Place {
        let Some(wanted) = wanted_name(&frame.format) else {
            return Place::Nowhere;
        };
        if let Some(name) = self.by_source.get(&source) {
            return Place::Known(name.clone());
        }
        if let (Source::Video { rank }, Some(height)) = (source, height(&frame.format))
            && rank < top
            && self.grows(rank, height, now)
        {
            return Place::Unknown;
        }
        let is_taken = |name: &str| self.by_source.values().any(|taken| taken.as_str() == name);
        // Two encodings of one height are told apart by a letter.
        let letters = std::iter::once(String::new()).chain(('b'..='z').map(String::from));
        let names = letters.map(|letter| format!("{wanted}{letter}"));
        let free = names.filter(|name| !is_taken(name));
        let Some(name) = free.filter_map(|name| RenditionName::parse(&name)).next() else {
            return Place::Nowhere;
        };
        self.by_source.insert(source, name.clone());
        Place::New(name, frame.kind())
    }

    /// Does an encoding below the largest have to become larger still? It does where it is not between its neighbours.
    fn grows(&mut self, rank: u8, height: u16, now: Instant) -> bool {
        let seen = self
            .first_seen
            .entry(rank)
            .or_insert(FirstSeen { at: now, height });
        seen.height = height;
        let is_patient = now - seen.at < GROWS_WITHIN;
        let smaller = rank.checked_sub(1).map(|rank| self.first_seen.get(&rank));
        let is_above = match smaller {
            None => true,
            Some(smaller) => smaller.is_some_and(|smaller| smaller.height < height),
        };
        is_patient && !is_above
    }

    /// The sources of pictures that have one.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (Source, &RenditionName)> {
        let all = self.by_source.iter().map(|(source, name)| (*source, name));
        all.filter(|(source, _)| source.kind() == MediaKind::Video)
    }

    /// The rendition of a source that has had a frame.
    pub(crate) fn of(&self, source: Source) -> Option<&RenditionName> {
        self.by_source.get(&source)
    }
}

/// What a rendition of this format is called; `None` where players cannot take it as it is: VP8 in none, VP9 and AV1 not in
/// all. H.264 that they do not decode does not come here (`passage/profile.rs`).
fn wanted_name(format: &Format) -> Option<String> {
    match format {
        Format::H264 { size, .. } => Some(format!("{}p", size.height.min(size.width))),
        Format::Opus { .. } => Some("opus".to_owned()),
        Format::Aac { .. } => Some("aac".to_owned()),
        Format::Vp8 { .. } | Format::Vp9 { .. } | Format::Av1 { .. } => None,
    }
}

/// The rank of the largest pictures that are published.
pub(crate) fn top_rank(tracks: &[TrackOutline]) -> u8 {
    let video = tracks.iter().filter(|track| track.kind == MediaKind::Video);
    let encodings = video.flat_map(|track| &track.encodings);
    encodings.map(|encoding| encoding.rank).max().unwrap_or(0)
}

/// The shorter side of pictures.
fn height(format: &Format) -> Option<u16> {
    match format {
        Format::H264 { size, .. }
        | Format::Vp8 { size }
        | Format::Vp9 { size, .. }
        | Format::Av1 { size, .. } => Some(size.height.min(size.width)),
        Format::Opus { .. } | Format::Aac { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sfu_model::packet::Dimensions;
    use sfu_model::time::{Instant, MediaTime};

    use super::*;

    fn frame(format: Format) -> Frame {
        Frame {
            time: MediaTime(0),
            captured_at: Instant::START,
            is_keyframe: true,
            discontinuity: None,
            format: Arc::new(format),
            data: Arc::from([0]),
        }
    }

    fn h264(width: u16, height: u16) -> Frame {
        frame(Format::H264 {
            sps: Box::default(),
            pps: Box::default(),
            size: Dimensions { width, height },
        })
    }

    fn name(text: &str) -> RenditionName {
        RenditionName::parse(text).unwrap()
    }

    fn at(millis: u64) -> Instant {
        Instant::START + Duration::from_millis(millis)
    }

    fn new(text: &str) -> Place {
        Place::New(name(text), MediaKind::Video)
    }

    #[test]
    fn a_source_keeps_the_name_that_its_first_frame_gave_it() {
        let mut ladder = Ladder::default();
        let only = Source::Video { rank: 0 };
        let place = ladder.place(only, &h264(320, 180), 0, at(0));
        assert_eq!(place, new("180p"));
        assert_eq!(
            ladder.place(only, &h264(640, 360), 0, at(1)),
            Place::Known(name("180p"))
        );
        assert_eq!(ladder.of(only), Some(&name("180p")));
        let upright = ladder.place(Source::Video { rank: 1 }, &h264(360, 640), 1, at(2));
        assert_eq!(upright, new("360p"));
        let same = ladder.place(Source::Video { rank: 2 }, &h264(640, 360), 2, at(3));
        assert_eq!(same, new("360pb"));
    }

    #[test]
    fn an_encoding_that_begins_as_small_as_the_one_below_it_is_named_when_it_has_grown() {
        let mut ladder = Ladder::default();
        let [low, middle, high] = [0, 1, 2].map(|rank| Source::Video { rank });
        let mut place = |source, height: u16, ms| {
            ladder.place(source, &h264(height * 16 / 9, height), 2, at(ms))
        };
        assert_eq!(
            place(high, 360, 0),
            new("360p"),
            "the largest is not waited for"
        );
        assert_eq!(
            place(middle, 90, 10),
            Place::Unknown,
            "the smallest is not here"
        );
        assert_eq!(place(low, 90, 20), new("90p"));
        assert_eq!(place(middle, 90, 300), Place::Unknown);
        assert_eq!(place(middle, 180, 400), new("180p"));
    }

    #[test]
    fn an_encoding_that_does_not_grow_is_named_all_the_same() {
        let mut ladder = Ladder::default();
        let low = ladder.place(Source::Video { rank: 0 }, &h264(160, 90), 2, at(0));
        assert_eq!(low, new("90p"));
        let mut middle = |ms| ladder.place(Source::Video { rank: 1 }, &h264(160, 90), 2, at(ms));
        assert_eq!(middle(10), Place::Unknown);
        assert_eq!(middle(1_009), Place::Unknown);
        assert_eq!(middle(1_010), new("90pb"));
    }

    #[test]
    fn what_players_cannot_take_as_it_is_goes_nowhere() {
        let mut ladder = Ladder::default();
        let size = Dimensions::default();
        let vp8 = frame(Format::Vp8 { size });
        let place = ladder.place(Source::Video { rank: 0 }, &vp8, 0, at(0));
        assert_eq!(place, Place::Nowhere);
        let opus = frame(Format::Opus {
            channels: 2,
            pre_skip: 312,
        });
        let place = ladder.place(Source::Audio, &opus, 0, at(0));
        assert_eq!(place, Place::New(name("opus"), MediaKind::Audio));
    }
}
