//! Where the frames of a stream go: to which renditions, to the transcoder, or nowhere.

use std::time::Duration;

use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use bridge_packager::packager::Packager;
use bridge_packager::rendition::RenditionName;
use sfu_core::route::tracks::TrackOutline;
use sfu_model::codec::MediaKind;
use sfu_model::frame::{Format, Frame};
use sfu_model::time::{Instant, MediaTime};

use crate::followers::Followers;
use crate::ladder::{self, Ladder, Place};
use crate::lineup::Lineup;
use crate::passage::Passage;

/// Of one stream.
#[derive(Debug)]
pub(crate) struct Routes {
    ladder: Ladder,
    pub(crate) passage: Passage,
    followers: Followers,
    /// Those from the next turn of the lineup on.
    next_followers: Followers,
    /// The decision that they are assigned by.
    followed: u64,
    /// Renditions of pictures, those that get nothing at the moment too.
    pictures: Vec<RenditionName>,
    /// Those that the transcoder makes.
    lineup: Lineup,
    /// Of the largest pictures that are published.
    top_rank: u8,
}

/// What becomes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) place: Place,
    pub(crate) is_encoded: bool,
    pub(crate) wants_keyframe: bool,
}

impl Routes {
    /// `transcodes`: there is a transcoder.
    pub(crate) fn new(transcodes: bool) -> Self {
        Self {
            ladder: Ladder::default(),
            passage: Passage::new(transcodes),
            followers: Followers::default(),
            next_followers: Followers::default(),
            followed: 0,
            pictures: Vec::new(),
            lineup: Lineup::default(),
            top_rank: 0,
        }
    }

    pub(crate) fn handle_tracks(&mut self, tracks: &[TrackOutline]) {
        self.top_rank = ladder::top_rank(tracks);
    }

    /// The publisher's next frame.
    pub(crate) fn route(&mut self, source: Source, frame: &Frame, now: Instant) -> Route {
        let route = match (source, &*frame.format) {
            (Source::Video { .. }, Format::H264 { .. }) => {
                let fate = self.passage.judge(source, frame);
                let place = match fate.passes {
                    true => self.ladder.place(source, frame, self.top_rank, now),
                    false => Place::Nowhere,
                };
                Route {
                    place,
                    is_encoded: fate.is_encoded,
                    wants_keyframe: fate.wants_keyframe,
                }
            }
            _ => {
                let place = self.ladder.place(source, frame, self.top_rank, now);
                let is_encoded = place == Place::Nowhere;
                if is_encoded {
                    self.passage.handle_other_codec();
                }
                Route {
                    place,
                    is_encoded,
                    wants_keyframe: false,
                }
            }
        };
        self.settle();
        if let Place::Known(name) = &route.place
            && self.followers.has(name)
        {
            // It was not there when that was decided: from its first picture on it shows no other's.
            self.follow();
        }
        route
    }

    /// The encoder's next picture: is it shown? With the time of the keyframe that it should make, if it is told of one.
    pub(crate) fn admit(&mut self, frame: &Frame) -> (bool, Option<MediaTime>) {
        let admitted = self.passage.admit(frame);
        self.settle();
        admitted
    }

    /// A rendition of pictures has something to show.
    pub(crate) fn handle_shown(&mut self, name: &RenditionName) {
        if !self.pictures.contains(name) {
            self.pictures.push(name.clone());
            self.follow();
        }
    }

    /// The transcoder makes these.
    pub(crate) fn handle_rungs(&mut self, rungs: &[RenditionName]) {
        self.lineup.begin(rungs);
        self.follow();
    }

    /// Somebody wants these rungs from now on: the others are to show another's pictures.
    pub(crate) fn handle_demand(&mut self, wanted: &[RenditionName]) {
        self.lineup.handle_demand(wanted);
    }

    /// Are a rung's own pictures shown, or will they be?
    pub(crate) fn needs(&self, name: &RenditionName) -> bool {
        self.lineup.needs(name)
    }

    /// A rung has a picture, the latest of all is of `newest`, and `keyframe` is the next of all rungs. When decoders begin anew
    /// because from then on others show their own pictures than until then.
    pub(crate) fn handle_rung(
        &mut self,
        name: &RenditionName,
        newest: Duration,
        keyframe: Duration,
    ) -> Option<Duration> {
        self.lineup.handle_rung(name);
        let turned_at = self.lineup.turns_at();
        if self.lineup.advance(newest, keyframe) {
            self.follow();
        }
        self.handle_shown(name);
        self.lineup.turns_at().filter(|at| Some(*at) != turned_at)
    }

    /// Is this picture shown in its rung's rendition? One that has rested shows another's until all have a keyframe.
    pub(crate) fn shows(&self, name: &RenditionName, at: Duration) -> bool {
        self.lineup.has(name, at)
    }

    /// The rendition that a source's frames are in, and all that show the same.
    pub(crate) fn renditions(&self, source: Source) -> impl Iterator<Item = &RenditionName> {
        let own = self.ladder.of(source);
        let own = own.filter(|_| self.passage.is_passing(source));
        own.into_iter()
            .flat_map(|own| std::iter::once(own).chain(self.followers.of(own)))
    }

    /// Whoever shows what a rendition does at a time, beside itself.
    pub(crate) fn followers(
        &self,
        of: &RenditionName,
        at: Duration,
    ) -> impl Iterator<Item = &RenditionName> {
        let is_next = !self.passage.passes_on() && self.lineup.is_behind(at);
        let followers = if is_next {
            &self.next_followers
        } else {
            &self.followers
        };
        followers.of(of)
    }

