//! One event stream of a session: what waits in it until it is pulled.

use std::collections::VecDeque;

use serde_json::json;
use sfu_model::rtp::Rid;

use crate::event::{Event, EventKind};
use crate::news::{self, Layer, News};
use crate::request::Endpoint;

/// Most events that wait in one stream: the latest of each kind. An older one of the same kind makes room and is counted,
/// so that a player that pulls again after a minute is told how things are and not how they were.
pub const EVENTS_PER_STREAM_MAX: usize = EventKind::all(Endpoint::Whep).len();

/// An event stream.
#[derive(Clone, Debug)]
pub(crate) struct EventStream {
    /// What it was made for.
    kinds: Vec<EventKind>,
    waiting: VecDeque<Event>,
    told: Told,
    /// Who pulls it: the latest who came.
    pub(crate) puller: Option<u64>,
}

/// What the player was told last, or will be when it pulls.
#[derive(Clone, Debug, Default)]
struct Told {
    is_active: bool,
    n_viewers: Option<usize>,
    layers: Option<Vec<Layer>>,
    wanted: Option<Vec<Rid>>,
    /// None, at first.
    warnings: Vec<&'static str>,
}

/// Whether an event had to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queued {
    /// None did.
    Added,
    /// An older one of the same kind.
    InPlace,
    /// Nothing was queued: it is not wanted, or no news.
    Nothing,
}

impl EventStream {
    pub(crate) fn new(kinds: Vec<EventKind>) -> Self {
        Self {
            kinds,
            waiting: VecDeque::new(),
            told: Told::default(),
            puller: None,
        }
    }

    /// Somebody publishes, or nobody does. A player that was never told of a publisher is not told that there is none.
    pub(crate) fn on_activity(&mut self, is_active: bool) -> Queued {
        if std::mem::replace(&mut self.told.is_active, is_active) == is_active {
            return Queued::Nothing;
        }
        let kind = match is_active {
            true => EventKind::Active,
            false => EventKind::Inactive,
        };
        self.push(kind, json!({}))
    }

    /// How many watch.
    pub(crate) fn on_viewers(&mut self, news: &News) -> Queued {
        if self.told.n_viewers == Some(news.n_viewers) {
            return Queued::Nothing;
        }
        self.told.n_viewers = Some(news.n_viewers);
        let data = json!({ "viewercount": news.n_viewers });
        self.push(EventKind::ViewerCount, data)
    }

    /// What the video in the m-line of this index comes in.
    pub(crate) fn on_layers(&mut self, media_index: usize, news: &News) -> Queued {
        let told = self.told.layers.as_deref().unwrap_or_default();
        if !news::are_news(&news.layers, told) {
            return Queued::Nothing;
        }
        self.told.layers = Some(news.layers.clone());
        let data = news::layers_data(media_index, &news.layers);
        self.push(EventKind::Layers, data)
    }

    /// Which encodings of the video in the m-line of this index are to be sent.
    pub(crate) fn on_wanted(&mut self, media_index: usize, rids: &[Rid]) -> Queued {
        if self.told.wanted.as_deref() == Some(rids) {
            return Queued::Nothing;
        }
        self.told.wanted = Some(rids.to_vec());
        let names: Vec<&str> = rids.iter().map(Rid::as_str).collect();
        self.push(EventKind::Wanted, json!({ media_index.to_string(): names }))
    }

