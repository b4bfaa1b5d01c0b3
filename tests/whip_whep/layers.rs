//! Selection of layers (draft-ietf-wish-whep-04, "Video Layer Selection extension"). What a choice among several does to the
//! picture is tested in a browser, and in the simulator.

use str0m::media::Direction;

use crate::http::Reply;
use crate::listening::{Listening, make_stream};
use crate::node::{Node, good_offer};
use crate::webrtc::{Client, Offered};

struct Playing {
    node: Node,
    session: String,
    _clients: [Client; 2],
}

impl Playing {
    async fn start() -> Self {
        let node = Node::start();
        let published = Offered::video(Direction::SendOnly).await;
        let opened = node.open_with("/whip/demo", &published.sdp.clone()).await;
        let publisher = published.accept(&opened.answer);
        let played = Offered::video(Direction::RecvOnly).await;
        let opened = node.open_with("/whep/demo", &played.sdp.clone()).await;
        let mut player = played.accept(&opened.answer);
        player.receives(10).await;
        Self {
            node,
            session: opened.session,
            _clients: [publisher, player],
        }
    }

    async fn select(&self, body: &str) -> Reply {
        let request = self
            .node
            .trusted("POST", &format!("{}/layer", self.session))
            .header("content-type", "application/json");
        request.body(body).send().await
    }
}

#[tokio::test]
async fn ly_01_layer_selection_is_advertised_beside_the_layers_event() {
    let node = Node::live().await;
    let reply = node.post("/whep/demo", &good_offer("/whep/demo")).await;
    let links: Vec<&str> = reply.all("link").collect();
    let session = reply.header("location");
    let layer = format!("<{session}/layer>; rel=\"urn:ietf:params:whep:ext:core:layer\"");
    assert!(links.contains(&layer.as_str()), "{links:?}");
    let has_event = |link: &&str| link.contains("server-sent-events") && link.contains(",layers,");
    assert!(links.iter().any(has_event), "{links:?}");
}

#[tokio::test]
async fn ly_02_and_03_a_layer_is_selected_and_let_go_again() {
    let playing = Playing::start().await;
    let stream = make_stream(&playing.node, &playing.session, "[\"layers\"]").await;
    let mut listening = Listening::to(&playing.node, &stream).await;
    let is = |why: &'static str| move |data: &serde_json::Value| data["0"][0]["why"] == why;
    listening.until("layers", is("best")).await;
    let selected = playing
        .select(r#"{"mediaId":"0","spatialLayerId":0,"temporalLayerId":0}"#)
        .await;
    assert_eq!((selected.status, selected.body.as_str()), (200, ""));
    listening.until("layers", is("chosen")).await;
    let automatic = playing.select("{}").await;
    assert_eq!(automatic.status, 200);
    listening.until("layers", is("best")).await;
}

#[tokio::test]
async fn ly_04_an_unknown_layer_is_404_and_bad_json_is_400() {
    let playing = Playing::start().await;
    for unknown in [
        r#"{"rid":"h"}"#,
        r#"{"spatialLayerId":1}"#,
        r#"{"mediaId":"1"}"#,
        r#"{"temporalLayerId":1}"#,
    ] {
        let refused = playing.select(unknown).await;
        refused.assert_refused(404, "no-such-layer");
    }
    for bad in ["", "{", "[]", r#"{"rid":1}"#] {
        let refused = playing.select(bad).await;
        refused.assert_refused(400, "malformed-json");
    }
}

#[tokio::test]
async fn ly_05_by_default_the_server_picks() {
    let playing = Playing::start().await;
    let stream = make_stream(&playing.node, &playing.session, "[\"layers\"]").await;
    let mut listening = Listening::to(&playing.node, &stream).await;
    let data = listening.until("layers", |data| data.is_object()).await;
    assert_ne!(data["0"][0]["why"], "chosen", "{data}");
}
