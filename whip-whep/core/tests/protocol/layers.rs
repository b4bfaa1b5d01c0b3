//! Selection of layers (checklist rows LY-01 to LY-05), against the core alone.

use sfu_model::rtp::Rid;
use signaling_auth::grant::{Refusal, Subject};
use whip_whep_core::ask::{Ask, SfuRefusal};
use whip_whep_core::endpoint::Config;
use whip_whep_core::layer_selection::LayerSelection;

use crate::node::{Node, Sent, header, problem_code};
use crate::offers;

const RELATION: &str = "rel=\"urn:ietf:params:whep:ext:core:layer\"";

fn playing() -> (Node, String) {
    let mut node = Node::new(Config::default());
    let (url, _) = node.open("/whep/demo", &offers::play());
    let layer = format!("{url}/layer");
    (node, layer)
}

fn asked(node: &Node) -> LayerSelection {
    match &node.last_ask {
        Some(Ask::SelectLayer { selection, .. }) => *selection,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ly_01_the_201_links_to_layer_selection_beside_the_layers_event() {
    let mut node = Node::new(Config::default());
    let links = |node: &mut Node, offer: &str| -> Vec<String> {
        let response = node.send(&Sent::post("/whep/demo", offer));
        assert_eq!(response.status.code(), 201, "{}", response.body);
        let links = response.headers.iter().filter(|h| h.name == "link");
        links.map(|h| h.value.clone()).collect()
    };
    let with_video = links(&mut node, &offers::play());
    assert_eq!(with_video.len(), 2, "{with_video:?}");
    assert!(with_video[0].contains("events=\"active,inactive,layers,"));
    assert!(with_video[1].ends_with(RELATION));
    let (head, _) = offers::play()
        .split_once("m=video")
        .map(|(head, tail)| (head.to_owned(), tail.to_owned()))
        .unwrap();
    let radio = head.replace("BUNDLE 0 1", "BUNDLE 0");
    let without_video = links(&mut node, &radio);
    assert_eq!(
        without_video.len(),
        1,
        "nothing to select: {without_video:?}"
    );
}

#[test]
fn ly_02_a_selection_is_passed_on_and_answered_200() {
    let (mut node, url) = playing();
    let body =
        r#"{"mediaId":"1","rid":"h","temporalLayerId":1,"maxHeight":720,"somethingNew":true}"#;
    let selected = node.send(&Sent::json(&url, body));
    assert_eq!((selected.status.code(), selected.body.as_str()), (200, ""));
    let expected = LayerSelection {
        rid: Rid::new("h"),
        temporal: Some(1),
        height_max: Some(720),
        ..LayerSelection::default()
    };
    assert_eq!(asked(&node), expected);
}

#[test]
fn ly_03_and_05_nothing_selected_is_automatic() {
    let (mut node, url) = playing();
    for body in ["{}", r#"{"mediaId":"1"}"#] {
        assert_eq!(node.send(&Sent::json(&url, body)).status.code(), 200);
        assert_eq!(asked(&node), LayerSelection::default());
    }
}

#[test]
fn ly_04_an_unknown_layer_is_404_and_bad_json_is_400() {
    let (mut node, url) = playing();
    let table = [
        ("", 400, "malformed-json"),
        ("{", 400, "malformed-json"),
        ("[]", 400, "malformed-json"),
        (r#"{"rid":7}"#, 400, "malformed-json"),
        (r#"{"mediaId":"0"}"#, 404, "no-such-layer"),
        (r#"{"mediaId":"2"}"#, 404, "no-such-layer"),
        (r#"{"rid":"\u0000"}"#, 404, "no-such-layer"),
        (r#"{"temporalLayerId":256}"#, 404, "no-such-layer"),
    ];
    for (body, status, code) in table {
        let refused = node.send(&Sent::json(&url, body));
        let got = (refused.status.code(), problem_code(&refused));
        assert_eq!(got, (status, code.to_owned()), "{body}");
    }
    // Only the SFU knows what the publisher sends.
    let unknown = Sent::json(&url, r#"{"rid":"x"}"#);
    let refused = node.send_to(&unknown, |_| Err(SfuRefusal::UnknownLayer));
    let got = (refused.status.code(), problem_code(&refused));
    assert_eq!(got, (404, "no-such-layer".into()));
    let untyped = Sent::json(&url, "{}").with(|s| s.content_type = None);
    let refused = node.send(&untyped);
    assert_eq!(refused.status.code(), 415);
    assert_eq!(header(&refused, "accept-post"), "application/json");
}

#[test]
fn a_layer_is_selected_by_who_opened_the_session_only() {
    let (mut node, url) = playing();
    let sent = Sent::json(&url, "{}");
    let somebody = Subject::Token("bob".into());
    let stranger = sent.clone().with(|s| s.subject = Ok(somebody));
    assert_eq!(node.send(&stranger).status.code(), 404);
    let nobody = sent.with(|s| s.subject = Err(Refusal::Missing));
    assert_eq!(node.send(&nobody).status.code(), 401);
}
