//! Server-sent events (draft-ietf-wish-whep-04, "Server Sent Events extension").

use std::time::Duration;

use serde_json::{Value, json};
use str0m::media::Direction;
use tokio::time::{interval, timeout};

use crate::listening::{Listening, make_stream};
use crate::node::{Node, good_offer};
use crate::offers::CHROMIUM_SIMULCAST;
use crate::running::PATIENCE;
use crate::webrtc::{Client, Offered};

/// Publishes `demo`, and gives the session with its client.
async fn publish(node: &Node) -> (String, Client) {
    let offered = Offered::video(Direction::SendOnly).await;
    let opened = node.open_with("/whip/demo", &offered.sdp.clone()).await;
    let mut client = offered.accept(&opened.answer);
    client.connected().await;
    (opened.session, client)
}

/// Plays `demo` once it is live, and gives the session with its client.
async fn play(node: &Node) -> (String, Client) {
    let offered = Offered::video(Direction::RecvOnly).await;
    let opened = node.open_with("/whep/demo", &offered.sdp.clone()).await;
    let mut client = offered.accept(&opened.answer);
    client.receives(1).await;
    (opened.session, client)
}

#[tokio::test]
async fn se_01_a_player_is_told_where_event_streams_are_made_and_of_what() {
    let node = Node::live().await;
    let reply = node.post("/whep/demo", &good_offer("/whep/demo")).await;
    let session = reply.header("location");
    let expected = format!(
        "<{session}/sse>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; \
         events=\"active,inactive,layers,reconnect,viewercount\""
    );
    assert!(reply.all("link").any(|link| link == expected), "{reply:?}");
}

#[tokio::test]
async fn a_publisher_that_listens_is_told_which_of_its_encodings_are_wanted() {
    let node = Node::start();
    let opened = node.open_with("/whip/demo", CHROMIUM_SIMULCAST).await;
    let stream = make_stream(&node, &opened.session, "[\"wanted\"]").await;
    let mut listening = Listening::to(&node, &stream).await;
    let rids = |data: &Value| data.as_object().and_then(|o| o.values().next().cloned());
    let all = |data: &Value| rids(data) == Some(json!(["q", "h", "f"]));
    // For half a minute it is all of them, whoever watches; tests/browser waits until some rest, and wake again.
    listening.until("wanted", all).await;
    let of_players = node
        .trusted("POST", &format!("{}/sse", opened.session))
        .header("content-type", "application/json");
    let refused = of_players.body("[\"layers\"]").send().await;
    refused.assert_refused(400, "unknown-event");
}

#[tokio::test]
async fn se_02_a_stream_is_made_by_post_and_read_by_get() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    let stream = make_stream(&node, &session, "").await;
    assert!(stream.starts_with(&format!("{session}/sse/")));
    let mut listening = Listening::to(&node, &stream).await;
    // Whatever else has happened by then.
    listening.until("active", |data| *data == json!({})).await;
    let head = node.request("HEAD", &stream).send().await;
    assert_eq!(head.header("content-type"), "text/event-stream");
}

#[tokio::test]
async fn se_03_an_event_that_is_not_advertised_is_400() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    let post = async |events: &str| {
        let request = node
            .trusted("POST", &format!("{session}/sse"))
            .header("content-type", "application/json");
        request.body(events).send().await
    };
    let unknown = post("[\"active\",\"scte35\"]").await;
    unknown.assert_refused(400, "unknown-event");
    let malformed = post("{\"active\":true}").await;
    malformed.assert_refused(400, "malformed-json");
    let long = post(&format!("[{}]", " ".repeat(5_000))).await;
    long.assert_refused(413, "body-too-large");
}

#[tokio::test]
async fn se_04_only_what_was_asked_for_is_told_and_waits_until_it_is_read() {
    let node = Node::start();
    let (publisher, _client) = publish(&node).await;
    let (session, _player) = play(&node).await;
    let stream = make_stream(&node, &session, "[\"active\",\"inactive\"]").await;
    assert_eq!(node.delete(&publisher).await.status, 200);
    // A second viewer and a second broadcast are events that this stream was not made for, or not only.
    let (_publisher, _client) = publish(&node).await;
    let (_session, _other) = play(&node).await;
    let mut listening = Listening::to(&node, &stream).await;
    let mut names = Vec::new();
    while !names.ends_with(&["inactive".to_owned(), "active".to_owned()]) {
        let (name, _) = listening.next().await.unwrap();
        assert!(["active", "inactive"].contains(&name.as_str()), "{name}");
        names.push(name);
    }
}

#[tokio::test]
async fn se_05_an_event_is_its_type_and_one_line_of_json() {
    let node = Node::start();
    let (_publisher, _client) = publish(&node).await;
    let (session, _player) = play(&node).await;
    let stream = make_stream(&node, &session, "").await;
    let mut listening = Listening::to(&node, &stream).await;
    // Whatever is not of this form fails where it is parsed.
    listening.until("active", |data| *data == json!({})).await;
    listening.until("layers", |data| data.is_object()).await;
}

#[tokio::test]
async fn se_06_a_deleted_stream_is_404_and_its_listener_is_done() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    let stream = make_stream(&node, &session, "").await;
    let mut listening = Listening::to(&node, &stream).await;
    assert_eq!(node.delete(&stream).await.status, 200);
    listening.end().await;
    let gone = node.get(&stream).await;
    gone.assert_refused(404, "no-such-event-stream");
    assert_eq!(node.get(&session).await.status, 204);
}

