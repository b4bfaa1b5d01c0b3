//! Which keyframes become thumbnails: those that are published, and those that our encoder makes of other codecs. Decoding
//! them is somebody else's: a decoder is no part of a server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bridge_frames::source::Source;
use bridge_packager::rendition::RenditionName;
use bytes::Bytes;
use sfu_model::frame::{Format, Frame};
use sfu_model::time::Instant;

use crate::passage::profile::is_played;

/// A keyframe with its parameter sets, each NAL unit after a start code (H.264 annex B).
#[derive(Clone, Debug)]
pub struct Keyframe(pub Box<[u8]>);

/// Takes the JPEG. Dropped, there is none.
pub type Reply = Box<dyn FnOnce(Bytes) + Send>;

/// Makes a JPEG of a keyframe, later or never. It does not wait.
pub type Draw = Arc<dyn Fn(Keyframe, Reply) + Send + Sync>;

/// From one thumbnail to the next: caches keep one as long (`bridge_origin::cache_policy::THUMBNAIL`).
const INTERVAL: Duration = Duration::from_secs(10);
/// Pictures without a keyframe for as long are no choice any more: they ended, or nobody watches them.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15);

/// What a thumbnail is wide enough with, in pixels.
const WIDTH_ENOUGH: u16 = 640;

/// What is said where there is none.
pub(crate) const NONE_YET: &str = "There is no thumbnail: the first keyframe makes one, of H.264 or of what is encoded anew from other codecs.\n";

/// Whose pictures they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    /// The publisher's.
    Source(Source),
    /// Our encoder's.
    Rung(RenditionName),
}

/// Chooses keyframes of one stream.
#[derive(Debug, Default)]
pub(crate) struct Thumbnails {
    due_at: Option<Instant>,
    /// How wide each was when it last had a keyframe, and when that was.
    widths: BTreeMap<Of, (u16, Instant)>,
}

impl Thumbnails {
    /// A frame: it is chosen if a thumbnail is due and nothing else is better for it.
    pub(crate) fn choose(&mut self, of: &Of, frame: &Frame, now: Instant) -> Option<Keyframe> {
        let Format::H264 { sps, pps, size } = &*frame.format else {
            return None;
        };
        // What players do not decode the decoder of thumbnails does not either: our encoder's pictures are chosen.
        if !frame.is_keyframe || !is_played(sps) {
            return None;
        }
        self.widths.insert(of.clone(), (size.width, now));
        self.widths
            .retain(|_, (_, seen_at)| now < *seen_at + FORGOTTEN_AFTER);
        if self.due_at.is_some_and(|at| now < at) || self.best() != Some(of) {
            return None;
        }
        self.due_at = Some(now + INTERVAL);
        annex_b(sps, pps, &frame.data)
    }

    /// The narrowest that is wide enough, else the widest: what is larger costs more to decode and shows nothing more.
    fn best(&self) -> Option<&Of> {
        let widths = || self.widths.iter().map(|(of, (width, _))| (of, *width));
        let narrowest = widths()
            .filter(|(_, width)| *width >= WIDTH_ENOUGH)
            .min_by_key(|(_, width)| *width);
        let widest = || widths().max_by_key(|(_, width)| *width);
        narrowest.or_else(widest).map(|(of, _)| of)
    }
}

/// NAL units after their lengths (ISO/IEC 14496-15 section 5.3), after start codes. `None`: a length is wrong.
fn annex_b(sps: &[u8], pps: &[u8], data: &[u8]) -> Option<Keyframe> {
    const START_CODE: [u8; 4] = [0, 0, 0, 1];
    let mut bytes = Vec::with_capacity(data.len().saturating_add(sps.len()).saturating_add(64));
    for parameter_set in [sps, pps] {
        bytes.extend(START_CODE);
        bytes.extend(parameter_set);
    }
    let mut rest = data;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (unit, behind) = behind.split_at_checked(length)?;
        bytes.extend(START_CODE);
        bytes.extend(unit);
        rest = behind;
    }
    rest.is_empty().then(|| Keyframe(bytes.into()))
}

