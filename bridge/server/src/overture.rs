//! The first moments of a stream: its sound is there before its pictures, and a player that is given a list of renditions
//! keeps to it.

use std::sync::Arc;
use std::time::Duration;

use bridge_packager::rendition::RenditionOutline;
use sfu_core::route::tracks::{EncodingOutline, TrackOutline};
use sfu_model::codec::{Codec, MediaKind};
use sfu_model::packet::Dimensions;
use sfu_model::time::Instant;

/// How long renditions that are expected are waited for. The smaller encodings of a simulcast come within tenths of a second
/// of the first; one that has not come by then may never, and who asks has waited long enough.
const WAIT_MAX: Duration = Duration::from_millis(1_500);

/// How long smaller ones are waited for when the best is there. A middle one that begins too small has no name for up to a second
/// (`ladder.rs`): whoever watches first does without it, and those who come later find it on the list.
const SMALLER_WAIT_MAX: Duration = Duration::from_millis(200);

/// How long the first picture of any is waited for: a screen on which nothing moves has one a second, and the keyframe that it
/// is asked for comes with the next. Who is given a list without pictures sees none for as long as it plays.
const PICTURE_WAIT_MAX: Duration = Duration::from_secs(4);

/// What comes of the transcoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Anew {
    /// It takes pictures that are not passed on.
    pub(crate) takes_pictures: bool,
    /// Renditions of sound that it is to make.
    pub(crate) n_sounds: usize,
    /// Renditions of pictures.
    pub(crate) n_pictures: usize,
}

/// Holds the list of renditions back until all are on it that the publisher's tracks promise.
#[derive(Debug, Default)]
pub(crate) struct Overture {
    began_at: Option<Instant>,
    held: Option<Arc<[RenditionOutline]>>,
    is_over: bool,
    /// Pictures are promised, and there are none.
    lacks_pictures: bool,
    /// Since when all is there but smaller sizes of what is passed on.
    has_best_since: Option<Instant>,
    anew: Anew,
}

impl Overture {
    /// What the transcoder is to make, as far as it is known.
    pub(crate) fn expect(&mut self, anew: Anew) {
        self.anew = anew;
    }

    /// A list of renditions. `None`: it is held back.
    pub(crate) fn admit(
        &mut self,
        renditions: Arc<[RenditionOutline]>,
        tracks: &[TrackOutline],
        now: Instant,
    ) -> Option<Arc<[RenditionOutline]>> {
        self.began_at.get_or_insert(now);
        self.held = Some(renditions);
        self.release(tracks, now)
    }

    /// The list that is held back, once it need not be.
    pub(crate) fn release(
        &mut self,
        tracks: &[TrackOutline],
        now: Instant,
    ) -> Option<Arc<[RenditionOutline]>> {
        let held = self.held.as_ref()?;
        let has_none = held.iter().all(|r| r.kind == MediaKind::Audio);
        self.lacks_pictures = has_none && n_pictures(tracks, self.anew) > 0;
        let is_whole = is_whole(held, tracks, self.anew);
        match has_best(held, tracks, self.anew) {
            true => self.has_best_since = self.has_best_since.or(Some(now)),
            false => self.has_best_since = None,
        }
        let is_late = self.poll_timeout().is_some_and(|at| at <= now);
        self.is_over = self.is_over || is_late || is_whole;
        if self.is_over { self.held.take() } else { None }
    }

    /// When [`Self::release`] gives what is held back, whatever has come.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let began_at = self.began_at.filter(|_| self.held.is_some())?;
        let wait = match self.lacks_pictures {
            true => PICTURE_WAIT_MAX,
            false => WAIT_MAX,
        };
        let has_best_since = self.has_best_since.map(|since| since + SMALLER_WAIT_MAX);
        has_best_since.into_iter().chain([began_at + wait]).min()
    }
}

/// Whether all sound is there, and of pictures that are passed on the largest.
fn has_best(renditions: &[RenditionOutline], tracks: &[TrackOutline], anew: Anew) -> bool {
    let is_passed_on = n_passed_on(tracks, MediaKind::Video) == n_pictures(tracks, anew);
    let sizes = promised(tracks, MediaKind::Video).map(|encoding| encoding.sizes.of(0));
    // One whose size is not known yet may be the largest.
    let sizes: Option<Vec<Dimensions>> = sizes.collect();
    let n_pixels = |size: Dimensions| u32::from(size.width) * u32::from(size.height);
    let largest = sizes.and_then(|sizes| sizes.into_iter().map(n_pixels).max());
    let listed = renditions.iter().filter_map(|rendition| rendition.size);
    let largest_listed = listed.map(n_pixels).max();
    is_passed_on
        && has_sounds(renditions, tracks, anew)
        && largest.is_some_and(|largest| largest_listed >= Some(largest))
}

fn n_of(renditions: &[RenditionOutline], kind: MediaKind) -> usize {
    renditions.iter().filter(|r| r.kind == kind).count()
}

