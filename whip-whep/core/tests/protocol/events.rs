//! Event streams of a player's session (checklist rows SE-01 to SE-12), against the core alone.

use sfu_model::id::{RoomId, SessionId};
use sfu_model::rate::Bitrate;
use sfu_model::rtp::Rid;
use signaling_auth::grant::{Refusal, Subject};
use whip_whep_core::ask::Reply;
use whip_whep_core::endpoint::Config;
use whip_whep_core::limits::{
    EVENT_PULLS_MAX, EVENT_STREAMS_PER_SESSION_MAX, JSON_BYTES_MAX, Limit,
};
use whip_whep_core::news::{Layer, News, Why};
use whip_whep_core::pull::{Pull, Pulled};
use whip_whep_core::request::{Endpoint, Method};

use crate::node::{Node, Sent, header, problem_code};
use crate::offers;

/// A node with a playing session whose stream is live, or not.
fn playing(is_live: bool) -> (Node, String) {
    let mut node = Node::new(Config::default());
    node.core.handle_activity(&demo(), is_live);
    let (url, _) = node.open("/whep/demo", &offers::play());
    (node, url)
}

fn demo() -> RoomId {
    RoomId::parse("demo").unwrap()
}

fn session_of(url: &str) -> SessionId {
    SessionId::parse(url.rsplit('/').next().unwrap()).unwrap()
}

fn viewers(n_viewers: usize) -> News {
    News {
        n_viewers,
        layers: Vec::new(),
    }
}

/// Makes a stream of these events and gives its URL.
fn make(node: &mut Node, url: &str, events: &str) -> String {
    let made = node.send(&Sent::json(&format!("{url}/sse"), events));
    assert_eq!(made.status.code(), 201, "{}", made.body);
    header(&made, "location")
}

/// Begins to listen.
fn pull(node: &mut Node, stream: &str) -> Pull {
    let response = node.send(&Sent::new(Method::Get, stream));
    assert_eq!(response.status.code(), 200, "{}", response.body);
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    assert_eq!(header(&response, "cache-control"), "no-store");
    node.last_pull.take().unwrap()
}

/// The text that waits.
fn taken(node: &mut Node, pull: &Pull) -> String {
    match node.core.take_events(pull) {
        Pulled::Events(text) => text,
        Pulled::Nothing => String::new(),
        Pulled::Ended => panic!("it has ended"),
    }
}

fn names(text: &str) -> Vec<&str> {
    let lines = text.lines();
    lines.filter_map(|l| l.strip_prefix("event: ")).collect()
}

#[test]
fn se_01_the_201_links_to_event_streams_and_says_which_events() {
    let mut node = Node::new(Config::default());
    let response = node.send(&Sent::post("/whep/demo", &offers::play()));
    let url = header(&response, "location");
    let links = response.headers.iter().filter(|h| h.name == "link");
    let links: Vec<&str> = links.map(|h| h.value.as_str()).collect();
    let events = format!(
        "<{url}/sse>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; \
         events=\"active,inactive,layers,reconnect,viewercount\""
    );
    assert!(links.contains(&events.as_str()), "{links:?}");
}

#[test]
fn se_02_a_post_makes_a_stream_of_some_events_or_of_all() {
    let (mut node, url) = playing(true);
    let some = make(&mut node, &url, "[\"viewercount\"]");
    let all = node.send(&Sent::new(Method::Post, &format!("{url}/sse")));
    assert_eq!(all.status.code(), 201);
    let all = header(&all, "location");
    assert!(some.starts_with(&format!("{url}/sse/")) && some != all);
    let (some, all) = (pull(&mut node, &some), pull(&mut node, &all));
    assert_eq!(names(&taken(&mut node, &some)), ["viewercount"]);
    assert_eq!(names(&taken(&mut node, &all)), ["active", "viewercount"]);
}

#[test]
fn se_03_an_event_that_is_not_advertised_is_400_and_so_is_what_is_no_list() {
    let (mut node, url) = playing(true);
    let sse = format!("{url}/sse");
    let table = [
        ("[\"active\",\"scte35\"]", 400, "unknown-event"),
        ("[\"x\"]", 400, "unknown-event"),
        ("[", 400, "malformed-json"),
        ("{}", 400, "malformed-json"),
        ("[1]", 400, "malformed-json"),
    ];
    for (body, status, code) in table {
        let refused = node.send(&Sent::json(&sse, body));
        let got = (refused.status.code(), problem_code(&refused));
        assert_eq!(got, (status, code.to_owned()), "{body}");
    }
    let wrong_type = Sent::json(&sse, "[]").with(|s| s.content_type = Some("text/plain"));
    let refused = node.send(&wrong_type);
    assert_eq!(refused.status.code(), 415);
    assert_eq!(header(&refused, "accept-post"), "application/json");
    let long = format!("[{}\"active\"]", " ".repeat(JSON_BYTES_MAX));
    assert_eq!(node.send(&Sent::json(&sse, &long)).status.code(), 413);
    assert_eq!(node.core.limit_hits().of(Limit::JsonBytes), 1);
    assert!(node.core.sessions_with_streams(Endpoint::Whep).is_empty());
}

