//! Which rendition a source's frames are of.

use std::collections::BTreeMap;

use bridge_frames::source::Source;
use bridge_packager::rendition::RenditionName;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Format, Frame};

/// The renditions of a stream that its publisher's own encodings are passed on as. A source keeps the name that its first
/// frame gave it, also when its pictures change their size: players know the rendition by it.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    by_source: BTreeMap<Source, RenditionName>,
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
}

impl Ladder {
    /// Where a frame of this source goes.
    pub(crate) fn place(&mut self, source: Source, frame: &Frame) -> Place {
        let Some(wanted) = wanted_name(&frame.format) else {
            return Place::Nowhere;
        };
        if let Some(name) = self.by_source.get(&source) {
            return Place::Known(name.clone());
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

    /// The rendition of a source that has had a frame.
    pub(crate) fn of(&self, source: Source) -> Option<&RenditionName> {
        self.by_source.get(&source)
    }
}

/// What a rendition of this format is called; `None` where players cannot take it as it is: VP8 in none, VP9 and AV1 not in
/// all.
fn wanted_name(format: &Format) -> Option<String> {
    match format {
        Format::H264 { size, .. } => Some(format!("{}p", size.height.min(size.width))),
        Format::Opus { .. } => Some("opus".to_owned()),
        Format::Aac { .. } => Some("aac".to_owned()),
        Format::Vp8 { .. } | Format::Vp9 { .. } | Format::Av1 { .. } => None,
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

    #[test]
    fn a_source_keeps_the_name_that_its_first_frame_gave_it() {
        let mut ladder = Ladder::default();
        let low = Source::Video { rank: 0 };
        let place = ladder.place(low, &h264(320, 180));
        assert_eq!(place, Place::New(name("180p"), MediaKind::Video));
        assert_eq!(
            ladder.place(low, &h264(640, 360)),
            Place::Known(name("180p"))
        );
        assert_eq!(ladder.of(low), Some(&name("180p")));
        let upright = ladder.place(Source::Video { rank: 1 }, &h264(360, 640));
        assert_eq!(upright, Place::New(name("360p"), MediaKind::Video));
        let same = ladder.place(Source::Video { rank: 2 }, &h264(640, 360));
        assert_eq!(same, Place::New(name("360pb"), MediaKind::Video));
    }

    #[test]
    fn what_players_cannot_take_as_it_is_goes_nowhere() {
        let mut ladder = Ladder::default();
        let size = Dimensions::default();
        let place = ladder.place(Source::Video { rank: 0 }, &frame(Format::Vp8 { size }));
        assert_eq!(place, Place::Nowhere);
        let opus = frame(Format::Opus {
            channels: 2,
            pre_skip: 312,
        });
        let place = ladder.place(Source::Audio, &opus);
        assert_eq!(place, Place::New(name("opus"), MediaKind::Audio));
    }
}