fn has_sounds(renditions: &[RenditionOutline], tracks: &[TrackOutline], anew: Anew) -> bool {
    n_of(renditions, MediaKind::Audio) >= n_passed_on(tracks, MediaKind::Audio) + anew.n_sounds
}

/// Whether there is a rendition for each encoding that is promised and passed on as it is, and all that are made anew.
fn is_whole(renditions: &[RenditionOutline], tracks: &[TrackOutline], anew: Anew) -> bool {
    has_sounds(renditions, tracks, anew)
        && n_of(renditions, MediaKind::Video) >= n_pictures(tracks, anew)
}

/// Renditions of pictures that are promised.
fn n_pictures(tracks: &[TrackOutline], anew: Anew) -> usize {
    let n_passed_on = n_passed_on(tracks, MediaKind::Video);
    // One picture at least is made of those that are not, before it is known how many.
    let has_others = promised(tracks, MediaKind::Video).count() > n_passed_on;
    let n_first = usize::from(anew.takes_pictures && has_others);
    n_passed_on + anew.n_pictures.max(n_first)
}

fn n_passed_on(tracks: &[TrackOutline], kind: MediaKind) -> usize {
    let encodings = promised(tracks, kind);
    encodings
        .filter(|e| e.codec.is_none_or(is_passed_on))
        .count()
}

/// The encodings that are there, and beside one that is passed on those of which nothing has come yet: a browser that begins slowly
/// sends the smallest alone for a while.
fn promised(tracks: &[TrackOutline], kind: MediaKind) -> impl Iterator<Item = &EncodingOutline> {
    let tracks = tracks.iter().filter(move |track| track.kind == kind);
    tracks.flat_map(|track| {
        let all = &track.encodings;
        let waits_for_more = all
            .iter()
            .any(|e| e.is_flowing && e.codec.is_some_and(is_passed_on));
        let is_to_come = move |e: &EncodingOutline| waits_for_more && e.codec.is_none();
        all.iter().filter(move |e| e.is_flowing || is_to_come(e))
    })
}

const fn is_passed_on(codec: Codec) -> bool {
    matches!(codec, Codec::Opus | Codec::H264 { .. })
}

#[cfg(test)]
mod tests {
    use bridge_packager::rendition::RenditionName;
    use sfu_model::codec::ClockRate;
    use sfu_model::id::{EncodingId, TrackId};
    use sfu_model::layer::Layer;
    use sfu_model::packet::LayerSizes;

    use super::*;

    fn track(kind: MediaKind, codec: Codec, n_encodings: u8) -> TrackOutline {
        let encoding = |rank: u8| EncodingOutline {
            id: EncodingId(u64::from(rank)),
            rid: None,
            rank,
            codec: Some(codec),
            sizes: LayerSizes::default(),
            is_flowing: true,
            highest_layer: Layer::default(),
        };
        TrackOutline {
            id: TrackId(1),
            kind,
            encodings: (0..n_encodings).map(encoding).collect(),
        }
    }

    fn listed(names: &[&str]) -> Arc<[RenditionOutline]> {
        let outline = |name: &&str| RenditionOutline {
            name: RenditionName::parse(name).unwrap(),
            kind: if name.ends_with('p') {
                MediaKind::Video
            } else {
                MediaKind::Audio
            },
            clock_rate: ClockRate(90_000),
            codecs: Arc::from("x"),
            formats: Arc::default(),
            size: name
                .strip_suffix('p')
                .and_then(|h| Some(dimensions(h.parse().ok()?))),
            milli_fps: None,
            channels: None,
            peak_bps: 0,
            average_bps: 0,
        };
        names.iter().map(outline).collect()
    }

    fn dimensions(height: u16) -> Dimensions {
        Dimensions {
            width: height / 9 * 16,
            height,
        }
    }

    const H264: Codec = Codec::H264 {
        profile_level_id: 0x42_e01f,
        packetization_mode: 1,
    };

    fn at(ms: u64) -> Instant {
        Instant::START + Duration::from_millis(ms)
    }

    #[test]
    fn renditions_are_told_of_when_all_that_flow_are_there() {
        let tracks = [
            track(MediaKind::Audio, Codec::Opus, 1),
            track(MediaKind::Video, H264, 2),
        ];
        let mut overture = Overture::default();
        assert_eq!(overture.admit(listed(&["opus"]), &tracks, at(0)), None);
        assert_eq!(
            overture.admit(listed(&["720p", "opus"]), &tracks, at(100)),
            None
        );
        let all = listed(&["720p", "360p", "opus"]);
        assert_eq!(
            overture.admit(Arc::clone(&all), &tracks, at(200)),
            Some(all)
        );
        let fewer = listed(&["opus"]);
        assert_eq!(
            overture.admit(Arc::clone(&fewer), &tracks, at(300)),
            Some(fewer),
            "it is over"
        );
    }