    /// What is wrong: all of it, by name. Nothing, when it is over.
    pub(crate) fn on_warnings(&mut self, warnings: &[&'static str]) -> Queued {
        if self.told.warnings == warnings {
            return Queued::Nothing;
        }
        self.told.warnings = warnings.to_vec();
        self.push(EventKind::Warnings, json!({ "warnings": warnings }))
    }

    /// The player must begin a new session, at the same endpoint.
    pub(crate) fn on_reconnect(&mut self) -> Queued {
        self.push(EventKind::Reconnect, json!({}))
    }

    /// Takes what waits, as text; `None` when nothing does.
    pub(crate) fn take(&mut self) -> Option<String> {
        let mut text = String::new();
        for event in self.waiting.drain(..) {
            event.write(&mut text);
        }
        (!text.is_empty()).then_some(text)
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn push(&mut self, kind: EventKind, data: serde_json::Value) -> Queued {
        if !self.kinds.contains(&kind) {
            return Queued::Nothing;
        }
        let n_before = self.waiting.len();
        self.waiting.retain(|event| event.kind != kind);
        let has_made_room = self.waiting.len() < n_before;
        self.waiting.push_back(Event { kind, data });
        debug_assert!(self.waiting.len() <= EVENTS_PER_STREAM_MAX);
        match has_made_room {
            true => Queued::InPlace,
            false => Queued::Added,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewers(n_viewers: usize) -> News {
        News {
            n_viewers,
            layers: Vec::new(),
        }
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let mut stream = EventStream::new(EventKind::all(Endpoint::Whep).to_vec());
        assert_eq!(stream.on_viewers(&viewers(3)), Queued::Added);
        assert_eq!(stream.on_viewers(&viewers(3)), Queued::Nothing);
        let text = stream.take().unwrap();
        assert_eq!(text, "event: viewercount\ndata: {\"viewercount\":3}\n\n");
        assert_eq!(stream.take(), None);
        assert_eq!(stream.on_viewers(&viewers(3)), Queued::Nothing);
        assert_eq!(stream.on_viewers(&viewers(4)), Queued::Added);
    }

    #[test]
    fn what_is_wanted_is_told_when_it_changes_and_only_the_latest_waits() {
        let mut stream = EventStream::new(EventKind::all(Endpoint::Whip).to_vec());
        let rids: Vec<Rid> = ["q", "h"].into_iter().filter_map(Rid::new).collect();
        assert_eq!(stream.on_wanted(1, &rids), Queued::Added);
        assert_eq!(stream.on_wanted(1, &rids), Queued::Nothing);
        assert_eq!(stream.on_wanted(1, &rids[..1]), Queued::InPlace);
        let text = stream.take().unwrap();
        assert_eq!(text, "event: wanted\ndata: {\"1\":[\"q\"]}\n\n");
        assert_eq!(stream.on_viewers(&viewers(3)), Queued::Nothing);
    }

    #[test]
    fn warnings_are_told_when_they_change_and_when_they_are_over_and_never_that_there_are_none() {
        let mut stream = EventStream::new(EventKind::all(Endpoint::Whip).to_vec());
        assert_eq!(stream.on_warnings(&[]), Queued::Nothing);
        assert_eq!(stream.on_warnings(&["b-frames"]), Queued::Added);
        let text = stream.take().unwrap();
        assert_eq!(
            text,
            "event: warnings\ndata: {\"warnings\":[\"b-frames\"]}\n\n"
        );
        assert_eq!(stream.on_warnings(&["b-frames"]), Queued::Nothing);
        assert_eq!(stream.on_warnings(&[]), Queued::Added);
        assert!(stream.take().unwrap().contains("[]"));
    }

    #[test]
    fn only_the_latest_of_each_kind_waits_and_the_order_is_that_of_the_latest() {
        let mut stream = EventStream::new(EventKind::all(Endpoint::Whep).to_vec());
        for n in 0..1_000 {
            stream.on_activity(true);
            stream.on_viewers(&viewers(n));
            stream.on_activity(false);
            stream.on_reconnect();
        }
        assert_eq!(stream.waiting.len(), 4);
        let text = stream.take().unwrap();
        let names = text.lines().filter_map(|line| line.strip_prefix("event: "));
        let expected = ["active", "viewercount", "inactive", "reconnect"];
        assert_eq!(names.collect::<Vec<_>>(), expected);
        assert!(text.contains("999"));
    }
}
