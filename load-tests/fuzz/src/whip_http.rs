//! Requests to both endpoints, whose paths, header fields and bodies the input spells.

use crate::endpoints::Endpoints;
use crate::http_text;

/// Most requests of one input: bounds what one costs.
const REQUESTS_MAX: usize = 12;

/// After each request [`Endpoints::request`] holds the endpoints to their promises, those who take old clients' PATCHes too.
pub fn whip_http(bytes: &[u8]) {
    for lenient_patch in [false, true] {
        let mut endpoints = Endpoints::new(lenient_patch);
        for sent in http_text::requests(bytes).take(REQUESTS_MAX) {
            endpoints.request(&sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(input: &[u8]) -> Vec<u16> {
        let mut endpoints = Endpoints::new(false);
        http_text::requests(input)
            .filter_map(|sent| Some(endpoints.request(&sent)?.status.code()))
            .collect()
    }

    macro_rules! seed {
        ($name:literal) => {
            statuses(include_bytes!(concat!("../corpus/whip_http/", $name)))
        };
    }

    #[test]
    fn the_seeds_reach_what_they_are_for() {
        assert_eq!(seed!("layer_of_every_field"), [404], "nobody sends layers");
        assert_eq!(seed!("layer_at_its_edges"), [404, 400, 400, 200]);
        let events = seed!("events_made_pulled_and_closed");
        assert_eq!(events, [201, 200, 200, 404, 200, 404]);
        assert_eq!(seed!("trickle"), [204]);
        assert_eq!(seed!("restart"), [200, 412]);
        // Whom it takes over goes on until the newcomer is connected.
        assert_eq!(seed!("publish_busy_and_take_over"), [409, 201, 200]);
        assert_eq!(seed!("play_and_leave"), [201, 200, 404, 404]);
    }
}
