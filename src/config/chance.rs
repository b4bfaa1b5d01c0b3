//! Files and environments that no operator would write: each is a configuration that can be served, or a list of what is
//! wrong with it.
//!
//! A configuration comes from the operator and never from the network, so that no target of coverage-led fuzzing needs
//! it; the generator is the one that makes inputs for those.

use std::path::Path;

use freshet_fuzz::mutate::Mutator;
use sfu_model::id::RoomId;
use sfu_server::Advertised;

use super::endpoint;
use super::networks::Networks;
use super::proxies::TrustedProxies;
use super::settings::Config;
use super::tests::example_switched_on;
use super::{key, read};
use crate::roles::Role;

/// Files and environments: some seconds of both, in the profile of tests.
const N_CASES: u64 = 5_000;

/// All that the example leaves out.
const LISTS: &str = r#"
[http]
trusted_proxies = ["10.0.0.0/8", "::1"]
allowed_origins = ["https://example.com"]
[sfu]
listen = "[::]:8189"
advertise = ["192.0.2.1", "[2001:db8::1]:8189"]
[node]
roles = ["sfu", "signaling"]
[acme]
domains = ["example.com"]
accept_terms = true
[[ice_servers]]
uri = "turn:turn.example.com:3478?transport=udp"
username = "freshet"
password = "change-me"
[[streams]]
name = "demo"
key = "demo-key-0001"
public = true
[[streams]]
name = "b"
"#;

fn served(text: &str, environment: &[(String, String)]) -> bool {
    let file = Path::new("f.toml");
    match read(Some(file), text, environment.iter().cloned(), |_| {}) {
        Ok(config) => {
            assert_can_be_served(&config);
            true
        }
        Err(problems) => {
            assert!(!problems.is_empty() && !problems.to_string().is_empty());
            false
        }
    }
}

/// What the server takes for granted of a configuration that was let through: it leaves out entries that do not parse.
fn assert_can_be_served(config: &Config) {
    assert!(Networks::parse(&config.metrics.allow).is_ok());
    assert!(TrustedProxies::parse(&config.http.trusted_proxies).is_ok());
    let mut advertise = config.sfu.advertise.iter();
    assert!(advertise.all(|entry| entry.parse::<Advertised>().is_ok()));
    assert!(
        config
            .node
            .roles
            .iter()
            .all(|role| Role::parse(role).is_some())
    );
    for stream in &config.streams {
        assert!(RoomId::parse(&stream.name).is_ok(), "{}", stream.name);
    }
    let endpoint = endpoint::config(config);
    assert_eq!(endpoint.ice_servers.len(), config.ice_servers.len());
    assert!(endpoint.limits.sessions > 0 && endpoint.limits.stream_starts.burst > 0);
}

#[test]
fn a_file_of_chance_is_served_or_refused() {
    let seeds = [example_switched_on(), LISTS.to_owned()];
    assert!(
        seeds.iter().all(|text| served(text, &[])),
        "the seeds are good"
    );
    let seeds = seeds.map(String::into_bytes);
    let mut mutator = Mutator::new(1);
    let n_served = (0..N_CASES)
        .filter(|_| served(&String::from_utf8_lossy(&mutator.next(&seeds)), &[]))
        .count();
    assert!(
        n_served > 0,
        "every change breaks a file: none was looked at"
    );
}

#[test]
fn an_environment_of_chance_is_served_or_refused() {
    let values = [
        "0",
        "true",
        "127.0.0.1:0",
        "10.0.0.1,10.0.0.2",
        "info",
        "65536",
    ];
    let values = values.map(|text| text.as_bytes().to_vec());
    let mut mutator = Mutator::new(1);
    let n_served = (0..N_CASES)
        .zip(key::KEYS.iter().cycle())
        .filter(|(_, key)| {
            let name = format!("FRESHET_{}__{}", key.section, key.name).to_uppercase();
            let value = String::from_utf8_lossy(&mutator.next(&values)).into_owned();
            served("", &[(name, value)])
        })
        .count();
    assert!(n_served > 0, "every value is refused: none was looked at");
}

#[test]
fn nesting_without_end_is_refused() {
    for (open, n) in [
        ("a = [", 1),
        ("[", 100_000),
        ("{a=", 100_000),
        ("a.", 100_000),
    ] {
        let text = format!("[http]\nlisten = {}", open.repeat(n));
        assert!(!served(&text, &[]));
        assert!(!served(&open.repeat(n), &[]));
    }
}
