//! The rungs of a stream's ladder, their renditions, and which of them anybody wants.

use std::time::Duration;

use bridge_packager::rendition::RenditionName;
use bridge_transcode::demand::Demand;
use bridge_transcode::job::{Rung, RungIndex, RungSet};
use sfu_model::packet::Dimensions;
use sfu_model::time::Instant;

/// A source that is larger than the ladder's top for so long gets a ladder of its size. Browsers begin with small pictures while
/// they learn what the path carries, and a new ladder is a discontinuity for everybody.
const GROW_AFTER: Duration = Duration::from_secs(3);

/// One ladder, best rung first.
#[derive(Debug)]
pub(crate) struct Rungs {
    rungs: Vec<Rung>,
    names: Vec<RenditionName>,
    demand: Demand,
    /// Those that were wanted when it was last asked.
    wanted: RungSet,
    /// Those that the encoder was told to make.
    made: RungSet,
    larger_since: Option<Instant>,
}

impl Rungs {
    /// A new ladder, all of which is wanted at first: who comes may choose any of it.
    pub(crate) fn new(rungs: Vec<Rung>, now: Instant) -> Self {
        let mut demand = Demand::new(rungs.len());
        for (index, _) in (0..).zip(&rungs) {
            demand.handle_request(RungIndex(index), now);
        }
        Self {
            // Two rungs of one height are of two shapes, which no ladder has.
            names: rungs.iter().filter_map(|rung| name(rung.size)).collect(),
            wanted: RungSet::first(rungs.len()),
            made: RungSet::first(rungs.len()),
            rungs,
            demand,
            larger_since: None,
        }
    }

    /// The renditions, in the order of rungs.
    pub(crate) fn names(&self) -> &[RenditionName] {
        &self.names
    }

    /// The rendition of a rung.
    pub(crate) fn name(&self, rung: RungIndex) -> Option<&RenditionName> {
        self.names.get(usize::from(rung.0))
    }

    fn all(&self) -> impl Iterator<Item = (RungIndex, &RenditionName)> {
        (0_u8..).map(RungIndex).zip(&self.names)
    }

    /// Somebody asked for a rendition.
    pub(crate) fn handle_asked(&mut self, asked: &RenditionName, now: Instant) {
        let index = self.names.iter().position(|name| name == asked);
        if let Some(index) = index.and_then(|index| u8::try_from(index).ok()) {
            self.demand.handle_request(RungIndex(index), now);
        }
    }

    /// The renditions that somebody wants, when they are others than at the last call.
    pub(crate) fn news(&mut self, now: Instant) -> Option<Vec<RenditionName>> {
        let wanted = self.demand.wanted(now);
        if wanted == self.wanted {
            return None;
        }
        self.wanted = wanted;
        let names = self.all().filter(|(rung, _)| wanted.has(*rung));
        Some(names.map(|(_, name)| name.clone()).collect())
    }

    /// The rungs to encode, when they are others than were told last: what is wanted, and what is needed still, since it is shown
    /// up to a keyframe that is to come. [`Self::handle_told`] says that they were.
    pub(crate) fn to_tell(&self, needs: impl Fn(&RenditionName) -> bool) -> Option<RungSet> {
        let is_made = |rung, name: &RenditionName| {
            self.wanted.has(rung) || self.made.has(rung) && needs(name)
        };
        let made = self.all().fold(RungSet::NONE, |made, (rung, name)| {
            match is_made(rung, name) {
                true => made.with(rung),
                false => made,
            }
        });
        (made != self.made).then_some(made)
    }

    pub(crate) fn handle_told(&mut self, made: RungSet) {
        self.made = made;
    }

    /// Whether the ladder that the source could have now should replace this one.
    pub(crate) fn is_outgrown_by(&mut self, possible: &[Rung], now: Instant) -> bool {
        let area = |rungs: &[Rung]| rungs.first().map_or(0, |rung| rung.size.area());
        if area(possible) <= area(&self.rungs) {
            self.larger_since = None;
            return false;
        }
        let since = *self.larger_since.get_or_insert(now);
        now - since >= GROW_AFTER
    }
}

