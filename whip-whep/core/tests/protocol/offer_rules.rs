//! Which offers are refused, and that each refusal names its rule.

use whip_whep_core::endpoint::Config;
use whip_whep_core::offer::MID_BYTES_MAX;

use crate::node::{Node, Sent, problem_code};
use crate::offers::{self, FINGERPRINT, PASSWORD, UFRAG};

fn refusal(path: &str, offer: &str) -> (u16, String) {
    let response = Node::new(Config::default()).send(&Sent::post(path, offer));
    assert!(response.status.code() >= 400, "taken: {offer}");
    (response.status.code(), problem_code(&response))
}

#[track_caller]
fn assert_refused(offer: &str, status: u16, code: &str) {
    for path in ["/whip/demo", "/whep/demo"] {
        let direction = if path.starts_with("/whep") {
            "a=recvonly"
        } else {
            "a=sendonly"
        };
        let offer = offer.replace("a=sendonly", direction);
        assert_eq!(refusal(path, &offer), (status, code.to_owned()), "{path}");
    }
}

#[test]
fn a_body_that_is_no_sdp_is_400() {
    for body in [
        "",
        "\r\n",
        "hello",
        "{}",
        "v=0",
        "v=0\r\no=-\r\ns=-\r\n",
        "m=audio 9 P 1\r\n",
    ] {
        let (status, code) = refusal("/whip/demo", body);
        let has_no_media = code == "no-media" && status == 422;
        assert!(
            has_no_media || (status == 400 && code == "malformed-sdp"),
            "{body:?} {code}"
        );
    }
    assert_refused(
        &offers::publish().replace("a=mid:0", "a=mid:0\0"),
        400,
        "malformed-sdp",
    );
    assert_refused(
        &offers::publish().replace("o=- 7 ", "o=- x "),
        400,
        "malformed-sdp",
    );
    assert_refused(
        &offers::publish().replace("o=- 7 ", "o=- 99999999999999999999 "),
        400,
        "malformed-sdp",
    );
}

#[test]
fn an_offer_needs_one_sha_256_fingerprint() {
    let without = offers::without(&offers::publish(), "a=fingerprint");
    assert_refused(&without, 422, "no-fingerprint");
    let other = FINGERPRINT.replace("DA:39", "DA:40");
    let two = offers::publish().replacen(FINGERPRINT, &other, 1);
    assert_refused(&two, 422, "conflicting-fingerprints");
    let sha1 = offers::publish().replace("sha-256 ", "sha-1 ");
    assert_refused(&sha1, 422, "bad-fingerprint");
    let short = offers::publish().replace("DA:39:", "");
    assert_refused(&short, 422, "bad-fingerprint");
    let not_hex = offers::publish().replace("DA:39:", "DA:XY:");
    assert_refused(&not_hex, 422, "bad-fingerprint");
}

#[test]
fn media_must_be_encrypted() {
    for profile in [
        "RTP/AVP",
        "RTP/AVPF",
        "RTP/SAVP",
        "RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
    ] {
        let offer = offers::publish().replacen("UDP/TLS/RTP/SAVPF", profile, 1);
        assert_refused(&offer, 422, "plain-rtp");
    }
}

#[test]
fn the_longest_mid_and_the_fastest_clock_are_taken() {
    let taken = |offer: &str| {
        let mut node = Node::new(Config::default());
        let response = node.send(&Sent::post("/whip/demo", offer));
        assert_eq!(response.status.code(), 201, "{}", response.body);
    };
    let longest = "m".repeat(MID_BYTES_MAX);
    let renamed = offers::publish().replace("a=mid:1", &format!("a=mid:{longest}"));
    taken(&renamed.replace("BUNDLE 0 1", &format!("BUNDLE 0 {longest}")));
    let with_clock = |hz: u32| {
        let offer = offers::publish().replace("SAVPF 96 97", "SAVPF 96 97 98");
        offer + &format!("a=rtpmap:98 x/{hz}\r\n")
    };
    taken(&with_clock(1_000_000));
    assert_refused(&with_clock(1_000_001), 422, "bad-payload-types");
    assert_refused(&with_clock(0), 422, "bad-payload-types");
}