#[test]
fn se_04_events_of_the_wanted_kinds_wait_until_they_are_pulled() {
    let (mut node, url) = playing(true);
    let stream = make(&mut node, &url, "[\"active\",\"inactive\",\"viewercount\"]");
    let session = session_of(&url);
    for n in 1..=50 {
        node.core.handle_news(session, &viewers(n));
    }
    node.core.handle_activity(&demo(), false);
    node.core.drain();
    let pull = pull(&mut node, &stream);
    let text = taken(&mut node, &pull);
    assert_eq!(names(&text), ["active", "viewercount", "inactive"]);
    assert!(text.contains("{\"viewercount\":50}"), "the latest: {text}");
    assert_eq!(node.core.n_events_coalesced(), 50);
    assert_eq!(node.core.take_events(&pull), Pulled::Nothing);
    // The list of kinds holds for what comes later, too; whoever listens is woken for it, and for nothing else.
    while node.core.poll_awoken().is_some() {}
    node.core.drain();
    assert_eq!(node.core.poll_awoken(), None);
    node.core.handle_news(session, &viewers(7));
    assert_eq!(node.core.poll_awoken(), Some(pull.number));
    assert_eq!(names(&taken(&mut node, &pull)), ["viewercount"]);
}

#[test]
fn se_05_an_event_is_its_type_and_one_line_of_json() {
    let (mut node, url) = playing(true);
    let stream = make(&mut node, &url, "");
    let pull = pull(&mut node, &stream);
    let text = taken(&mut node, &pull);
    for event in text.split_terminator("\n\n") {
        let lines: Vec<&str> = event.lines().collect();
        let [name, data] = lines.as_slice() else {
            panic!("{event:?}")
        };
        assert!(name.starts_with("event: "));
        let json = data.strip_prefix("data: ").unwrap();
        let parsed: serde_json::Value = serde_json::from_str(json).unwrap();
        assert!(parsed.is_object(), "{event:?}");
    }
}

#[test]
fn se_06_a_deleted_stream_drops_its_events_and_is_404() {
    let (mut node, url) = playing(true);
    let stream = make(&mut node, &url, "");
    let listening = pull(&mut node, &stream);
    let deleted = node.send(&Sent::new(Method::Delete, &stream));
    assert_eq!(deleted.status.code(), 200);
    assert_eq!(node.core.poll_awoken(), Some(listening.number));
    assert_eq!(node.core.take_events(&listening), Pulled::Ended);
    for method in [Method::Get, Method::Head, Method::Delete] {
        let refused = node.send(&Sent::new(method, &stream));
        let got = (refused.status.code(), problem_code(&refused));
        assert_eq!(got, (404, "no-such-event-stream".into()), "{method:?}");
    }
    assert_eq!(node.send(&Sent::new(Method::Get, &url)).status.code(), 204);
}

#[test]
fn se_07_streams_end_with_their_session_however_it_ends() {
    for is_deleted in [true, false] {
        let (mut node, url) = playing(true);
        let streams = [make(&mut node, &url, ""), make(&mut node, &url, "")];
        let listening = pull(&mut node, &streams[0]);
        if is_deleted {
            let _ = node.send(&Sent::new(Method::Delete, &url));
        } else {
            node.core.handle_session_closed(session_of(&url), node.now);
        }
        assert_eq!(node.core.take_events(&listening), Pulled::Ended);
        for stream in streams {
            let gone = node.send(&Sent::new(Method::Get, &stream));
            assert_eq!(gone.status.code(), 404);
        }
        let late = node.send(&Sent::json(&format!("{url}/sse"), "[]"));
        assert_eq!(problem_code(&late), "no-such-session");
    }
}

#[test]
fn se_07_a_session_that_ends_while_its_stream_is_made_has_none() {
    let (mut node, url) = playing(true);
    let sent = Sent::json(&format!("{url}/sse"), "[]");
    let (_, ticket) = crate::node::ticket_of(node.begin(&sent));
    node.core.handle_session_closed(session_of(&url), node.now);
    let reply = Ok(Reply::Described(viewers(1)));
    let answered = node.core.handle_reply(ticket, reply);
    assert!(matches!(answered, whip_whep_core::ask::Step::Done(r) if r.status.code() == 404));
    assert!(node.core.sessions_with_streams(Endpoint::Whep).is_empty());
}