    /// Looks at what was measured, if it is time to.
    pub(crate) fn look(&mut self, packager: Option<&Packager>, at: Duration) {
        if !self.passage.is_due(at) {
            return;
        }
        for (source, name) in self.ladder.sources() {
            let counted = packager.and_then(|packager| packager.alignment(name));
            if let Some(counted) = counted.filter(|_| !self.followers.has(name)) {
                self.passage.handle_alignment(source, counted);
            }
        }
        self.passage.look(at);
        self.settle();
    }

    pub(crate) fn handle_warning(&mut self, source: Source, warning: Warning) {
        if source.kind() == MediaKind::Video {
            self.passage.handle_warning(source, warning);
        }
    }

    pub(crate) fn handle_trouble(&mut self, at: Duration) {
        self.passage.handle_trouble(at);
        self.settle();
    }

    pub(crate) fn handle_no_encoder(&mut self) {
        self.passage.handle_no_encoder();
        self.settle();
    }

    fn settle(&mut self) {
        if self.followed != self.passage.n_decisions() {
            self.follow();
        }
    }

    fn follow(&mut self) {
        self.followed = self.passage.n_decisions();
        let passed_on: Vec<RenditionName> = (self.passage.passed_on())
            .filter_map(|source| self.ladder.of(source).cloned())
            .collect();
        let active = match self.passage.passes_on() {
            true => &passed_on[..],
            false => self.lineup.own(),
        };
        self.followers.assign(&self.pictures, active);
        let next = self.lineup.next().unwrap_or_default();
        self.next_followers.assign(&self.pictures, next);
    }
}

#[cfg(test)]
mod tests {
    use std::slice;
    use std::sync::Arc;

    use sfu_model::packet::Dimensions;

    use super::*;

    const LOW: Source = Source::Video { rank: 0 };
    const HIGH: Source = Source::Video { rank: 1 };

    fn frame(source: Source, ms: u64) -> Frame {
        let (width, height) = if source == LOW {
            (320, 180)
        } else {
            (640, 360)
        };
        let size = Dimensions { width, height };
        let (sps, pps) = (Box::from([0x67, 66, 0xc0, 31]), Box::default());
        Frame {
            time: MediaTime(ms * 90),
            captured_at: Instant::START,
            is_keyframe: true,
            discontinuity: None,
            format: Arc::new(Format::H264 { sps, pps, size }),
            data: Arc::from([0]),
        }
    }

    #[test]
    fn a_rung_that_rests_shows_a_smaller_one_until_it_has_pictures_again() {
        let mut routes = Routes::new(true);
        routes.passage.handle_other_codec();
        let named = |text| RenditionName::parse(text).unwrap();
        let [top, middle, low] = ["720p", "480p", "160p"].map(named);
        let all = [top.clone(), middle.clone(), low.clone()];
        let secs = Duration::from_secs;
        routes.handle_rungs(&all);
        for rung in &all {
            assert_eq!(routes.handle_rung(rung, secs(2), secs(4)), None);
        }
        let shown_with = |routes: &Routes, rung, at| {
            let followers = routes.followers(rung, secs(at));
            followers.cloned().collect::<Vec<_>>()
        };
        assert_eq!(shown_with(&routes, &low, 3), []);
        routes.handle_demand(&[top.clone(), low.clone()]);
        let turns_at = routes.handle_rung(&top, secs(3), secs(4));
        assert_eq!(turns_at, Some(secs(4)), "where all have a keyframe");
        assert_eq!(shown_with(&routes, &low, 3), []);
        assert_eq!(shown_with(&routes, &low, 4), slice::from_ref(&middle));
        assert_eq!(shown_with(&routes, &top, 4), []);
        // It is wanted again, and its encoder begins.
        assert_eq!(routes.handle_rung(&top, secs(6), secs(8)), None);
        routes.handle_demand(&all);
        assert_eq!(routes.handle_rung(&middle, secs(7), secs(8)), Some(secs(8)));
        assert!(!routes.shows(&middle, secs(7)) && routes.shows(&middle, secs(8)));
        assert_eq!(shown_with(&routes, &low, 7), slice::from_ref(&middle));
        assert_eq!(shown_with(&routes, &low, 8), []);
    }

    #[test]
    fn a_publisher_that_returns_with_one_encoding_after_the_other_mixes_none() {
        let mut routes = Routes::new(true);
        let give = |routes: &mut Routes, source, ms| {
            let now = Instant::START + Duration::from_millis(ms);
            let route = routes.route(source, &frame(source, ms), now);
            if let Place::New(name, _) | Place::Known(name) = route.place {
                routes.handle_shown(&name);
            }
            let shown = routes.renditions(source).map(ToString::to_string);
            shown.collect::<Vec<_>>()
        };
        assert_eq!(give(&mut routes, LOW, 0), ["180p"]);
        assert_eq!(give(&mut routes, HIGH, 0), ["360p"]);
        routes.passage.handle_publisher_gone();
        for ms in (5_000..7_000).step_by(40) {
            assert_eq!(give(&mut routes, LOW, ms), ["180p"], "at {ms} ms");
            routes.look(None, Duration::from_millis(ms));
        }
        routes.look(None, Duration::from_secs(7));
        assert_eq!(give(&mut routes, LOW, 7_000), ["180p", "360p"]);
        assert_eq!(give(&mut routes, HIGH, 7_030), ["360p"]);
        assert_eq!(give(&mut routes, LOW, 7_040), ["180p"]);
    }
}
