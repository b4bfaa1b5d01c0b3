//! The events of the server-sent events extension (draft-ietf-wish-whep-04, "Server Sent Events extension"), and two of our
//! own that publishers get in the same way.

use serde_json::Value;

use crate::request::Endpoint;

/// What an event tells. `scte35` is not among them: nobody gives us any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Somebody publishes the stream.
    Active,
    /// Nobody does, any more.
    Inactive,
    /// What the video comes in, and what of it the player gets.
    Layers,
    /// The player must begin a new session.
    Reconnect,
    /// How many watch.
    ViewerCount,
    /// Which encodings of its video a publisher needs to send. Ours.
    Wanted,
    /// What is wrong with a publisher's stream for those who do not play it by WHEP. Ours.
    Warnings,
}

impl EventKind {
    /// What a player can be told, in the order in which it is advertised.
    const OF_PLAYERS: [Self; 5] = [
        Self::Active,
        Self::Inactive,
        Self::Layers,
        Self::Reconnect,
        Self::ViewerCount,
    ];
    /// What a publisher can be told.
    const OF_PUBLISHERS: [Self; 2] = [Self::Wanted, Self::Warnings];

    /// What a session of this endpoint can be told, in the order in which it is advertised.
    pub const fn all(endpoint: Endpoint) -> &'static [Self] {
        match endpoint {
            Endpoint::Whip => &Self::OF_PUBLISHERS,
            Endpoint::Whep => &Self::OF_PLAYERS,
        }
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Layers => "layers",
            Self::Reconnect => "reconnect",
            Self::ViewerCount => "viewercount",
            Self::Wanted => "wanted",
            Self::Warnings => "warnings",
        }
    }

    /// The names of all of an endpoint, as the `events` parameter of the `Link` lists them.
    pub fn names(endpoint: Endpoint) -> String {
        let names: Vec<&str> = Self::all(endpoint).iter().map(|kind| kind.name()).collect();
        names.join(",")
    }

    /// The kinds that a POST asks for: those of a JSON array, or all of them when it has no body. One that is not
    /// advertised makes it 400.
    pub fn parse_list(body: &[u8], endpoint: Endpoint) -> Result<Vec<Self>, BadEventList> {
        let all = Self::all(endpoint);
        if body.is_empty() {
            return Ok(all.to_vec());
        }
        let names: Vec<String> = serde_json::from_slice(body).map_err(|_| BadEventList::NoList)?;
        let kind = |name: &String| all.iter().copied().find(|kind| kind.name() == name);
        let kinds: Option<Vec<Self>> = names.iter().map(kind).collect();
        kinds.ok_or(BadEventList::UnknownEvent)
    }
}

/// Peer misbehaved: no stream can be made of these events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEventList {
    /// It is no JSON, or none of the right shape.
    #[error("The body is a JSON array of the names of events.")]
    NoList,
    /// An event was asked for that is not advertised.
    #[error("Only events that the Link of the 201 lists can be asked for.")]
    UnknownEvent,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it tells.
    pub kind: EventKind,
    /// Its data.
    pub data: Value,
}

impl Event {
    /// Writes it as the WHATWG's event stream format has it. JSON without line breaks is the single `data` line that the
    /// draft asks for.
    pub(crate) fn write(&self, out: &mut String) {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(out, "event: {}\ndata: {}\n\n", self.kind.name(), self.data);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_line_of_data_whatever_is_in_it() {
        let mut text = String::new();
        let data = json!({ "rid": "a\nb\r", "n": 1 });
        let kind = EventKind::Layers;
        Event { kind, data }.write(&mut text);
        assert_eq!(
            text,
            "event: layers\ndata: {\"n\":1,\"rid\":\"a\\nb\\r\"}\n\n"
        );
    }

    #[test]
    fn a_list_of_events_is_a_json_array_of_known_names_or_nothing() {
        let parse = |body| EventKind::parse_list(body, Endpoint::Whep);
        assert_eq!(parse(b""), Ok(EventKind::OF_PLAYERS.to_vec()));
        assert_eq!(parse(b"[]"), Ok(Vec::new()));
        let two = [EventKind::Layers, EventKind::Active];
        assert_eq!(parse(br#"["layers","active"]"#), Ok(two.to_vec()));
        for unknown in [
            &br#"["scte35"]"#[..],
            br#"["active","x"]"#,
            br#"["Active"]"#,
            br#"["wanted"]"#,
        ] {
            assert_eq!(parse(unknown), Err(BadEventList::UnknownEvent));
        }
        for bad in [&b"["[..], b"{}", b"[1]", b"\"active\"", b"\xff"] {
            assert_eq!(parse(bad), Err(BadEventList::NoList), "{bad:?}");
        }
    }
}
