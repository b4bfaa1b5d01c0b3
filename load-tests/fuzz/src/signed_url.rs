//! Tokens of signed URLs that anybody may have made, and what an operator says of those that are to be made.

use std::net::{IpAddr, Ipv4Addr};

use sfu_model::time::UnixTime;
use signaling_auth::signed_url::country::Country;
use signaling_auth::signed_url::key::{UrlKey, UrlKeys};
use signaling_auth::signed_url::network::Network;
use signaling_auth::signed_url::terms::{Asker, Terms, UrlRefusal};

/// The secret that the seeds of this target are signed with, and one that signs nothing any more.
const SECRET: &[u8; 32] = b"fuzzing is not a secret, is it? ";
const OLD_SECRET: &[u8] = b"nor is what was one before, is it";

/// When the seeds were signed, and how long they live.
const SIGNED_AT: u64 = 1_900_000_000;
const LIFETIME_SECS: u64 = 3_600;

/// Lines: a token, and then, each if it is there, the stream, the asker's address and country, and a network. A token opens
/// what a seed's signature permits, and nothing else.
pub fn signed_url(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut lines = text.split('\n');
    let token = lines.next().unwrap_or_default();
    let stream = lines.next().unwrap_or("demo");
    let address = lines.next().and_then(|address| address.parse().ok());
    let asker = Asker {
        address: address.unwrap_or(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))),
        country: lines.next().and_then(|country| country.parse().ok()),
    };
    if let Some(Ok(network)) = lines.next().map(str::parse::<Network>) {
        assert_eq!(network.to_string().parse(), Ok(network));
    }
    let checked = |secs| keys().check(token, stream, asker, UnixTime(SIGNED_AT + secs));
    if let Ok(terms) = checked(0) {
        assert_eq!(stream, "demo");
        assert!(is_of_a_seed(&terms), "a forged token opens {terms:?}");
        assert!(
            terms
                .network
                .is_none_or(|network| network.contains(asker.address))
        );
        assert!(terms.country.is_none() || terms.country == asker.country);
        let later = checked(LIFETIME_SECS);
        assert_eq!(later, Err(UrlRefusal::Expired), "it outlives its hour");
    }
}

fn is_of_a_seed(terms: &Terms) -> bool {
    let network: Network = NETWORK.parse().expect("a network");
    let country: Country = COUNTRY.parse().expect("a country");
    terms.expires == UnixTime(SIGNED_AT + LIFETIME_SECS)
        && terms.network.is_none_or(|of| of == network)
        && terms.country.is_none_or(|of| of == country)
}

/// Of a seed that is good for some.
const NETWORK: &str = "203.0.113.0/24";
const COUNTRY: &str = "NL";

fn keys() -> UrlKeys {
    let key = |secret: &[u8]| UrlKey::new(secret).expect("the secret is long enough");
    UrlKeys::new(key(SECRET), Some(key(OLD_SECRET)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sfu_model::id::RoomId;
    use signaling_auth::signed_url::key::UrlRequest;

    use super::*;

    /// The seeds are what the server signs, so that mutations begin at a token that opens something.
    #[test]
    fn the_seeds_are_tokens_that_open_the_stream() {
        let any = include_str!("../corpus/signed_url/for_anybody");
        let some = include_str!("../corpus/signed_url/for_some");
        for (seed, is_for_some) in [(any, false), (some, true)] {
            let request = UrlRequest {
                stream: RoomId::parse("demo").unwrap(),
                lifetime: Duration::from_secs(LIFETIME_SECS),
                network: is_for_some.then(|| NETWORK.parse().unwrap()),
                country: is_for_some.then(|| COUNTRY.parse().unwrap()),
            };
            let signed = keys().sign(&request, UnixTime(SIGNED_AT)).unwrap();
            let token = seed.lines().next().unwrap();
            assert_eq!(token, signed.expose());
            let asker = Asker {
                address: "203.0.113.7".parse().unwrap(),
                country: Some(COUNTRY.parse().unwrap()),
            };
            let checked = keys().check(token, "demo", asker, UnixTime(SIGNED_AT));
            assert!(checked.is_ok_and(|terms| is_of_a_seed(&terms)));
        }
    }
}
