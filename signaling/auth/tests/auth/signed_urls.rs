//! Signed URLs: what they open, for whom, and that nothing of them can be changed.

use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;
use sfu_model::id::RoomId;
use sfu_model::time::UnixTime;
use signaling_auth::limits::{URL_LIFETIME_SECS_MAX, URL_TOKEN_BYTES_MAX};
use signaling_auth::signed_url::key::{ShortUrlKey, UrlKey, UrlKeys, UrlLifetime, UrlRequest};
use signaling_auth::signed_url::terms::{Asker, UrlRefusal};

const NOW: UnixTime = UnixTime(1_789_000_000);

fn key(byte: u8) -> UrlKey {
    UrlKey::new(&[byte; 32]).unwrap()
}

fn keys() -> UrlKeys {
    UrlKeys::new(key(1), None)
}

fn request(network: Option<&str>, country: Option<&str>) -> UrlRequest {
    UrlRequest {
        stream: RoomId::parse("demo").unwrap(),
        lifetime: Duration::from_secs(60),
        network: network.map(|text| text.parse().unwrap()),
        country: country.map(|text| text.parse().unwrap()),
    }
}

fn token(network: Option<&str>, country: Option<&str>) -> String {
    let signed = key(1).sign(&request(network, country), NOW);
    signed.unwrap().expose().to_owned()
}

fn asker(address: &str, country: Option<&str>) -> Asker {
    Asker {
        address: address.parse().unwrap(),
        country: country.map(|text| text.parse().unwrap()),
    }
}

/// The answer to somebody at 203.0.113.7 in the Netherlands.
fn check(token: &str, stream: &str, unix_now: u64) -> Result<(), UrlRefusal> {
    let asker = asker("203.0.113.7", Some("NL"));
    let checked = keys().check(token, stream, asker, UnixTime(unix_now));
    checked.map(|_| ())
}

#[test]
fn a_signed_url_opens_its_stream_until_it_expires() {
    let token = token(None, None);
    assert_eq!(check(&token, "demo", NOW.0), Ok(()));
    assert_eq!(check(&token, "demo", NOW.0 + 59), Ok(()));
    assert_eq!(check(&token, "demo", NOW.0 + 60), Err(UrlRefusal::Expired));
    assert_eq!(check(&token, "demo2", NOW.0), Err(UrlRefusal::Signature));
}

#[test]
fn a_signed_url_is_for_whom_it_names() {
    for (network, country, who, expected) in [
        (None, None, ("203.0.113.7", None), Ok(())),
        (Some("203.0.113.7"), None, ("203.0.113.7", None), Ok(())),
        (Some("203.0.113.0/24"), None, ("203.0.113.9", None), Ok(())),
        (
            Some("203.0.113.0/24"),
            None,
            ("::ffff:203.0.113.9", None),
            Ok(()),
        ),
        (
            Some("203.0.113.0/24"),
            None,
            ("203.0.114.9", None),
            Err(UrlRefusal::Address),
        ),
        (Some("2001:db8::/48"), None, ("2001:db8::7", None), Ok(())),
        (
            Some("2001:db8::/48"),
            None,
            ("2001:db8:1::7", None),
            Err(UrlRefusal::Address),
        ),
        (
            Some("2001:db8::/48"),
            None,
            ("203.0.113.7", None),
            Err(UrlRefusal::Address),
        ),
        (None, Some("nl"), ("203.0.113.7", Some("NL")), Ok(())),
        (
            None,
            Some("NL"),
            ("203.0.113.7", Some("DE")),
            Err(UrlRefusal::Country),
        ),
        (
            None,
            Some("NL"),
            ("203.0.113.7", None),
            Err(UrlRefusal::Country),
        ),
        (
            Some("203.0.113.7"),
            Some("NL"),
            ("203.0.113.7", Some("NL")),
            Ok(()),
        ),
        (
            Some("203.0.113.7"),
            Some("NL"),
            ("203.0.113.8", Some("NL")),
            Err(UrlRefusal::Address),
        ),
    ] {
        let token = token(network, country);
        let asker = asker(who.0, who.1);
        let checked = keys().check(&token, "demo", asker, NOW).map(|_| ());
        assert_eq!(checked, expected, "{network:?} {country:?} {who:?}");
    }
}