#[test]
fn every_section_has_a_mid_of_its_own_in_one_bundle() {
    let duplicate = offers::publish().replace("a=mid:1", "a=mid:0");
    assert_refused(&duplicate, 422, "duplicate-mid");
    assert_refused(
        &offers::without(&offers::publish(), "a=mid:1"),
        422,
        "no-mid",
    );
    let longest = "m".repeat(MID_BYTES_MAX);
    for bad in ["", "a b", &format!("{longest}m"), "ä"] {
        let offer = offers::publish().replace("a=mid:1", &format!("a=mid:{bad}"));
        assert_refused(&offer, 422, "bad-mid");
    }
    let twice = offers::publish().replace("a=mid:1\r\n", "a=mid:1\r\na=mid:2\r\n");
    assert_refused(&twice, 422, "bad-mid");
    assert_refused(
        &offers::without(&offers::publish(), "a=group"),
        422,
        "not-bundled",
    );
    let partial = offers::publish().replace("BUNDLE 0 1", "BUNDLE 0");
    assert_refused(&partial, 422, "not-bundled");
    let other_group = offers::publish().replace("BUNDLE 0 1", "LS 0 1");
    assert_refused(&other_group, 422, "not-bundled");
}

#[test]
fn rtcp_must_be_multiplexed() {
    let offer = offers::publish().replacen("a=rtcp-mux\r\n", "", 1);
    assert_refused(&offer, 422, "no-rtcp-mux");
}

#[test]
fn a_publisher_must_send_and_a_player_must_receive() {
    for direction in ["recvonly", "inactive"] {
        let offer = offers::publish().replacen("sendonly", direction, 1);
        assert_eq!(refusal("/whip/demo", &offer), (422, "not-sending".into()));
    }
    for direction in ["sendonly", "inactive"] {
        let offer = offers::play().replacen("recvonly", direction, 1);
        assert_eq!(refusal("/whep/demo", &offer), (422, "not-receiving".into()));
    }
    let two = offers::publish().replace("a=sendonly\r\n", "a=sendonly\r\na=sendrecv\r\n");
    assert_refused(&two, 422, "many-directions");
}

#[test]
fn there_is_one_track_of_each_kind_in_one_stream() {
    for (kind, media, codec) in [
        (
            "video",
            "video 9 UDP/TLS/RTP/SAVPF 98",
            "a=rtpmap:98 VP9/90000\r\n",
        ),
        (
            "audio",
            "audio 9 UDP/TLS/RTP/SAVPF 100",
            "a=rtpmap:100 opus/48000/2\r\n",
        ),
    ] {
        let second = offers::section(media, "2", "sendonly", codec);
        let offer = offers::publish().replace("BUNDLE 0 1", "BUNDLE 0 1 2") + &second;
        let (status, code) = refusal("/whip/demo", &offer);
        assert_eq!((status, code.as_str()), (422, "too-many-tracks"), "{kind}");
    }
    let two_streams = offers::publish().replacen("a=msid:stream ", "a=msid:other ", 1);
    assert_refused(&two_streams, 422, "too-many-streams");
    let no_stream = offers::publish().replacen("a=msid:stream ", "a=msid:- ", 1);
    let response = Node::new(Config::default()).send(&Sent::post("/whip/demo", &no_stream));
    assert_eq!(response.status.code(), 201);
}

#[test]
fn an_offer_needs_media_and_a_publisher_nothing_else() {
    let rejected = offers::publish().replace(" 9 UDP", " 0 UDP");
    assert_refused(&rejected, 422, "no-media");
    let with_data = offers::publish().replace("BUNDLE 0 1", "BUNDLE 0 1 d");
    let with_data = with_data + &offers::data_channel("d");
    assert_eq!(
        refusal("/whip/demo", &with_data),
        (422, "unsupported-media".into())
    );
    let only_data = format!(
        "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE d\r\n{}",
        offers::data_channel("d")
    );
    assert_eq!(refusal("/whep/demo", &only_data), (422, "no-media".into()));
}

#[test]
fn a_client_has_a_dtls_role_and_does_full_ice() {
    for setup in ["holdconn", "nonsense", ""] {
        let offer = offers::publish().replace("setup:actpass", &format!("setup:{setup}"));
        assert_refused(&offer, 422, "bad-setup");
    }
    let contradiction = offers::publish().replacen("setup:actpass", "setup:active", 1);
    assert_refused(&contradiction, 422, "bad-setup");
    let lite = offers::publish().replacen("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", 1);
    assert_refused(&lite, 422, "ice-lite");
}

#[test]
fn ice_credentials_keep_their_grammar() {
    let publish = offers::publish();
    let cases = [
        offers::without(&publish, "a=ice-ufrag"),
        offers::without(&publish, "a=ice-pwd"),
        publish.replace(UFRAG, "abc"),
        publish.replace(UFRAG, "ab:cd"),
        publish.replace(PASSWORD, "012345678901234567890"),
        publish.replace(PASSWORD, "0123456789012345678 901"),
        publish.replace(UFRAG, &"u".repeat(257)),
        publish.replace(PASSWORD, &"p".repeat(257)),
    ];
    for offer in cases {
        assert_refused(&offer, 422, "bad-ice-credentials");
    }
}

