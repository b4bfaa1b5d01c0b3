//! The `Link` fields that advertise what a player's session URL has below it.

use crate::event::EventKind;
use crate::request::Endpoint;
use crate::session::Session;

/// The relation of a link to where event streams are made.
const EVENTS_RELATION: &str = "urn:ietf:params:whep:ext:core:server-sent-events";
/// The relation of a link to where a layer is selected.
const LAYER_RELATION: &str = "urn:ietf:params:whep:ext:core:layer";

/// The `Link` values of a player's 201: where its event streams are made, and where its layer is selected if it has video.
pub(crate) fn links(location: &str, session: &Session) -> Vec<String> {
    if session.endpoint != Endpoint::Whep {
        return Vec::new();
    }
    let names = EventKind::names();
    let events = format!("<{location}/sse>; rel=\"{EVENTS_RELATION}\"; events=\"{names}\"");
    let layer = format!("<{location}/layer>; rel=\"{LAYER_RELATION}\"");
    let has_video = session.video_index.is_some();
    [Some(events), has_video.then_some(layer)]
        .into_iter()
        .flatten()
        .collect()
}