#[test]
fn a_key_that_was_replaced_still_opens_and_another_does_not() {
    let token = token(None, None);
    let asker = asker("203.0.113.7", None);
    let check = |keys: UrlKeys| keys.check(&token, "demo", asker, NOW).map(|_| ());
    assert_eq!(check(UrlKeys::new(key(2), Some(key(1)))), Ok(()));
    assert_eq!(
        check(UrlKeys::new(key(2), Some(key(3)))),
        Err(UrlRefusal::Signature)
    );
    assert_eq!(
        check(UrlKeys::new(key(2), None)),
        Err(UrlRefusal::Signature)
    );
}

#[test]
fn nonsense_is_no_signature() {
    for bad in [
        "",
        ".",
        "1",
        "1.e9",
        "1.e1789000060.",
        "demo",
        "....",
        "1.e1.%00",
        "é.é",
    ] {
        assert_eq!(
            check(bad, "demo", NOW.0),
            Err(UrlRefusal::Signature),
            "{bad:?}"
        );
    }
}

#[test]
fn the_longest_token_that_there_is_opens_and_has_room_to_spare() {
    let longest = token(Some("2001:db8::7"), Some("NL"));
    let asker = asker("2001:db8::7", Some("NL"));
    assert!(keys().check(&longest, "demo", asker, NOW).is_ok());
    // Unix seconds have ten digits until the year 2286.
    assert!(
        longest.len() + 10 <= URL_TOKEN_BYTES_MAX,
        "{}",
        longest.len()
    );
}

#[test]
fn a_lifetime_and_a_key_have_edges() {
    let sign = |secs| {
        let lifetime = Duration::from_secs(secs);
        let request = UrlRequest {
            lifetime,
            ..request(None, None)
        };
        key(1).sign(&request, NOW).map(|_| ())
    };
    assert_eq!(sign(0), Err(UrlLifetime));
    assert_eq!(sign(1), Ok(()));
    assert_eq!(sign(URL_LIFETIME_SECS_MAX), Ok(()));
    assert_eq!(sign(URL_LIFETIME_SECS_MAX + 1), Err(UrlLifetime));
    assert_eq!(UrlKey::new(&[1; 31]).unwrap_err(), ShortUrlKey);
}

#[test]
fn nothing_prints_a_token_or_a_key() {
    let token = key(1).sign(&request(None, None), NOW).unwrap();
    let printed = format!("{token:?} {:?} {:?}", key(1), keys());
    assert!(!printed.contains(token.expose()), "{printed}");
    assert_eq!(printed.matches("***").count(), 3, "{printed}");
}

prop_compose! {
    fn any_request()(
        v4 in any::<Option<(u32, u8)>>(),
        country in proptest::option::of("[A-Z]{2}"),
        lifetime in 1..=URL_LIFETIME_SECS_MAX,
    ) -> UrlRequest {
        let network = v4.map(|(address, bits)| {
            let address = IpAddr::from(address.to_be_bytes());
            format!("{address}/{}", bits % 33).parse().unwrap()
        });
        UrlRequest {
            stream: RoomId::parse("demo").unwrap(),
            lifetime: Duration::from_secs(lifetime),
            network,
            country: country.map(|text| text.parse().unwrap()),
        }
    }
}

proptest! {
    #[test]
    fn what_was_signed_is_what_is_read(request in any_request()) {
        let token = key(1).sign(&request, NOW).unwrap();
        let address = match request.network {
            Some(network) => network.to_string().split('/').next().unwrap().parse().unwrap(),
            None => "203.0.113.7".parse().unwrap(),
        };
        let asker = Asker { address, country: request.country };
        let terms = keys().check(token.expose(), "demo", asker, NOW).unwrap();
        prop_assert_eq!(terms.expires, UnixTime(NOW.0 + request.lifetime.as_secs()));
        prop_assert_eq!((terms.network, terms.country), (request.network, request.country));
    }

    #[test]
    fn any_changed_bit_is_refused(request in any_request(), at in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let token = key(1).sign(&request, NOW).unwrap().expose().to_owned();
        let mut bytes = token.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = String::from_utf8(bytes).unwrap();
        let asker = Asker { address: "203.0.113.7".parse().unwrap(), country: request.country };
        let checked = keys().check(&changed, "demo", asker, NOW).map(|_| ());
        prop_assert_eq!(checked, Err(UrlRefusal::Signature));
    }
}
