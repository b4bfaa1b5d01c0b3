//! The encodings of a publisher, and what is known of all of them together.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_frames::source::Source;
use sfu_model::frame::Frame;

use super::eligibility::Unfit;
use super::encoding::Encoding;

/// By their sources, low to high.
#[derive(Debug, Default)]
pub(super) struct Encodings(BTreeMap<Source, Encoding>);

impl Encodings {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn get(&self, source: Source) -> Option<&Encoding> {
        self.0.get(&source)
    }

    pub(super) fn get_mut(&mut self, source: Source) -> Option<&mut Encoding> {
        self.0.get_mut(&source)
    }

    /// That of this source, which may begin with this frame.
    pub(super) fn of(&mut self, source: Source, frame: &Frame, at: Duration) -> &mut Encoding {
        let encoding = self.0.entry(source);
        encoding.or_insert_with(|| Encoding::new(frame, at))
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = Source> + '_ {
        self.0.keys().copied()
    }

    /// Looks at what was measured of each up to a time.
    pub(super) fn evaluate(&mut self, at: Duration) {
        for encoding in self.0.values_mut() {
            encoding.eligibility.evaluate(at);
        }
    }

    /// Why those that flow are not fit.
    pub(super) fn unfit(&self, at: Duration) -> impl Iterator<Item = (Source, Unfit)> + '_ {
        let flowing = (self.0.iter()).filter(move |(_, encoding)| encoding.flows(at));
        flowing.filter_map(|(source, e)| Some((*source, e.eligibility.verdict()?)))
    }

    pub(super) fn is_fit(&self, source: Source) -> bool {
        let encoding = self.get(source);
        encoding.is_some_and(|encoding| encoding.eligibility.verdict().is_none())
    }

    pub(super) fn is_any_fit(&self) -> bool {
        self.sources().any(|source| self.is_fit(source))
    }

    /// Do players decode its profile?
    pub(super) fn is_played(&self, source: Source) -> bool {
        let encoding = self.get(source);
        encoding.is_some_and(|encoding| encoding.eligibility.is_played())
    }

    pub(super) fn is_any_played(&self) -> bool {
        self.sources().any(|source| self.is_played(source))
    }

    /// It is fit, or nothing is and players decode it.
    pub(super) fn is_wanted(&self, source: Source) -> bool {
        self.is_fit(source) || (self.is_played(source) && !self.is_any_fit())
    }

    /// Is the largest that flows fit?
    pub(super) fn is_top_fit(&self, at: Duration) -> bool {
        let mut from_above = self.0.iter().rev();
        let top = from_above.find(|(_, encoding)| encoding.flows(at));
        top.is_some_and(|(source, _)| self.is_fit(*source))
    }
}
