//! POST: which offers are taken, and what the others are told.

use crate::node::{ENDPOINTS, Node, good_offer};
use crate::offers::{self, CHROMIUM_SIMULCAST, OBS_PUBLISH};

#[tokio::test]
async fn wi_04_a_good_offer_is_201_with_location_type_and_answer() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let reply = node.post(path, &good_offer(path)).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (201, "application/sdp")
        );
        let location = reply.header("location");
        assert!(location.starts_with(&format!("{path}/")), "{location}");
        assert!(reply.body.starts_with("v=0\r\n"));
        assert_eq!(
            node.get(location).await.status,
            204,
            "the location is the session"
        );
    }
}

#[tokio::test]
async fn wi_05_another_content_type_is_415() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        for content_type in [
            "application/json",
            "text/plain",
            "application/trickle-ice-sdpfrag",
        ] {
            let request = node
                .trusted("POST", path)
                .header("content-type", content_type);
            let reply = request.body(&good_offer(path)).send().await;
            reply.assert_refused(415, "content-type");
            assert_eq!(reply.header("accept-post"), "application/sdp");
        }
        let reply = node.trusted("POST", path).send().await;
        reply.assert_refused(415, "content-type");
    }
}

#[tokio::test]
async fn a_compressed_offer_is_415() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        for (coding, status) in [("gzip", 415), ("", 201), ("identity", 201)] {
            let request = node
                .trusted("POST", path)
                .header("content-type", "application/sdp")
                .header("content-encoding", coding);
            let reply = request.body(&good_offer(path)).send().await;
            assert_eq!(reply.status, status, "{coding}: {}", reply.body);
            if status == 415 {
                assert_eq!(reply.code(), "content-encoding");
                assert_eq!(reply.header("accept-encoding"), "identity");
            } else {
                let session = reply.header("location");
                assert_eq!(node.delete(session).await.status, 200);
            }
        }
    }
}

#[tokio::test]
async fn wi_06_a_malformed_or_empty_offer_is_400() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        for body in [
            "",
            "hello",
            "v=0\r\n",
            "{\"type\":\"offer\"}",
            "v=0\r\no=-\r\ns=-\r\nx",
        ] {
            node.post(path, body)
                .await
                .assert_refused(400, "malformed-sdp");
        }
    }
}

#[tokio::test]
async fn wi_07_a_publisher_that_does_not_send_is_422() {
    let node = Node::start();
    for direction in ["recvonly", "inactive"] {
        let offer = offers::publish().replace("sendonly", direction);
        node.post("/whip/demo", &offer)
            .await
            .assert_refused(422, "not-sending");
    }
}

#[tokio::test]
async fn we_04_a_player_may_offer_sendrecv_but_not_sendonly_or_inactive() {
    let node = Node::live().await;
    for direction in ["sendonly", "inactive"] {
        let offer = offers::play().replace("recvonly", direction);
        node.post("/whep/demo", &offer)
            .await
            .assert_refused(422, "not-receiving");
    }
    let offer = offers::play().replace("recvonly", "sendrecv");
    let answer = node.open_with("/whep/demo", &offer).await.answer;
    assert_eq!(answer.matches("a=sendonly\r\n").count(), 2);
}

#[tokio::test]
async fn wi_36_two_tracks_of_a_kind_or_two_streams_are_422() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let direction = if path.starts_with("/whip") {
            "sendonly"
        } else {
            "recvonly"
        };
        let codec = "a=rtpmap:98 VP9/90000\r\n";
        let second = offers::section("video 9 UDP/TLS/RTP/SAVPF 98", "2", direction, codec);
        let offer = good_offer(path).replace("BUNDLE 0 1", "BUNDLE 0 1 2") + &second;
        node.post(path, &offer)
            .await
            .assert_refused(422, "too-many-tracks");
    }
    let offer = offers::publish().replacen("a=msid:stream ", "a=msid:other ", 1);
    node.post("/whip/demo", &offer)
        .await
        .assert_refused(422, "too-many-streams");
}

#[tokio::test]
async fn wi_37_a_publisher_with_a_section_that_has_no_common_codec_is_refused_whole() {
    let node = Node::start();
    let offer = offers::publish().replace("VP8/90000", "H261/90000");
    node.post("/whip/demo", &offer)
        .await
        .assert_refused(422, "no-common-codec");
    assert_eq!(
        node.post("/whip/demo", &offers::publish()).await.status,
        201,
        "nothing is left of it"
    );
}

#[tokio::test]
async fn wi_38_and_39_the_server_is_passive_unless_the_client_is() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let good = good_offer(path);
        let offer = |setup: &str| good.replace("setup:actpass", &format!("setup:{setup}"));
        for (setup, answered) in [
            ("actpass", "a=setup:passive\r\n"),
            ("active", "a=setup:passive\r\n"),
            ("passive", "a=setup:active\r\n"),
        ] {
            let opened = node.open_with(path, &offer(setup)).await;
            assert_eq!(opened.answer.matches(answered).count(), 2, "{setup}");
            assert_eq!(node.delete(&opened.session).await.status, 200);
        }
        let refused = node.post(path, &offer("holdconn")).await;
        refused.assert_refused(422, "bad-setup");
    }
}

#[tokio::test]
async fn we_14_a_player_gets_what_can_be_accepted_and_port_0_for_the_rest() {
    let node = Node::live().await;
    let offer = offers::play().replace("BUNDLE 0 1", "BUNDLE 0 1 d") + &offers::data_channel("d");
    let answer = node.open_with("/whep/demo", &offer).await.answer;
    assert!(answer.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert!(answer.contains("a=group:BUNDLE 0 1\r\n"));
    let no_video = offers::play().replace("VP8/90000", "H261/90000");
    let answer = node.open_with("/whep/demo", &no_video).await.answer;
    assert!(
        answer.contains("m=audio 9 ") && answer.contains("m=video 0 "),
        "{answer}"
    );
    let nothing = no_video.replace("opus/48000/2", "speex/8000");
    node.post("/whep/demo", &nothing)
        .await
        .assert_refused(422, "no-common-codec");
}

#[tokio::test]
async fn offers_of_real_publishers_are_taken() {
    for offer in [CHROMIUM_SIMULCAST, OBS_PUBLISH] {
        let node = Node::start();
        assert_eq!(node.post("/whip/demo", offer).await.status, 201);
    }
}

#[tokio::test]
async fn refusals_are_counted_by_their_code() {
    let node = Node::start();
    let long = offers::publish().replace("a=mid:1", &format!("a=mid:{}", "m".repeat(17)));
    for _ in 0..2 {
        let reply = node.post("/whip/demo", &long).await;
        reply.assert_refused(422, "bad-mid");
    }
    let metrics = node.get("/metrics").await.body;
    let counted = |line: &str| metrics.lines().any(|l| l == line);
    assert!(
        counted("whip_whep_refusals_total{code=\"bad-mid\"} 2"),
        "{metrics}"
    );
    assert!(
        counted("whip_whep_limit_hits_total{limit=\"clients\"} 0"),
        "{metrics}"
    );
}
