//! What a call leaves behind: events in order, counts, and whose playlist is another than before.

use std::collections::VecDeque;

use crate::event::Event;
use crate::rendition::RenditionName;
use crate::stats::Stats;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) events: VecDeque<Event>,
    pub(crate) stats: Stats,
    changed: Vec<RenditionName>,
}

impl Outbox {
    /// The playlist of a rendition is another: it is written once, when all that happens at this moment has happened.
    pub(crate) fn changed(&mut self, rendition: &RenditionName) {
        if !self.changed.contains(rendition) {
            self.changed.push(rendition.clone());
        }
    }

    pub(crate) fn take_changed(&mut self) -> Vec<RenditionName> {
        std::mem::take(&mut self.changed)
    }
}
