//! Whatever a client sends: no panic, a status of the table, and the engine gets only what was checked.

use proptest::prelude::*;
use whip_whep_core::ask::{Ask, Step};
use whip_whep_core::endpoint::Config;
use whip_whep_core::offer;
use whip_whep_core::request::Endpoint;
use whip_whep_core::sdp_fragment::Fragment;

use crate::node::{Node, Sent};
use crate::offers::{self, CHROMIUM_SIMULCAST, OBS_PUBLISH};

/// A real offer with some of its lines removed, repeated, cut, or swapped for others.
fn mutated_offer() -> impl Strategy<Value = String> {
    let base = prop_oneof![
        Just(CHROMIUM_SIMULCAST.to_owned()),
        Just(OBS_PUBLISH.to_owned()),
        Just(offers::publish()),
        Just(offers::play()),
    ];
    let edit = (
        any::<prop::sample::Index>(),
        0..5u8,
        "[ -~\\r\\n\\x00\u{e4}]{0,20}",
    );
    (base, prop::collection::vec(edit, 0..6)).prop_map(|(base, edits)| {
        let mut lines: Vec<String> = base.lines().map(str::to_owned).collect();
        for (index, kind, text) in edits {
            let at = index.index(lines.len());
            match kind {
                0 if lines.len() > 1 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[at].clone()),
                2 => lines[at] = lines[at].chars().take(text.len()).collect(),
                3 => lines[at].push_str(&text),
                _ => lines.insert(at, format!("a={text}")),
            }
        }
        lines.join("\r\n")
    })
}

proptest! {
    #[test]
    fn any_bytes_are_admitted_or_refused(body in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = offer::admit(&body, Endpoint::Whip);
        let _ = Fragment::parse(&body);
    }

    #[test]
    fn an_admitted_offer_has_one_transport_and_no_candidates(body in mutated_offer()) {
        for endpoint in [Endpoint::Whip, Endpoint::Whep] {
            let Ok(admitted) = offer::admit(body.as_bytes(), endpoint) else { continue };
            let told = &admitted.engine_offer;
            prop_assert!(!told.contains("a=candidate"));
            for once in ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:", "a=group:"] {
                prop_assert_eq!(told.matches(&format!("\r\n{once}")).count(), 1, "{}", told);
            }
            let n_used = admitted.layout.iter().filter(|section| section.is_used).count();
            prop_assert_eq!(told.matches("\r\nm=").count(), n_used);
            prop_assert!(told.split("\r\n").all(|line| !line.contains(['\r', '\n', '\0'])));
        }
    }

    #[test]
    fn the_engine_answers_or_refuses_what_was_admitted(body in mutated_offer()) {
        for path in ["/whip/demo", "/whep/demo"] {
            let mut node = Node::new(Config::default());
            let response = node.send(&Sent::post(path, &body));
            let status = response.status.code();
            // The engine's own refusals are dear: admission must have said no before.
            let is_engines = response.body.contains("The offer cannot be read");
            prop_assert!(!is_engines, "{}", response.body);
            prop_assert!([201, 400, 422].contains(&status), "{} {}", status, response.body);
            let n_open = node.core.n_sessions(Endpoint::Whip) + node.core.n_sessions(Endpoint::Whep);
            prop_assert_eq!(n_open, usize::from(status == 201), "a refused offer leaves nothing");
        }
    }

    #[test]
    fn an_answer_has_the_sections_of_its_offer(body in mutated_offer()) {
        let mut node = Node::new(Config::default());
        let response = node.send(&Sent::post("/whep/demo", &body));
        if response.status.code() == 201 {
            let kinds = |sdp: &str| -> Vec<String> {
                let media = sdp.lines().filter_map(|line| line.strip_prefix("m="));
                media.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
            };
            prop_assert_eq!(kinds(&body), kinds(&response.body));
        }
    }

    #[test]
    fn a_session_id_in_a_path_is_looked_up_and_nothing_else(text in "[ -.0-~]{0,40}") {
        let mut node = Node::new(Config::default());
        node.open("/whip/demo", &offers::publish());
        let path = format!("/whip/demo/{text}");
        let sent = Sent::new(whip_whep_core::request::Method::Delete, &path);
        match node.begin(&sent) {
            Step::Done(response) => prop_assert_eq!(response.status.code(), 404),
            Step::Ask(Ask::Close { session }, _) => prop_assert_eq!(session.to_string(), text),
            other @ (Step::Ask(..) | Step::Pull(..)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn any_json_or_none_below_a_session_is_answered(body in "([\\[{]?[\\[\\]{}:,\"a-zA-Z0-9 .-]{0,60}[\\]}]?)") {
        let mut node = Node::new(Config::default());
        let (url, _) = node.open("/whep/demo", &offers::play());
        for place in ["sse", "layer"] {
            let response = node.send(&Sent::json(&format!("{url}/{place}"), &body));
            let status = response.status.code();
            prop_assert!([200, 201, 400, 404].contains(&status), "{} {}", status, response.body);
        }
    }
}
