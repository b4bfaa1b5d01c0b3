//! The event stream of a publisher's session, which says what of its video is wanted, and what is wrong with it: ours, in the form that WHEP gives a
//! player's.

use sfu_model::id::{RoomId, SessionId};
use sfu_model::rtp::Rid;
use signaling_auth::grant::Refusal;
use whip_whep_core::endpoint::Config;
use whip_whep_core::pull::{Pull, Pulled};
use whip_whep_core::request::{Endpoint, Method};

use crate::node::{Node, Sent, header, problem_code};
use crate::offers;

/// A node with a publishing session, and its URL.
fn publishing() -> (Node, String) {
    let mut node = Node::new(Config::default());
    let (url, _) = node.open("/whip/demo", &offers::publish());
    (node, url)
}

fn session_of(url: &str) -> SessionId {
    SessionId::parse(url.rsplit('/').next().unwrap()).unwrap()
}

fn rids(names: &[&str]) -> Vec<Rid> {
    names.iter().filter_map(|name| Rid::new(name)).collect()
}

/// Makes a stream and begins to listen.
fn listen(node: &mut Node, url: &str) -> Pull {
    let made = node.send(&Sent::json(&format!("{url}/sse"), "[\"wanted\"]"));
    assert_eq!(made.status.code(), 201, "{}", made.body);
    let stream = header(&made, "location");
    assert!(stream.starts_with(&format!("{url}/sse/")), "{stream}");
    let pulled = node.send(&Sent::new(Method::Get, &stream));
    assert_eq!(pulled.status.code(), 200, "{}", pulled.body);
    assert_eq!(header(&pulled, "content-type"), "text/event-stream");
    node.last_pull.take().unwrap()
}

#[test]
fn the_201_of_a_publisher_links_to_event_streams_of_two_events() {
    let mut node = Node::new(Config::default());
    let response = node.send(&Sent::post("/whip/demo", &offers::publish()));
    let url = header(&response, "location");
    let expected = format!(
        "<{url}/sse>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; events=\"wanted,warnings\""
    );
    assert_eq!(header(&response, "link"), expected);
}

#[test]
fn a_publisher_that_listens_is_told_what_is_wanted_when_it_changes() {
    let (mut node, url) = publishing();
    let session = session_of(&url);
    let pull = listen(&mut node, &url);
    assert_eq!(node.core.take_events(&pull), Pulled::Nothing);
    node.core.handle_wanted(session, &rids(&["q", "h", "f"]));
    assert_eq!(node.core.poll_awoken(), Some(pull.number));
    let all = "event: wanted\ndata: {\"1\":[\"q\",\"h\",\"f\"]}\n\n";
    assert_eq!(node.core.take_events(&pull), Pulled::Events(all.to_owned()));
    node.core.handle_wanted(session, &rids(&["q", "h", "f"]));
    assert_eq!(node.core.poll_awoken(), None, "no news");
    node.core.handle_wanted(session, &rids(&["q"]));
    node.core.handle_wanted(session, &rids(&["q", "h"]));
    let latest = "event: wanted\ndata: {\"1\":[\"q\",\"h\"]}\n\n";
    assert_eq!(
        node.core.take_events(&pull),
        Pulled::Events(latest.to_owned())
    );
    assert_eq!(node.core.n_events_coalesced(), 1);
}

#[test]
fn a_publisher_that_listens_is_told_what_is_wrong_and_when_it_is_over() {
    let (mut node, url) = publishing();
    let (demo, other) = (
        RoomId::parse("demo").unwrap(),
        RoomId::parse("other").unwrap(),
    );
    node.core.handle_warnings(&other, &["b-frames"]);
    node.core.handle_warnings(&demo, &["few-pictures"]);
    let made = node.send(&Sent::json(&format!("{url}/sse"), "[\"warnings\"]"));
    let stream = header(&made, "location");
    let pulled = node.send(&Sent::new(Method::Get, &stream));
    assert_eq!(pulled.status.code(), 200, "{}", pulled.body);
    let pull = node.last_pull.take().unwrap();
    let text = |warnings: &str| {
        Pulled::Events(format!(
            "event: warnings\ndata: {{\"warnings\":{warnings}}}\n\n"
        ))
    };
    assert_eq!(node.core.take_events(&pull), text("[\"few-pictures\"]"));
    node.core.handle_warnings(&demo, &["few-pictures"]);
    assert_eq!(node.core.poll_awoken(), None, "no news");
    node.core.handle_warnings(&demo, &[]);
    assert_eq!(node.core.poll_awoken(), Some(pull.number));
    assert_eq!(node.core.take_events(&pull), text("[]"));
}

#[test]
fn a_publisher_of_one_encoding_is_told_nothing() {
    let (mut node, url) = publishing();
    let pull = listen(&mut node, &url);
    node.core.handle_wanted(session_of(&url), &[]);
    assert_eq!(node.core.take_events(&pull), Pulled::Nothing);
}

#[test]
fn only_who_listens_is_asked_about() {
    let (mut node, url) = publishing();
    let listening = |node: &Node, endpoint| node.core.sessions_with_streams(endpoint).len();
    assert_eq!(listening(&node, Endpoint::Whip), 0);
    let _pull = listen(&mut node, &url);
    assert_eq!(listening(&node, Endpoint::Whip), 1);
    assert_eq!(listening(&node, Endpoint::Whep), 0);
    let closed = node.send(&Sent::new(Method::Delete, &url));
    assert_eq!(closed.status.code(), 200);
    assert_eq!(listening(&node, Endpoint::Whip), 0);
}

#[test]
fn a_publisher_gets_no_events_of_players_and_a_player_none_of_publishers() {
    let (mut node, whip) = publishing();
    let (whep, _) = node.open("/whep/demo", &offers::play());
    for (url, event) in [(&whip, "layers"), (&whip, "viewercount"), (&whep, "wanted")] {
        let body = format!("[\"{event}\"]");
        let refused = node.send(&Sent::json(&format!("{url}/sse"), &body));
        assert_eq!(refused.status.code(), 400, "{event}");
        assert_eq!(problem_code(&refused), "unknown-event", "{event}");
    }
    let pull = listen(&mut node, &whip);
    node.core.drain();
    assert_eq!(node.core.take_events(&pull), Pulled::Nothing);
}

#[test]
fn nobody_but_the_publisher_makes_a_stream() {
    let (mut node, url) = publishing();
    let sse = format!("{url}/sse");
    let stranger = Sent::json(&sse, "[]").with(|s| s.subject = Err(Refusal::Invalid));
    assert_eq!(node.send(&stranger).status.code(), 401);
    let at_whep = sse.replace("/whip/", "/whep/");
    let player = Sent::json(&at_whep, "[]");
    assert_eq!(node.send(&player).status.code(), 404);
}