/// The rendition of pictures of this size: that of a passed-through one, so that players keep it when the publisher comes back
/// with another codec.
fn name(size: Dimensions) -> Option<RenditionName> {
    RenditionName::parse(&format!("{}p", size.height.min(size.width)))
}

#[cfg(test)]
mod tests {
    use bridge_transcode::job::FrameRate;
    use bridge_transcode::ladder::{STEPS, ladder};

    use super::*;

    fn at(s: u64) -> Instant {
        Instant::START + Duration::from_secs(s)
    }

    fn texts(names: Option<Vec<RenditionName>>) -> Option<Vec<&'static str>> {
        let known = ["720p", "480p", "360p", "160p"];
        names.map(|names| {
            let is_there = |text: &&str| names.iter().any(|name| name.as_str() == *text);
            known.into_iter().filter(is_there).collect()
        })
    }

    fn of(width: u16, height: u16) -> Vec<Rung> {
        ladder(&STEPS, Dimensions { width, height }, FrameRate::clamp(30))
    }

    #[test]
    fn a_rung_between_rests_half_a_minute_after_the_last_who_asked_for_its_rendition() {
        let mut rungs = Rungs::new(of(1280, 720), at(0));
        let names: Vec<&str> = rungs.names().iter().map(RenditionName::as_str).collect();
        assert_eq!(names, ["720p", "480p", "360p", "160p"]);
        assert_eq!(rungs.news(at(29)), None);
        let asked = rungs.names()[2].clone();
        rungs.handle_asked(&asked, at(20));
        assert_eq!(
            texts(rungs.news(at(30))),
            Some(vec!["720p", "360p", "160p"])
        );
        assert_eq!(rungs.news(at(49)), None);
        assert_eq!(texts(rungs.news(at(50))), Some(vec!["720p", "160p"]));
    }

    #[test]
    fn a_rung_is_encoded_for_as_long_as_it_is_needed_and_anew_as_soon_as_it_is_wanted() {
        let mut rungs = Rungs::new(of(1280, 720), at(0));
        let all = RungSet::first(4);
        let without_480p = all.without(RungIndex(1));
        let of_360p = rungs.names()[2].clone();
        rungs.handle_asked(&of_360p, at(20));
        rungs.news(at(30));
        assert_eq!(rungs.to_tell(|_| true), None);
        let needs_360p = |name: &RenditionName| name.as_str() == "360p";
        assert_eq!(rungs.to_tell(needs_360p), Some(without_480p));
        rungs.handle_told(without_480p);
        // Nobody needs what is not made, whatever is said of it.
        assert_eq!(rungs.to_tell(|_| true), None);
        rungs.news(at(50));
        assert_eq!(rungs.to_tell(needs_360p), None);
        let ends = without_480p.without(RungIndex(2));
        assert_eq!(rungs.to_tell(|_| false), Some(ends));
        let of_480p = rungs.names()[1].clone();
        rungs.handle_asked(&of_480p, at(51));
        rungs.news(at(51));
        assert_eq!(rungs.to_tell(needs_360p), Some(all));
    }

    #[test]
    fn a_ladder_is_outgrown_by_a_source_that_stays_larger_and_by_no_other() {
        let mut rungs = Rungs::new(of(320, 180), at(0));
        assert!(!rungs.is_outgrown_by(&of(640, 360), at(1)));
        assert!(!rungs.is_outgrown_by(&of(320, 180), at(2)));
        assert!(!rungs.is_outgrown_by(&of(640, 360), at(3)));
        assert!(!rungs.is_outgrown_by(&of(640, 360), at(5)));
        assert!(rungs.is_outgrown_by(&of(640, 360), at(6)));
        let mut rungs = Rungs::new(of(640, 360), at(0));
        assert!(!rungs.is_outgrown_by(&of(160, 90), at(9)));
    }
}
