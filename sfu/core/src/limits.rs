//! Limits of one worker, each with its reason. A full one is [`CommandError::Exhausted`](crate::error::CommandError).

use std::time::Duration;

/// Most sessions of a worker. An idle session of the engine holds about 75 KB: 8,192 of them are 600 MB, and more than
/// a core can feed; past it a POST is 503 and the balancer must look elsewhere.
pub const SESSIONS_MAX: usize = 8_192;

/// Most rooms of a worker; a room without sessions is dropped, so this only meets a node of nothing but publishers.
pub const ROOMS_MAX: usize = 8_192;

/// Least time between two keyframe requests for one encoding. A keyframe is ten times a delta frame: a crowd that joins
/// in one second must not cost the publisher more than four. libwebrtc passes over a request that comes within 300 ms of the
/// last that it took, so a sooner one is lost, and whoever waits for it waits for the one after: the rest is for what the
/// network adds to the one and not to the other.
pub const KEYFRAME_REQUEST_INTERVAL: Duration = Duration::from_millis(320);

/// The same for viewers who have a picture and may get a better one: they wait for each other.
pub const KEYFRAME_RAISE_INTERVAL: Duration = Duration::from_millis(2_000);

/// How often an unanswered keyframe request is repeated before giving up: requests travel as RTCP, which is lost like
/// anything else. Subscribers ask again by themselves.
pub const KEYFRAME_REQUEST_TRIES_MAX: u32 = 20;

/// An encoding that has sent nothing for this long does not flow: its subscribers move to another. Chromium at 5 fps
/// sends every 200 ms; screen shares are slower, but then have no simulcast to move within.
pub const ENCODING_SILENCE: Duration = Duration::from_millis(1_000);

/// A layer of an encoding that has sent nothing for this long does not flow: nobody waits for it. A top frame rate of 2 fps
/// has a packet of each layer in every 2 s.
pub const LAYER_SILENCE: Duration = Duration::from_millis(3_000);

/// How long viewers hold the last frame after the publisher went: a page reload takes 2 s, a restart of OBS 20 s.
/// After it the room ends and players go back to waiting.
pub const PUBLISHER_GRACE: Duration = Duration::from_secs(60);

/// Most events that wait for the server before nothing is let in that makes more. It takes them after every call, as long as
/// the rest of the node takes them from it: a node that hangs meets this. Then a new session is refused, and so is a check
/// from a new address. Sessions that are open go on, and what they have to say is kept: each can say 13 things more at most,
/// that it is connected, sends, is live, is silent, has lost its eight addresses and is closed. The number is what all
/// sessions of a worker say when they start at once, twice over.
pub const EVENTS_MAX: usize = 65_536;

const _: () = assert!(EVENTS_MAX >= 2 * 4 * SESSIONS_MAX);

/// Most remote addresses of a session that have passed ICE. Safari sends from up to three; a phone that roams adds one
/// per network. The one that has been silent longest makes room.
pub const VALIDATED_ADDRESSES_MAX: usize = 8;
