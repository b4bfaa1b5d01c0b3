//! An offer, all the way: the endpoint's rules, the engine, and the completed answer.

use sfu_core::command::Reply;
use sfu_model::id::WorkerId;
use sfu_model::limits::SDP_MEDIA_LINES_MAX;
use sfu_model::time::Instant;
use whip_whep_core::answer;
use whip_whep_core::offer::{self, Admitted};
use whip_whep_core::request::Endpoint;
use whip_whep_core::sdp::Sdp;

use crate::connected::{self, PUBLISHER};

/// What is admitted is within bounds and names no address to the engine; what the engine answers can be completed.
pub fn sdp_offer(bytes: &[u8]) {
    for endpoint in [Endpoint::Whip, Endpoint::Whep] {
        if let Ok(admitted) = offer::admit(bytes, endpoint) {
            check_admitted(&admitted);
            answer_it(&admitted, endpoint);
        }
    }
}

fn check_admitted(admitted: &Admitted) {
    assert!(admitted.layout.len() <= SDP_MEDIA_LINES_MAX);
    let engine =
        Sdp::parse(admitted.engine_offer.as_bytes()).expect("we write SDP that we can read");
    assert!(
        !engine.sections.is_empty(),
        "an offer without media was admitted"
    );
    let mut lines = engine
        .sections
        .iter()
        .flat_map(|section| section.lines.attributes());
    assert!(
        lines.all(|(name, _)| name != "candidate"),
        "the engine is told where to send"
    );
    for section in &engine.sections {
        assert!(
            section.profile.ends_with("TLS/RTP/SAVPF"),
            "media would be in the clear"
        );
    }
}

fn answer_it(admitted: &Admitted, endpoint: Endpoint) {
    let mut sfu = connected::new_sfu();
    let command = match endpoint {
        Endpoint::Whip => connected::publish(PUBLISHER, &admitted.engine_offer),
        // Its publisher is on another worker: beside one of the same that has not shaken hands, nobody is let in.
        Endpoint::Whep => connected::play(PUBLISHER, WorkerId(1), &admitted.engine_offer),
    };
    let Ok(Reply::Answer { sdp }) = sfu.handle_command(command, Instant::START) else {
        return;
    };
    let Ok(completed) = answer::complete(&sdp, &admitted.layout, endpoint, "demo") else {
        return;
    };
    let answer = Sdp::parse(completed.sdp.as_bytes()).expect("we write SDP that we can read");
    let n_offered = admitted.layout.len();
    assert_eq!(
        answer.sections.len(),
        n_offered,
        "RFC 3264 section 6: as many m-lines as offered"
    );
}
