//! The `Link` fields that advertise what a session URL has below it.

use crate::event::EventKind;
use crate::request::Endpoint;
use crate::session::Session;

/// The relation of a link to where event streams are made. A publisher's has it, too: WHIP has none of its own for that.
const EVENTS_RELATION: &str = "urn:ietf:params:whep:ext:core:server-sent-events";
/// The relation of a link to where a layer is selected.
const LAYER_RELATION: &str = "urn:ietf:params:whep:ext:core:layer";

/// The `Link` values of a 201: where event streams are made, and where a player's layer is selected if it has video. A
/// publisher without video has nothing to be told.
pub(crate) fn links(location: &str, session: &Session) -> Vec<String> {
    let has_video = session.video_index.is_some();
    let (has_events, has_layers) = match session.endpoint {
        Endpoint::Whip => (has_video, false),
        Endpoint::Whep => (true, has_video),
    };
    let names = EventKind::names(session.endpoint);
    let events = format!("<{location}/sse>; rel=\"{EVENTS_RELATION}\"; events=\"{names}\"");
    let layer = format!("<{location}/layer>; rel=\"{LAYER_RELATION}\"");
    [has_events.then_some(events), has_layers.then_some(layer)]
        .into_iter()
        .flatten()
        .collect()
}
