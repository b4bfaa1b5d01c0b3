//! One stream's way to whoever publishes it.

use std::sync::Arc;
use std::time::Duration;

use bridge_frames::source::Source;
use bridge_frames::warning::Warning;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use sfu_model::id::RoomId;
use sfu_model::time::Instant;
use tracing::{debug, warn};

use crate::advice::{Advice, Advices};
use crate::encoding::Encoding;
use crate::stages::Stages;

/// How often it is looked at what there is to say: faster than a person reads.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Tells whoever publishes a room all that there is to say, by the names that `docs/hls.md` explains; nothing when it is
/// over.
pub type Tell = Arc<dyn Fn(&RoomId, &[&'static str]) + Send + Sync>;

/// How often each was said. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Said(Family<[(&'static str, &'static str); 1], Counter>);

impl Said {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let said = Self(Family::default());
        for advice in Advice::ALL {
            drop(said.0.get_or_create(&[("warning", advice.label())]));
        }
        said
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Times that a publisher was told what is wrong with its stream for HLS and DASH";
        registry.register("bridge_warnings", help, self.0.clone());
    }

    fn count(&self, advice: Advice) {
        self.0.get_or_create(&[("warning", advice.label())]).inc();
    }
}

/// What its publisher is told.
pub(crate) struct Studio {
    room: RoomId,
    tell: Option<Tell>,
    said: Said,
    advices: Advices,
    looked_at: Instant,
}

impl Studio {
    pub(crate) fn new(room: RoomId, tell: Option<Tell>, said: Said) -> Self {
        Self {
            room,
            tell,
            said,
            advices: Advices::default(),
            looked_at: Instant::START,
        }
    }

    /// Frames say that something is wrong with a source.
    pub(crate) fn handle_warning(&mut self, source: Source, warning: Warning, now: Instant) {
        // Of interest to who looks for the cause; who must act is told by `say`.
        debug!(room = %self.room, %source, ?warning, "a publisher's stream is not as it should be");
        self.advices.handle_warning(warning, now);
    }

    /// Says what there is to say, if it is time to look. True: it was.
    pub(crate) fn look(&mut self, stages: &Stages, encoding: &Encoding, now: Instant) -> bool {
        if now < self.looked_at + LOOK_EVERY {
            return false;
        }
        self.looked_at = now;
        let at = stages.at(now).unwrap_or_default();
        let unfit = stages.routes.passage.unfit(at);
        let unfit = unfit.map(|(_, why)| Advice::of_unfit(why));
        let encoder = match (encoding.is_there(), encoding.hindrance()) {
            (false, _) if stages.routes.passage.needs_encoder() => Some(Advice::NoTranscoder),
            (_, Some(hindrance)) => Some(Advice::of_hindrance(hindrance)),
            (_, None) => None,
        };
        self.say(unfit.chain(encoder), now);
        true
    }

    /// Nobody publishes any more.
    pub(crate) fn handle_publisher_gone(&mut self, now: Instant) {
        self.advices.clear();
        self.say(std::iter::empty(), now);
    }

    fn say(&mut self, standing: impl Iterator<Item = Advice>, now: Instant) {
        let Some((all, new)) = self.advices.news(standing, now) else {
            return;
        };
        for advice in new {
            self.said.count(advice);
            warn!(room = %self.room, warning = advice.label(), "a publisher is told of its stream for HLS");
        }
        if let Some(tell) = &self.tell {
            let labels: Vec<&'static str> = all.iter().map(|advice| advice.label()).collect();
            tell(&self.room, &labels);
        }
    }
}