#[test]
fn se_08_and_09_activity_is_told_when_it_changes_and_inactivity_never_first() {
    let (mut node, url) = playing(false);
    let stream = make(&mut node, &url, "[\"active\",\"inactive\"]");
    let pull = pull(&mut node, &stream);
    assert_eq!(node.core.take_events(&pull), Pulled::Nothing);
    let steps = [
        (true, vec!["active"]),
        // Another publisher took over: still the same broadcast.
        (true, vec![]),
        (false, vec!["inactive"]),
        (false, vec![]),
        (true, vec!["active"]),
    ];
    for (is_active, expected) in steps {
        node.core.handle_activity(&demo(), is_active);
        let other = RoomId::parse("other").unwrap();
        node.core.handle_activity(&other, !is_active);
        assert_eq!(names(&taken(&mut node, &pull)), expected);
    }
}

#[test]
fn se_10_layers_have_a_name_and_an_inactive_one_has_no_bitrate() {
    let (mut node, url) = playing(true);
    let stream = make(&mut node, &url, "[\"layers\"]");
    let pull = pull(&mut node, &stream);
    let layer = |rid, spatial, kbps, current| Layer {
        rid: Rid::new(rid),
        spatial,
        temporal: 0,
        bitrate: Bitrate::from_kbps(kbps),
        size: None,
        current,
    };
    let why = Some(Why::Path(Bitrate::from_kbps(600)));
    let layers = vec![
        layer("q", 0, 200, why),
        layer("h", 1, 900, None),
        layer("f", 2, 0, None),
    ];
    let news = News {
        n_viewers: 1,
        layers,
    };
    let session = session_of(&url);
    node.core.handle_news(session, &news);
    let text = taken(&mut node, &pull);
    // The video is the second m-line of the offer.
    let expected = "{\"1\":[\
        {\"bitrate\":200000,\"carries\":600000,\"current\":true,\"rid\":\"q\",\"spatialLayerId\":0,\"temporalLayerId\":0,\"why\":\"path\"},\
        {\"bitrate\":900000,\"rid\":\"h\",\"spatialLayerId\":1,\"temporalLayerId\":0},\
        {\"bitrate\":0,\"rid\":\"f\",\"spatialLayerId\":2,\"temporalLayerId\":0}]}";
    assert_eq!(text, format!("event: layers\ndata: {expected}\n\n"));
    node.core.handle_news(session, &news);
    assert_eq!(node.core.take_events(&pull), Pulled::Nothing, "no news");
    let silent = Some(Why::SoundOnly(Bitrate::from_kbps(60)));
    let news = News {
        n_viewers: 1,
        layers: vec![layer("q", 0, 200, silent)],
    };
    node.core.handle_news(session, &news);
    let expected = "{\"1\":[{\"bitrate\":200000,\"carries\":60000,\"rid\":\"q\",\
        \"spatialLayerId\":0,\"temporalLayerId\":0,\"why\":\"sound-only\"}]}";
    let text = taken(&mut node, &pull);
    assert_eq!(text, format!("event: layers\ndata: {expected}\n\n"));
}

#[test]
fn se_11_players_are_told_to_reconnect_when_the_node_goes_away() {
    let (mut node, url) = playing(true);
    let before = make(&mut node, &url, "[\"reconnect\"]");
    let before = pull(&mut node, &before);
    node.core.drain();
    assert!(node.core.has_undelivered_events());
    assert_eq!(taken(&mut node, &before), "event: reconnect\ndata: {}\n\n");
    assert!(!node.core.has_undelivered_events());
    let after = make(&mut node, &url, "[\"reconnect\"]");
    let after = pull(&mut node, &after);
    assert_eq!(names(&taken(&mut node, &after)), ["reconnect"]);
}

#[test]
fn se_12_the_number_of_viewers_is_told_when_it_changes() {
    let (mut node, url) = playing(true);
    let stream = make(&mut node, &url, "[\"viewercount\"]");
    let pull = pull(&mut node, &stream);
    let _initial = taken(&mut node, &pull);
    for (n, expected) in [(3, true), (3, false), (2, true), (0, true)] {
        node.core.handle_news(session_of(&url), &viewers(n));
        let text = taken(&mut node, &pull);
        let said = format!("event: viewercount\ndata: {{\"viewercount\":{n}}}\n\n");
        assert_eq!(text, if expected { said } else { String::new() });
    }
}