#[tokio::test]
async fn se_07_a_stream_ends_with_its_session() {
    let node = Node::start();
    let (publisher, _client) = publish(&node).await;
    let (deleted, _first) = play(&node).await;
    let (ended, _second) = play(&node).await;
    let streams = [
        make_stream(&node, &deleted, "").await,
        make_stream(&node, &ended, "").await,
    ];
    let mut listeners = Vec::new();
    for stream in &streams {
        listeners.push(Listening::to(&node, stream).await);
    }
    assert_eq!(node.delete(&deleted).await.status, 200);
    assert_eq!(node.delete(&publisher).await.status, 200);
    assert_eq!(node.delete(&ended).await.status, 200);
    for listener in &mut listeners {
        listener.end().await;
    }
    for stream in &streams {
        let gone = node.get(stream).await;
        gone.assert_refused(404, "no-such-event-stream");
    }
}

#[tokio::test]
async fn se_08_and_09_inactive_and_active_follow_the_publisher_and_inactive_is_never_first() {
    let node = Node::start();
    let (publisher, _client) = publish(&node).await;
    let (session, _player) = play(&node).await;
    let stream = make_stream(&node, &session, "[\"active\",\"inactive\"]").await;
    assert_eq!(node.delete(&publisher).await.status, 200);
    let while_away = make_stream(&node, &session, "[\"active\",\"inactive\"]").await;
    let mut listening = Listening::to(&node, &stream).await;
    listening.until("inactive", |data| *data == json!({})).await;
    let mut newcomer = Listening::to(&node, &while_away).await;
    let (_publisher, _client) = publish(&node).await;
    listening.until("active", |data| *data == json!({})).await;
    // Whoever came while nobody published may have been told of the end by a signal that was on its way, or of nothing.
    newcomer.until("active", |data| *data == json!({})).await;
}

#[tokio::test]
async fn se_10_layers_say_what_the_video_comes_in_and_what_the_player_gets() {
    let node = Node::start();
    let (_publisher, _client) = publish(&node).await;
    let (session, mut player) = play(&node).await;
    player.receives(10).await;
    let stream = make_stream(&node, &session, "[\"layers\"]").await;
    let mut listening = Listening::to(&node, &stream).await;
    let is_measured = |data: &serde_json::Value| data["0"][0]["bitrate"].as_u64() > Some(0);
    let layers = listening.until("layers", is_measured).await;
    let layer = &layers["0"][0];
    assert_eq!(layer["spatialLayerId"], 0, "{layers}");
    assert_eq!(
        (&layer["current"], &layer["why"]),
        (&json!(true), &json!("best"))
    );
}

#[tokio::test]
async fn se_11_players_are_told_to_reconnect_when_the_node_goes_away() {
    let node = Node::start();
    let (_publisher, _client) = publish(&node).await;
    let (session, _player) = play(&node).await;
    let stream = make_stream(&node, &session, "[\"reconnect\"]").await;
    let mut listening = Listening::to(&node, &stream).await;
    node.running.signal("TERM");
    listening
        .until("reconnect", |data| *data == json!({}))
        .await;
    listening.end().await;
}

#[tokio::test]
async fn se_12_the_number_of_viewers_follows_who_comes_and_goes() {
    let node = Node::live().await;
    let session = node.open("/whep/demo").await.session;
    let stream = make_stream(&node, &session, "[\"viewercount\"]").await;
    let mut listening = Listening::to(&node, &stream).await;
    let count = |n: u64| move |data: &serde_json::Value| data["viewercount"] == n;
    listening.until("viewercount", count(1)).await;
    let other = node.open("/whep/demo").await.session;
    listening.until("viewercount", count(2)).await;
    assert_eq!(node.delete(&other).await.status, 200);
    listening.until("viewercount", count(1)).await;
}

#[tokio::test]
async fn a_stream_of_a_private_stream_is_made_by_who_plays_it_and_read_by_who_knows_its_url() {
    let node = Node::start();
    let offered = Offered::new(Direction::SendOnly).await;
    let opened = node.open_with("/whip/private", &offered.sdp.clone()).await;
    let mut publisher = offered.accept(&opened.answer);
    publisher.connected().await;
    let issue = [
        "token", "issue", "--stream", "private", "--play", "--ttl", "5m",
    ];
    let token = node.running.command(&issue);
    let bearer = token.trim();
    let play = async {
        let mut asks = interval(Duration::from_millis(60));
        loop {
            asks.tick().await;
            let request = node
                .request("POST", "/whep/private")
                .header("content-type", "application/sdp")
                .bearer(bearer);
            let reply = request.body(&good_offer("/whep/private")).send().await;
            if reply.status != 409 {
                return reply;
            }
        }
    };
    let played = timeout(PATIENCE, play).await.unwrap();
    let sse = format!("{}/sse", played.header("location"));
    let refused = node.request("POST", &sse).send().await;
    refused.assert_refused(401, "credential-missing");
    let made = node.request("POST", &sse).bearer(bearer).send().await;
    assert_eq!(made.status, 201, "{}", made.body);
    let stream = made.header("location").to_owned();
    let mut listening = Listening::to(&node, &stream).await;
    listening.until("active", |data| *data == json!({})).await;
    let refused = node.request("DELETE", &stream).send().await;
    refused.assert_refused(401, "credential-missing");
}
