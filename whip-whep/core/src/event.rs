//! The events of the server-sent events extension (draft-ietf-wish-whep-04, "Server Sent Events extension").

use serde_json::Value;

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
}

impl EventKind {
    /// All of them, in the order in which they are advertised.
    pub const ALL: [Self; 5] = [
        Self::Active,
        Self::Inactive,
        Self::Layers,
        Self::Reconnect,
        Self::ViewerCount,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Layers => "layers",
            Self::Reconnect => "reconnect",
            Self::ViewerCount => "viewercount",
        }
    }

    /// The names of all of them, as the `events` parameter of the `Link` lists them.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(",")
    }

    /// The kinds that a POST asks for: those of a JSON array, or all of them when it has no body. One that is not
    /// advertised makes it 400.
    pub fn parse_list(body: &[u8]) -> Result<Vec<Self>, BadEventList> {
        if body.is_empty() {
            return Ok(Self::ALL.to_vec());
        }
        let names: Vec<String> = serde_json::from_slice(body).map_err(|_| BadEventList::NoList)?;
        let kind = |name: &String| Self::ALL.into_iter().find(|kind| kind.name() == name);
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
        assert_eq!(EventKind::parse_list(b""), Ok(EventKind::ALL.to_vec()));
        assert_eq!(EventKind::parse_list(b"[]"), Ok(Vec::new()));
        let two = [EventKind::Layers, EventKind::Active];
        assert_eq!(
            EventKind::parse_list(br#"["layers","active"]"#),
            Ok(two.to_vec())
        );
        for unknown in [
            &br#"["scte35"]"#[..],
            br#"["active","x"]"#,
            br#"["Active"]"#,
        ] {
            assert_eq!(
                EventKind::parse_list(unknown),
                Err(BadEventList::UnknownEvent)
            );
        }
        for bad in [&b"["[..], b"{}", b"[1]", b"\"active\"", b"\xff"] {
            let refused = EventKind::parse_list(bad);
            assert_eq!(refused, Err(BadEventList::NoList), "{bad:?}");
        }
    }
}
