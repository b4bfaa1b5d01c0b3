//! What the 201 says.

use whip_whep_core::ask::{Ask, Reply, SfuRefusal};
use whip_whep_core::endpoint::Config;
use whip_whep_core::link_header::{Credential, IceServer};

use crate::node::{Node, Sent, engine, header, problem_code};
use crate::offers::{self, CHROMIUM_SIMULCAST, OBS_PUBLISH};

/// The answer to an offer.
fn answer_to(path: &str, offer: &str) -> String {
    let response = Node::new(Config::default()).send(&Sent::post(path, offer));
    assert_eq!(response.status.code(), 201, "{}", response.body);
    response.body
}

/// The media sections of an SDP, each with its m-line.
fn sections(sdp: &str) -> Vec<&str> {
    sdp.split("\r\nm=").skip(1).collect()
}

fn engine_offer(path: &str, offer: &str) -> String {
    let mut node = Node::new(Config::default());
    let _ = node.send(&Sent::post(path, offer));
    match node.last_ask {
        Some(Ask::Publish { offer, .. } | Ask::Play { offer, .. }) => offer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_created_session_has_location_tag_and_answer() {
    let mut node = Node::new(Config::default());
    let response = node.send(&Sent::post("/whip/demo", &offers::publish()));
    assert_eq!(response.status.code(), 201);
    assert_eq!(header(&response, "content-type"), "application/sdp");
    let location = header(&response, "location");
    let id = location
        .strip_prefix("/whip/demo/")
        .expect("a relative path");
    assert_eq!(id.len(), 32, "128 bits in hexadecimal");
    assert!(response.body.starts_with("v=0\r\n"));
}

#[test]
fn the_tag_of_a_created_session_is_strong_quoted_and_its_own() {
    let mut node = Node::new(Config::default());
    let (_, first) = node.open("/whip/a", &offers::publish());
    let (_, second) = node.open("/whip/b", &offers::publish());
    for tag in [&first, &second] {
        assert!(
            tag.starts_with('"') && tag.ends_with('"') && tag.len() > 4,
            "{tag}"
        );
    }
    assert_ne!(first, second);
}

#[test]
fn a_publisher_is_answered_recvonly_also_when_it_offers_sendrecv() {
    for direction in ["sendonly", "sendrecv"] {
        let offer = offers::publish().replace("a=sendonly", &format!("a={direction}"));
        let answer = answer_to("/whip/demo", &offer);
        for section in sections(&answer) {
            assert!(section.contains("\r\na=recvonly\r\n"), "{section}");
        }
    }
}

#[test]
fn a_direction_at_session_level_or_none_counts_for_every_section() {
    let base = offers::without(&offers::publish(), "a=sendonly");
    let at_session = base.replacen("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n", 1);
    for offer in [base, at_session] {
        assert!(answer_to("/whip/demo", &offer).contains("a=recvonly"));
    }
}

#[test]
fn a_player_is_answered_sendonly_also_when_it_offers_sendrecv() {
    for direction in ["recvonly", "sendrecv"] {
        let offer = offers::play().replace("a=recvonly", &format!("a={direction}"));
        for section in sections(&answer_to("/whep/demo", &offer)) {
            assert!(section.contains("\r\na=sendonly\r\n"), "{section}");
        }
    }
}

#[test]
fn every_bundled_section_multiplexes_rtcp_only() {
    for (path, offer) in [
        ("/whip/demo", offers::publish()),
        ("/whep/demo", offers::play()),
    ] {
        let answer = answer_to(path, &offer);
        assert!(answer.contains("\r\na=group:BUNDLE 0 1\r\n"));
        for section in sections(&answer) {
            assert_eq!(section.matches("a=rtcp-mux\r\n").count(), 1);
            assert_eq!(section.matches("a=rtcp-mux-only\r\n").count(), 1);
        }
    }
}

#[test]
fn all_candidates_stand_in_the_tagged_section_and_end_there() {
    let answer = answer_to("/whip/demo", &offers::publish());
    let sections = sections(&answer);
    assert!(sections[0].contains("a=candidate:") && sections[0].contains("192.0.2.9 8189"));
    assert_eq!(answer.matches("a=end-of-candidates\r\n").count(), 1);
    assert!(sections[0].ends_with("\r\na=end-of-candidates"));
    assert!(!sections[1].contains("a=candidate:"));
}

#[test]
fn the_server_is_ice_lite_and_the_dtls_server_unless_the_client_insists_to_be() {
    let roles = [
        ("actpass", "passive"),
        ("active", "passive"),
        ("passive", "active"),
    ];
    for path in ["/whip/demo", "/whep/demo"] {
        let offer = match path {
            "/whip/demo" => offers::publish(),
            _ => offers::play(),
        };
        for (setup, answered) in roles {
            let offer = offer.replace("a=setup:actpass", &format!("a=setup:{setup}"));
            let answer = answer_to(path, &offer);
            assert!(answer.contains("\r\na=ice-lite\r\n"));
            for section in sections(&answer) {
                let expected = format!("a=setup:{answered}\r\n");
                assert!(section.contains(&expected), "{setup}: {section}");
            }
        }
    }
}

#[test]
fn a_player_gets_one_media_stream_named_after_its_stream() {
    let answer = answer_to("/whep/demo", &offers::play());
    let msids: Vec<&str> = answer
        .lines()
        .filter(|l| l.starts_with("a=msid:"))
        .collect();
    assert_eq!(msids.len(), 2);
    assert!(
        msids.iter().all(|msid| msid.starts_with("a=msid:demo ")),
        "{msids:?}"
    );
    assert!(answer.contains("a=msid-semantic:WMS demo\r\n"));
    let of_ssrc = answer
        .lines()
        .filter(|l| l.starts_with("a=ssrc:") && l.contains(" msid:"));
    assert!(of_ssrc.clone().count() > 0);
    assert!(
        of_ssrc.clone().all(|line| line.contains(" msid:demo ")),
        "{answer}"
    );
}

#[test]
fn a_publisher_gets_no_media_stream() {
    assert!(!answer_to("/whip/demo", &offers::publish()).contains("msid"));
}

#[test]
fn simulcast_is_taken_with_every_rid() {
    let answer = answer_to("/whip/demo", CHROMIUM_SIMULCAST);
    let video = sections(&answer)[1];
    for rid in ["q", "h", "f"] {
        assert!(
            video.contains(&format!("\r\na=rid:{rid} recv\r\n")),
            "{video}"
        );
    }
    assert!(video.contains("\r\na=simulcast:recv q;h;f\r\n"), "{video}");
    assert!(!sections(&answer)[0].contains("simulcast"));
}

#[test]
fn offers_of_real_publishers_are_taken() {
    for offer in [CHROMIUM_SIMULCAST, OBS_PUBLISH] {
        let answer = answer_to("/whip/demo", offer);
        assert_eq!(sections(&answer).len(), 2);
        assert!(
            sections(&answer)
                .iter()
                .all(|section| section.contains(" 9 UDP/TLS/RTP/SAVPF "))
        );
    }
}

#[test]
fn codecs_are_answered_in_the_order_of_the_offer() {
    for formats in ["96 97 103 104 98 99 45 46", "45 46 98 99 96 97 103 104"] {
        let offer = CHROMIUM_SIMULCAST.replace("96 97 103 104 98 99 45 46", formats);
        let answer = answer_to("/whip/demo", &offer);
        let expected = format!("video 9 UDP/TLS/RTP/SAVPF {formats}\r\n");
        assert!(sections(&answer)[1].starts_with(&expected), "{answer}");
    }
}

#[test]
fn the_engine_is_told_no_candidates_and_one_transport() {
    let candidate = "a=candidate:1 1 udp 2122260223 169.254.169.254 80 typ host\r\n";
    let offer = offers::publish().replace("a=rtcp-mux\r\n", &format!("a=rtcp-mux\r\n{candidate}"));
    let told = engine_offer("/whip/demo", &offer);
    assert!(!told.contains("candidate") && !told.contains("169.254"));
    assert_eq!(told.matches("a=ice-ufrag:").count(), 1);
    assert_eq!(told.matches("a=fingerprint:").count(), 1);
    assert_eq!(told.matches("a=setup:").count(), 1);
}

#[test]
fn bundle_only_sections_are_used_and_rejected_ones_are_answered_rejected() {
    let bundle_only = offers::play()
        .replace("m=video 9 ", "m=video 0 ")
        .replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n");
    let answer = answer_to("/whep/demo", &bundle_only);
    assert!(sections(&answer)[1].starts_with("video 9 "));

    let rejected = offers::play().replace("m=video 9 ", "m=video 0 ");
    let rejected = rejected.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0");
    let answer = answer_to("/whep/demo", &rejected);
    assert!(sections(&answer)[1].starts_with("video 0 UDP/TLS/RTP/SAVPF 96 97\r\n"));
    assert!(answer.contains("a=group:BUNDLE 0\r\n"));
}

#[test]
fn a_player_offering_a_data_channel_gets_the_rest() {
    let offer = offers::play().replace("BUNDLE 0 1", "BUNDLE d 0 1");
    let first = offer.find("m=audio").unwrap();
    let offer = format!(
        "{}{}{}",
        &offer[..first],
        offers::data_channel("d"),
        &offer[first..]
    );
    let answer = answer_to("/whep/demo", &offer);
    let sections = sections(&answer);
    assert_eq!(sections.len(), 3);
    assert!(sections[0].starts_with("application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert!(
        sections[1].contains("a=candidate:"),
        "candidates are in the first accepted section"
    );
    assert!(answer.contains("a=group:BUNDLE 0 1\r\n"));
}

#[test]
fn a_player_without_a_common_video_codec_gets_the_audio() {
    let offer = offers::play().replace("VP8/90000", "H261/90000");
    let answer = answer_to("/whep/demo", &offer);
    let sections = sections(&answer);
    assert!(sections[0].starts_with("audio 9 "));
    assert!(sections[1].starts_with("video 0 "), "{answer}");
    assert!(sections[1].contains("a=inactive\r\n"));
    assert!(answer.contains("a=group:BUNDLE 0\r\n"));
}

#[test]
fn candidates_move_to_the_first_accepted_section() {
    let offer = offers::play().replace("opus/48000/2", "speex/8000");
    let answer = answer_to("/whep/demo", &offer);
    let sections = sections(&answer);
    assert!(sections[0].starts_with("audio 0 ") && !sections[0].contains("candidate"));
    assert!(sections[1].contains("a=candidate:") && sections[1].contains("a=end-of-candidates"));
}

#[test]
fn a_player_without_any_common_codec_is_refused_and_its_session_closed() {
    let offer = offers::play()
        .replace("VP8/", "H261/")
        .replace("opus/48000/2", "speex/8000");
    let mut node = Node::new(Config::default());
    let response = node.send(&Sent::post("/whep/demo", &offer));
    assert_eq!(response.status.code(), 422);
    assert_eq!(problem_code(&response), "no-common-codec");
    assert!(
        matches!(node.last_ask, Some(Ask::Close { .. })),
        "{:?}",
        node.last_ask
    );
}

#[test]
fn a_publisher_whose_offer_is_taken_in_part_is_refused_whole() {
    let offer = offers::publish().replace("VP8/", "H261/");
    let mut node = Node::new(Config::default());
    let response = node.send(&Sent::post("/whip/demo", &offer));
    assert_eq!(response.status.code(), 422);
    assert_eq!(problem_code(&response), "no-common-codec");
    assert!(
        matches!(node.last_ask, Some(Ask::Close { .. })),
        "{:?}",
        node.last_ask
    );
}

#[test]
fn each_ice_server_is_one_link() {
    let credential = Credential {
        username: "u".into(),
        password: "p".into(),
    };
    let config = Config {
        ice_servers: vec![
            IceServer::new("stun:stun.example.net:3478", None).unwrap(),
            IceServer::new("turn:[2001:db8::1]:3478?transport=udp", Some(credential)).unwrap(),
        ],
        ..Config::default()
    };
    let response = Node::new(config).send(&Sent::post("/whip/demo", &offers::publish()));
    let links = response.headers.iter().filter(|h| h.name == "link");
    let links = links.map(|header| header.value.as_str());
    let links: Vec<&str> = links.filter(|link| link.contains("ice-server")).collect();
    assert_eq!(
        links,
        [
            "<stun:stun.example.net:3478>; rel=\"ice-server\"",
            "<turn:[2001:db8::1]:3478?transport=udp>; rel=\"ice-server\"; username=\"u\"; \
         credential=\"p\"; credential-type=\"password\"",
        ]
    );
}

#[test]
fn each_refusal_of_the_sfu_has_its_status() {
    let table = [
        (SfuRefusal::MalformedOffer("x".into()), 400, "malformed-sdp"),
        (
            SfuRefusal::NoCommonCodec(sfu_model::codec::MediaKind::Video),
            422,
            "no-common-codec",
        ),
        (SfuRefusal::NothingAccepted, 422, "no-common-codec"),
        (SfuRefusal::RoomBusy, 409, "stream-busy"),
        (SfuRefusal::RoomEmpty, 409, "stream-offline"),
        (SfuRefusal::Exhausted, 503, "overloaded"),
        (SfuRefusal::ShuttingDown, 503, "draining"),
        (SfuRefusal::Internal, 500, "internal"),
    ];
    for (refusal, status, code) in table {
        let mut node = Node::new(Config::default());
        let sent = Sent::post("/whep/demo", &offers::play());
        let response = node.send_to(&sent, |_| Err(refusal.clone()));
        assert_eq!(
            (response.status.code(), problem_code(&response).as_str()),
            (status, code)
        );
        let must_wait = status == 503 || code == "stream-offline";
        assert_eq!(
            response.header_value("retry-after").is_some(),
            must_wait,
            "{code}"
        );
        assert_eq!(
            node.core
                .n_sessions(whip_whep_core::request::Endpoint::Whep),
            0
        );
    }
}

#[test]
fn an_answer_that_is_none_is_our_failure() {
    let mut node = Node::new(Config::default());
    let sent = Sent::post("/whep/demo", &offers::play());
    let response = node.send_to(&sent, |ask| match ask {
        Ask::Play { .. } => Ok(Reply::Answer("nonsense".into())),
        Ask::Publish { .. }
        | Ask::RestartIce { .. }
        | Ask::Describe { .. }
        | Ask::SelectLayer { .. }
        | Ask::Close { .. } => engine(ask),
    });
    assert_eq!(
        (response.status.code(), problem_code(&response).as_str()),
        (500, "internal")
    );
}

/// Which feedback a section of the answer holds, in the offer's words.
fn feedback_in(answer: &str) -> Vec<&str> {
    let mut values: Vec<&str> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtcp-fb:"))
        .collect();
    values.sort_unstable();
    values
}

#[test]
fn feedback_is_answered_where_it_was_offered_and_nowhere_else() {
    let two = "a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\n";
    let offer = |path: &str| {
        let base = match path {
            "/whip/demo" => offers::publish(),
            _ => offers::play(),
        };
        base.replace("SAVPF 96 97", "SAVPF 96 97 98") + two
    };
    for path in ["/whip/demo", "/whep/demo"] {
        let answer = answer_to(path, &offer(path));
        assert!(answer.contains("a=rtpmap:98 VP9/90000"), "{answer}");
        assert_eq!(feedback_in(&answer), ["96 nack", "96 nack pli"], "{answer}");
        let none = offers::without(&offer(path), "a=rtcp-fb:");
        assert!(feedback_in(&answer_to(path, &none)).is_empty());
    }
}

#[test]
fn feedback_offered_for_every_payload_type_counts_for_each() {
    let offer = offers::without(&offers::publish(), "a=rtcp-fb:")
        + "a=rtcp-fb:* ccm fir\r\na=rtcp-fb:* x-unknown\r\n";
    assert_eq!(
        feedback_in(&answer_to("/whip/demo", &offer)),
        ["96 ccm fir"]
    );
}

#[test]
fn feedback_of_one_section_says_nothing_about_another() {
    let offer = offers::without(&offers::publish(), "a=rtcp-fb:")
        .replace("a=mid:0\r\n", "a=mid:0\r\na=rtcp-fb:* nack\r\n");
    assert!(feedback_in(&answer_to("/whip/demo", &offer)).is_empty());
}
