//! The engine's answer, as the endpoint completes it: the engine is trusted, but not to be free of bugs.

use whip_whep_core::answer::complete;
use whip_whep_core::offer::admit;
use whip_whep_core::request::Endpoint;
use whip_whep_core::sdp::Sdp;

use crate::connected::OFFER;

/// Whatever the engine says, the answer has the offer's m-lines and can be read, or there is none.
pub fn answer(bytes: &[u8]) {
    let Ok(engine_answer) = std::str::from_utf8(bytes) else {
        return;
    };
    let offered = admit(OFFER.as_bytes(), Endpoint::Whip).expect("our own offer is good");
    for endpoint in [Endpoint::Whip, Endpoint::Whep] {
        let Ok(completed) = complete(engine_answer, &offered.layout, endpoint, "demo") else {
            continue;
        };
        let answer = Sdp::parse(completed.sdp.as_bytes()).expect("we write SDP that we can read");
        assert_eq!(answer.sections.len(), offered.layout.len());
        for section in answer.sections.iter().filter(|section| section.port != "0") {
            let is_muxed = section.lines.has("rtcp-mux");
            assert_eq!(
                is_muxed,
                section.lines.has("rtcp-mux-only"),
                "RFC 8858 section 3"
            );
        }
    }
}