    #[test]
    fn what_never_comes_is_waited_for_so_long_and_what_is_not_passed_on_not_at_all() {
        let tracks = [
            track(MediaKind::Audio, Codec::Opus, 1),
            track(MediaKind::Video, H264, 2),
        ];
        let mut overture = Overture::default();
        let (sound, one) = (listed(&["opus"]), listed(&["360p", "opus"]));
        assert_eq!(overture.admit(Arc::clone(&sound), &tracks, at(0)), None);
        assert_eq!(overture.poll_timeout(), Some(at(4_000)), "a still screen");
        assert_eq!(overture.admit(Arc::clone(&one), &tracks, at(1_400)), None);
        assert_eq!(overture.poll_timeout(), Some(at(1_500)));
        assert_eq!(overture.release(&tracks, at(1_499)), None);
        assert_eq!(overture.release(&tracks, at(1_500)), Some(one));
        assert_eq!(overture.poll_timeout(), None);
        let vp8 = [
            track(MediaKind::Audio, Codec::Opus, 1),
            track(MediaKind::Video, Codec::Vp8, 3),
        ];
        assert_eq!(
            Overture::default().admit(Arc::clone(&sound), &vp8, at(0)),
            Some(sound)
        );
    }

    #[test]
    fn of_what_is_passed_on_smaller_sizes_are_waited_for_a_moment() {
        let sized = |mut track: TrackOutline, heights: &[u16]| {
            for (encoding, height) in track.encodings.iter_mut().zip(heights) {
                let _ = encoding.sizes.push(dimensions(*height));
            }
            track
        };
        let video = || track(MediaKind::Video, H264, 3);
        let tracks = [
            track(MediaKind::Audio, Codec::Opus, 1),
            sized(video(), &[90, 90, 360]),
        ];
        let mut overture = Overture::default();
        let low = listed(&["90p", "opus"]);
        assert_eq!(overture.admit(low, &tracks, at(0)), None);
        assert_eq!(overture.poll_timeout(), Some(at(1_500)), "the best lacks");
        let best = listed(&["360p", "90p", "opus"]);
        assert_eq!(overture.admit(Arc::clone(&best), &tracks, at(100)), None);
        assert_eq!(overture.poll_timeout(), Some(at(300)));
        assert_eq!(overture.release(&tracks, at(299)), None);
        assert_eq!(overture.release(&tracks, at(300)), Some(best));

        let unsized_yet = [
            track(MediaKind::Audio, Codec::Opus, 1),
            sized(video(), &[90, 180]),
        ];
        let mut overture = Overture::default();
        let two = listed(&["180p", "90p", "opus"]);
        assert_eq!(overture.admit(two, &unsized_yet, at(0)), None);
        assert_eq!(overture.poll_timeout(), Some(at(1_500)));
    }

    #[test]
    fn larger_encodings_are_waited_for_while_only_the_smallest_flows() {
        let mut simulcast = track(MediaKind::Video, H264, 3);
        let _ = simulcast.encodings[0].sizes.push(dimensions(90));
        for encoding in &mut simulcast.encodings[1..] {
            (encoding.is_flowing, encoding.codec) = (false, None);
        }
        let sound = track(MediaKind::Audio, Codec::Opus, 1);
        let mut overture = Overture::default();
        let low = listed(&["90p", "opus"]);
        let tracks = [sound.clone(), simulcast.clone()];
        assert_eq!(overture.admit(Arc::clone(&low), &tracks, at(0)), None);
        assert_eq!(overture.poll_timeout(), Some(at(1_500)));
        assert_eq!(overture.release(&tracks, at(1_500)), Some(low));

        for encoding in &mut simulcast.encodings {
            (encoding.is_flowing, encoding.codec) = (false, None);
        }
        let silent = listed(&["opus"]);
        let given = Overture::default().admit(Arc::clone(&silent), &[sound, simulcast], at(0));
        assert_eq!(given, Some(silent), "a camera that sends nothing at all");
    }

    #[test]
    fn what_is_made_anew_is_waited_for_too() {
        let tracks = [
            track(MediaKind::Audio, Codec::Opus, 1),
            track(MediaKind::Video, Codec::Vp8, 1),
        ];
        let mut overture = Overture::default();
        let mut anew = Anew {
            takes_pictures: true,
            n_sounds: 1,
            n_pictures: 0,
        };
        overture.expect(anew);
        let sound = listed(&["aac", "opus"]);
        assert_eq!(overture.admit(sound, &tracks, at(0)), None, "no pictures");
        anew.n_pictures = 2;
        overture.expect(anew);
        let first = listed(&["720p", "aac", "opus"]);
        assert_eq!(overture.admit(first, &tracks, at(100)), None);
        let all = listed(&["720p", "360p", "aac", "opus"]);
        assert_eq!(
            overture.admit(Arc::clone(&all), &tracks, at(200)),
            Some(all)
        );
    }
}