#[test]
fn credentials_of_the_tagged_section_count() {
    let other = offers::publish();
    let second = other.rfind("a=ice-ufrag:EsAw").unwrap();
    let offer = format!(
        "{}a=ice-ufrag:othr{}",
        &other[..second],
        &other[second + 16..]
    );
    let mut node = Node::new(Config::default());
    node.open("/whip/demo", &offer);
    let told = format!("{:?}", node.last_ask);
    assert!(told.contains("a=ice-ufrag:EsAw") && !told.contains("othr"));
}

#[test]
fn payload_types_are_seven_bits_and_unique() {
    for formats in ["96 96", "96 128", "96 x", "96  97"] {
        let offer = offers::publish().replace("SAVPF 96 97", &format!("SAVPF {formats}"));
        assert_refused(&offer, 422, "bad-payload-types");
    }
    for line in [
        "a=rtpmap:96 VP9/90000",
        "a=rtpmap:x VP9/90000",
        "a=rtpmap:98 VP9",
        "a=rtpmap:98 VP9/0",
        "a=rtpmap:98 VP9/90000/x",
        "a=rtpmap:98 VP9/90000/1/1",
        "a=fmtp:97 apt=96",
        "a=fmtp:98 apt=96;apt=97",
        "a=fmtp:128 x=1",
    ] {
        let offer = format!("{}{line}\r\n", offers::publish());
        assert_refused(&offer, 422, "bad-payload-types");
    }
    let no_maps = offers::without(&offers::publish(), "a=rtpmap:111");
    assert_refused(&no_maps, 422, "bad-payload-types");
}

#[test]
fn static_payload_types_without_a_map_are_left_out() {
    let offer = offers::publish().replace("SAVPF 111", "SAVPF 0 111 3");
    let response = Node::new(Config::default()).send(&Sent::post("/whip/demo", &offer));
    assert_eq!(response.status.code(), 201, "{}", response.body);
    assert!(
        response
            .body
            .contains("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"),
        "{}",
        response.body
    );
}

#[test]
fn rids_are_short_unique_and_named_by_simulcast() {
    let with = |lines: &str| offers::publish() + lines;
    assert_refused(&with("a=rid:123456789 send\r\n"), 422, "bad-rid");
    assert_refused(&with("a=rid:h send\r\na=rid:h send\r\n"), 422, "bad-rid");
    assert_refused(&with("a=rid:h\r\n"), 422, "bad-rid");
    assert_refused(&with("a=rid:h_1! send\r\n"), 422, "bad-rid");
    assert_refused(
        &with("a=rid:h send\r\na=simulcast:send h;f\r\n"),
        422,
        "bad-rid",
    );
    let good = with("a=rid:h send\r\na=rid:12345678 send\r\na=simulcast:send h;~12345678\r\n");
    let response = Node::new(Config::default()).send(&Sent::post("/whip/demo", &good));
    assert_eq!(response.status.code(), 201, "{}", response.body);
}

#[test]
fn every_refusal_is_counted_by_its_code_also_one_that_comes_after_the_engine() {
    let mut node = Node::new(Config::default());
    let long_mid = "m".repeat(17);
    let no_codec = offers::publish().replace("VP8/90000", "H261/90000");
    for (offer, code) in [
        (
            offers::publish().replace("a=mid:1", &format!("a=mid:{long_mid}")),
            "bad-mid",
        ),
        (offers::publish() + "a=rid:123456789 send\r\n", "bad-rid"),
        ("hello".to_owned(), "malformed-sdp"),
        (no_codec, "no-common-codec"),
    ] {
        for n in 0..2 {
            assert_eq!(node.core.refusals().of(code), n, "{code}");
            let response = node.send(&Sent::post("/whip/demo", &offer));
            assert_eq!(problem_code(&response), code);
        }
        assert_eq!(node.core.refusals().of(code), 2, "{code}");
    }
    assert_eq!(node.core.refusals().by_code().count(), 4);
}

#[test]
fn a_problem_has_the_title_of_its_status_and_its_own_code_and_detail() {
    let mut node = Node::new(Config::default());
    let response = node.send(&Sent::post(
        "/whip/demo",
        &offers::publish().replace("sendonly", "inactive"),
    ));
    let document: serde_json::Value = serde_json::from_str(&response.body).unwrap();
    let expected = serde_json::json!({
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "code": "not-sending",
        "detail": "A publisher cannot offer recvonly or inactive. Offer sendonly, or sendrecv (RFC 9725 section 4.2).",
    });
    assert_eq!(document, expected);
}