#[test]
fn a_stream_is_its_sessions_holders_and_lies_below_its_own_session() {
    let (mut node, url) = playing(true);
    let stream = make(&mut node, &url, "");
    let (other, _) = node.open("/whep/demo", &offers::play());
    let number = stream.rsplit('/').next().unwrap();
    for path in [
        format!("{other}/sse/{number}"),
        format!("{url}/sse/0{number}"),
        format!("{url}/sse/+{number}"),
        format!("{url}/sse/99"),
        format!("{url}/sse/x"),
        format!("/whep/elsewhere/{}/sse/{number}", session_of(&url)),
    ] {
        let missing = node.send(&Sent::new(Method::Get, &path));
        assert_eq!(missing.status.code(), 404, "{path}");
    }
    let somebody = Subject::Token("bob".into());
    for (method, path) in [
        (Method::Post, format!("{url}/sse")),
        (Method::Delete, stream.clone()),
    ] {
        let sent = Sent::new(method, &path);
        let stranger = sent.clone().with(|s| s.subject = Ok(somebody.clone()));
        assert_eq!(node.send(&stranger).status.code(), 404, "{method:?}");
        let nobody = sent.with(|s| s.subject = Err(Refusal::Missing));
        assert_eq!(node.send(&nobody).status.code(), 401, "{method:?}");
    }
    let nobody = Sent::new(Method::Head, &stream).with(|s| s.subject = Err(Refusal::Missing));
    assert_eq!(node.send(&nobody).status.code(), 200, "the URL is secret");
}

#[test]
fn whoever_listens_last_is_the_one_who_is_told() {
    let (mut node, url) = playing(true);
    let stream = make(&mut node, &url, "");
    let broken = pull(&mut node, &stream);
    let whole = pull(&mut node, &stream);
    assert_eq!(node.core.poll_awoken(), Some(broken.number));
    assert_eq!(node.core.take_events(&broken), Pulled::Ended);
    // Its end is noticed late and must not silence the other.
    node.core.end_pull(&broken);
    assert_eq!(names(&taken(&mut node, &whole)), ["active", "viewercount"]);
    node.core.end_pull(&whole);
    node.core.handle_activity(&demo(), false);
    assert_eq!(node.core.poll_awoken(), None, "nobody listens");
}

#[test]
fn streams_of_a_session_and_listeners_of_a_node_are_bounded() {
    let (mut node, url) = playing(true);
    let mut streams = Vec::new();
    for _ in 0..EVENT_STREAMS_PER_SESSION_MAX {
        streams.push(make(&mut node, &url, "[]"));
    }
    let refused = node.send(&Sent::json(&format!("{url}/sse"), "[]"));
    let got = (refused.status.code(), problem_code(&refused));
    assert_eq!(got, (429, "too-many-event-streams".into()));
    let hits = node.core.limit_hits();
    assert_eq!(hits.of(Limit::EventStreamsPerSession), 1);
    let _ = node.send(&Sent::new(Method::Delete, &streams[0]));
    make(&mut node, &url, "[]");

    let pulls: Vec<Pull> = (0..EVENT_PULLS_MAX)
        .map(|_| pull(&mut node, &streams[1]))
        .collect();
    let refused = node.send(&Sent::new(Method::Get, &streams[1]));
    assert_eq!(refused.status.code(), 503);
    assert_eq!(node.core.limit_hits().of(Limit::EventPulls), 1);
    node.core.end_pull(&pulls[0]);
    pull(&mut node, &streams[1]);
}

#[test]
fn places_below_a_session_take_their_methods_and_tell_pages_which() {
    let (mut node, url) = playing(true);
    let stream = make(&mut node, &url, "[]");
    let table = [
        (format!("{url}/sse"), Method::Get, "POST, OPTIONS"),
        (format!("{url}/layer"), Method::Patch, "POST, OPTIONS"),
        (stream, Method::Post, "GET, HEAD, DELETE, OPTIONS"),
    ];
    for (path, wrong, methods) in table {
        let refused = node.send(&Sent::new(wrong, &path));
        assert_eq!(refused.status.code(), 405);
        assert_eq!(header(&refused, "allow"), methods);
        let preflight = node.send(&Sent::new(Method::Options, &path));
        assert_eq!(header(&preflight, "allow"), methods);
        assert_eq!(header(&preflight, "access-control-allow-origin"), "*");
        assert!(
            preflight
                .header_value("access-control-allow-methods")
                .is_some()
        );
    }
}