#[cfg(test)]
mod tests {
    use sfu_model::packet::Dimensions;
    use sfu_model::time::MediaTime;

    use super::*;

    fn frame(width: u16, is_keyframe: bool) -> Frame {
        frame_of(66, width, is_keyframe)
    }

    fn frame_of(profile: u8, width: u16, is_keyframe: bool) -> Frame {
        let size = Dimensions { width, height: 360 };
        Frame {
            time: MediaTime(0),
            captured_at: Instant::START,
            is_keyframe,
            discontinuity: None,
            format: Arc::new(Format::H264 {
                sps: Box::from([0x67, profile]),
                pps: Box::from([0x68]),
                size,
            }),
            data: Arc::from([0, 0, 0, 2, 0x65, 9, 0, 0, 0, 1, 0x65]),
        }
    }

    const fn video(rank: u8) -> Of {
        Of::Source(Source::Video { rank })
    }

    fn at(secs: u64) -> Instant {
        Instant::START + Duration::from_secs(secs)
    }

    #[test]
    fn a_keyframe_every_ten_seconds_is_chosen() {
        let mut thumbnails = Thumbnails::default();
        let mut choose = |is_keyframe, now| {
            let chosen = thumbnails.choose(&video(0), &frame(640, is_keyframe), now);
            chosen.is_some()
        };
        assert!(!choose(false, at(0)));
        assert!(choose(true, at(1)));
        assert!(!choose(true, at(10)));
        assert!(!choose(false, at(11)));
        assert!(choose(true, at(11)));
    }

    #[test]
    fn the_narrowest_encoding_that_is_wide_enough_is_chosen() {
        let mut thumbnails = Thumbnails::default();
        let widths = [320, 640, 1280];
        let mut chosen = |rank: u8, now| {
            let frame = frame(widths[usize::from(rank)], true);
            thumbnails.choose(&video(rank), &frame, now).is_some()
        };
        assert!(chosen(0, at(0)), "there is no other yet");
        assert!(!chosen(2, at(1)));
        assert!(!chosen(1, at(2)));
        assert!(!chosen(0, at(12)));
        assert!(!chosen(2, at(12)));
        assert!(chosen(1, at(12)));
    }

    #[test]
    fn what_has_no_keyframes_any_more_is_in_nobodys_way_and_rungs_are_chosen_too() {
        let mut thumbnails = Thumbnails::default();
        let rung = Of::Rung(RenditionName::parse("360p").unwrap());
        assert!(
            thumbnails
                .choose(&video(1), &frame(640, true), at(0))
                .is_some()
        );
        assert!(
            thumbnails
                .choose(&rung, &frame(320, true), at(10))
                .is_none()
        );
        assert!(
            thumbnails
                .choose(&rung, &frame(320, true), at(14))
                .is_none()
        );
        assert!(
            thumbnails
                .choose(&rung, &frame(320, true), at(15))
                .is_some()
        );
    }

    #[test]
    fn what_players_do_not_decode_is_in_no_rung_s_way() {
        let mut thumbnails = Thumbnails::default();
        let rung = Of::Rung(RenditionName::parse("360p").unwrap());
        let high_444 = frame_of(244, 640, true);
        assert!(thumbnails.choose(&video(0), &high_444, at(0)).is_none());
        let chosen = thumbnails.choose(&rung, &frame(640, true), at(0));
        assert!(chosen.is_some());
    }

    #[test]
    fn a_keyframe_is_written_with_start_codes() {
        let mut thumbnails = Thumbnails::default();
        let chosen = thumbnails
            .choose(&video(0), &frame(640, true), at(0))
            .unwrap();
        let expected = [
            &[0, 0, 0, 1, 0x67, 66, 0, 0, 0, 1, 0x68][..],
            &[0, 0, 0, 1, 0x65, 9, 0, 0, 0, 1, 0x65],
        ];
        assert_eq!(*chosen.0, expected.concat());
        assert!(annex_b(&[], &[], &[0, 0, 0, 2, 0x65]).is_none());
        assert!(annex_b(&[], &[], &[0, 0]).is_none());
    }
}
