//! What we rely on in the RTC engine, each by its name: a release of it that breaks one of these fails here, and not in front
//! of an audience. The other side is the same engine as a client that knows nothing of ours.

mod pair;

use std::time::Duration;

use sfu_model::codec::MediaKind;
use sfu_model::rtp::SeqNo;
use str0m::Candidate;
use str0m::net::Protocol;

use crate::command::IceCredentials;
use crate::event::Role;
use crate::session::engine::contract::pair::{LIMIT, Pair, STEP, credentials, theirs};
use crate::srtp::{self, Profile, Side};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn engine_gives_the_keys_of_the_handshake_to_its_dtls_provider() {
    let mut pair = Pair::connected(Role::Subscriber);
    let (ssrc, payload_type) = pair.video();
    let agreed = pair.keys();
    assert_eq!(
        agreed.profile,
        Profile::AeadAes256Gcm,
        "the first that it takes of those that browsers offer"
    );
    assert_eq!(agreed.side, Side::Server, "a lite agent answers as passive");
    let (mut sealer, _) = srtp::contexts(agreed.material, agreed.profile, agreed.side).unwrap();
    let mut indices = sealer.ledger(ssrc).unwrap();
    let [a, b, c, d] = ssrc.0.to_be_bytes();
    let mut packet = vec![
        0x80,
        payload_type,
        0,
        1,
        0,
        0,
        0,
        9,
        a,
        b,
        c,
        d,
        0x10,
        0,
        0,
        0,
    ];
    let index = indices.take(SeqNo(1)).unwrap();
    sealer.seal_rtp(index, &mut packet, (0, 12), &[]).unwrap();
    pair.tell_client(&packet);
    pair.run_for(STEP);
    assert_eq!(pair.heard, [1], "a client opens what our sealer sealed");
    assert!(pair.engine.take_keys().is_none(), "given once");
}

#[test]
fn engine_of_a_publisher_keeps_its_keys() {
    let mut pair = Pair::connected(Role::Publisher);
    assert!(pair.engine.take_keys().is_none());
}

#[test]
fn engine_seals_nothing_that_leaves_towards_a_subscriber() {
    let mut pair = Pair::connected(Role::Subscriber);
    pair.run_for(LIMIT);
    pair.engine.close();
    pair.run_for(STEP * 2);
    assert_eq!(pair.engine_media, 0, "neither reports nor its BYE");
}

/// The worker leaves the engine of a connected subscriber alone for up to a second (`ENGINE_REST`).
#[test]
fn engine_that_rests_answers_at_once_and_lives() {
    let mut pair = Pair::connected(Role::Subscriber);
    pair.rest = Duration::from_secs(1);
    pair.asked = 0;
    let mut n_missed = 0;
    for _ in 0..MINUTE.as_millis() / STEP.as_millis() {
        pair.answers = 0;
        let asked = pair.asked;
        pair.run_for(STEP);
        n_missed += usize::from(pair.asked > asked && pair.answers == 0);
    }
    assert!(pair.asked > 10, "the client checks its path");
    assert_eq!(n_missed, 0, "and each check is answered in the same step");
    assert!(pair.engine.is_alive() && pair.client.is_connected());
    assert_eq!(
        pair.engine_media, 0,
        "all that it would have done by itself"
    );
}

#[test]
fn engine_answers_with_what_our_egress_needs() {
    let pair = Pair::new(Role::Subscriber);
    for line in ["a=ice-lite", "a=setup:passive", "a=rtcp-mux", "a=sendonly"] {
        assert!(
            pair.answer.lines().any(|l| l == line),
            "{line}: {}",
            pair.answer
        );
    }
    assert!(pair.answer.contains("a=fingerprint:sha-256 "));
    assert_eq!(pair.negotiated.len(), 2);
    for section in &pair.negotiated {
        let terms = section.stream.as_ref().expect("a stream of each kind");
        let named = format!("a=ssrc:{} cname:{}", terms.ssrc.0, terms.cname);
        assert!(
            !terms.cname.is_empty() && pair.answer.contains(&named),
            "{}",
            pair.answer
        );
        assert!(terms.extensions.mid.is_some());
        let is_video = section.kind == MediaKind::Video;
        assert_eq!(terms.repair_ssrc.is_some(), is_video, "repairs of video");
        if let Some(repair) = terms.repair_ssrc {
            let group = format!("a=ssrc-group:FID {} {}", terms.ssrc.0, repair.0);
            assert!(pair.answer.contains(&group), "{}", pair.answer);
            assert!(terms.extensions.transport_sequence.is_some());
        }
    }
}

#[test]
fn engine_restarts_ice_by_a_replayed_offer_and_keeps_the_keys() {
    let mut pair = Pair::connected(Role::Subscriber);
    let (ssrc, _) = pair.video();
    let _ = pair.keys();
    let mut api = pair.client.sdp_api();
    let fresh = api.ice_restart(false);
    pair.pending = api.apply().map(|(_, pending)| pending);
    let remote = IceCredentials {
        ufrag: fresh.ufrag,
        password: fresh.pass,
    };
    let local = credentials("renewed");
    let candidates = pair.engine.restart_ice(&local, &remote).unwrap();
    assert_eq!(candidates.len(), 1, "the candidates stay");
    let old = pair
        .answer
        .lines()
        .filter(|l| !l.starts_with("a=candidate:"));
    let mut answer: String = old.map(|line| format!("{line}\r\n")).collect();
    answer = answer
        .replace("a=ice-ufrag:ours", "a=ice-ufrag:renewed")
        .replace("a=ice-pwd:ours", "a=ice-pwd:renewed");
    let first = format!("a={}\r\na=ice-ufrag", candidates.concat());
    let answer = answer.replacen("a=ice-ufrag", &first, 1);
    pair.accept(&answer);
    // It forgot its own with the old credentials.
    let candidate = Candidate::host(theirs(), Protocol::Udp).unwrap();
    pair.client.add_local_candidate(candidate);
    pair.run_for(LIMIT);
    assert!(pair.engine.is_alive());
    assert!(pair.client.is_connected());
    assert!(pair.engine.take_keys().is_none(), "no new handshake");
    let sections = pair.negotiated.iter();
    let mut ssrcs = sections.filter_map(|n| n.stream.as_ref()).map(|s| s.ssrc);
    assert!(ssrcs.any(|s| s == ssrc), "nor another stream");
}
