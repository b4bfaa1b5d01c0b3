//! What the types cannot say about a configuration.

mod limits;
mod network;
mod transcode;

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr as _;

use axum::http::HeaderName;
use secrecy::ExposeSecret as _;
use sfu_model::id::RoomId;
use signaling_auth::stream_key::StreamKey;
use signaling_auth::token::verify::VERIFYING_KEYS_MAX;

use super::endpoint;
use super::env::Overrides;
use super::file::Source;
use super::key;
use super::problem::{Place, Problem, Problems};
use super::settings::{Acme, Config, Https};
use crate::roles::Role;

/// Longest wait before sessions are closed at SIGTERM, in seconds. Orchestrators kill after 30 s by default; one that
/// waits longer must be told so, and an hour is more than any of them waits.
const DRAIN_SECS_MAX: u64 = 3_600;

/// Collects problems and knows where each setting is from.
struct Checks<'a> {
    source: &'a Source,
    overrides: &'a Overrides,
    problems: Problems,
}

impl Checks<'_> {
    fn refuse(&mut self, key: &str, what: impl Into<String>, action: impl Into<String>) {
        let place = self
            .overrides
            .place(key)
            .unwrap_or_else(|| self.source.place(key));
        let what = if matches!(place, Place::Default | Place::Line { .. } | Place::File(_)) {
            format!("`{key}`: {}", what.into())
        } else {
            what.into()
        };
        self.problems.push(Problem {
            place,
            what,
            action: action.into(),
        });
    }
}

/// Everything that is wrong with the values.
pub(crate) fn check(config: &Config, source: &Source, overrides: &Overrides) -> Problems {
    let mut checks = Checks {
        source,
        overrides,
        problems: Problems::default(),
    };
    node(config, &mut checks);
    network::check(config, &mut checks);
    limits::check(&config.limits, &mut checks);
    transcode::check(config, &mut checks);
    https(&config.https, &config.acme, &mut checks);
    acme(&config.acme, &mut checks);
    auth(config, &mut checks);
    hls(config, &mut checks);
    whip_whep(config, &mut checks);
    streams(config, &mut checks);
    checks.problems
}

fn node(config: &Config, checks: &mut Checks<'_>) {
    for role in &config.node.roles {
        if Role::parse(role).is_none() {
            let known = Role::ALL.map(Role::label);
            let action = match key::nearest(role, known) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("the roles of this build are {}", known.join(", ")),
            };
            checks.refuse("node.roles", format!("\"{role}\" is no role"), action);
        }
    }
    if config.node.data.as_os_str().is_empty() {
        checks.refuse(
            "node.data",
            "names no folder",
            "write a path, such as \"freshet-data\"",
        );
    }
    if config.node.drain_secs > DRAIN_SECS_MAX {
        checks.refuse(
            "node.drain_secs",
            "too long",
            format!("write 0 to {DRAIN_SECS_MAX}"),
        );
    }
    if crate::logging::parse_level(&config.log.level).is_none() {
        let what = format!("\"{}\" is no level", config.log.level);
        checks.refuse("log.level", what, "write error, warn, info, debug or trace");
    }
}

fn https(https: &Https, acme: &Acme, checks: &mut Checks<'_>) {
    let has = |path: &Path| !path.as_os_str().is_empty();
    match (has(&https.certificate), has(&https.private_key)) {
        (true, false) => {
            checks.refuse(
                "https.certificate",
                "has no key",
                "set https.private_key as well",
            );
        }
        (false, true) => {
            checks.refuse(
                "https.private_key",
                "has no certificate",
                "set https.certificate as well",
            );
        }
        (true, true) => {
            if let Err(error) = crate::tls::files::read(&https.certificate, &https.private_key) {
                checks.refuse("https.certificate", error.to_string(), error.action());
            }
            if !acme.domains.is_empty() {
                let action = "remove acme.domains, or https.certificate and https.private_key";
                checks.refuse("acme.domains", "there are certificate files too", action);
            }
        }
        (false, false) => {}
    }
    for name in &https.names {
        if name.is_empty() || !name.is_ascii() || name.contains(char::is_whitespace) {
            let action = "write host names or IP addresses";
            checks.refuse("https.names", format!("\"{name}\" is no name"), action);
        }
    }
}

fn acme(acme: &Acme, checks: &mut Checks<'_>) {
    if acme.domains.is_empty() {
        return;
    }
    if !acme.accept_terms {
        let what = "a certificate is asked for, but the authority's terms are not accepted";
        checks.refuse(
            "acme.accept_terms",
            what,
            "read its terms of service, then set it to true",
        );
    }
    if !acme.directory.starts_with("https://") {
        checks.refuse(
            "acme.directory",
            "is no https URL",
            "write the URL of the ACME directory",
        );
    }
    for domain in &acme.domains {
        let is_name = domain.contains('.') || domain == "localhost";
        let letters = domain
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        if !is_name || !letters || domain.parse::<IpAddr>().is_ok() {
            let action = "write a host name that points at this server; HTTP-01 has no wildcards";
            checks.refuse(
                "acme.domains",
                format!("\"{domain}\" is no such name"),
                action,
            );
        }
    }
}

fn auth(config: &Config, checks: &mut Checks<'_>) {
    // One place is the HS256 secret's.
    if config.auth.token_public_keys.len() >= VERIFYING_KEYS_MAX {
        let action = format!("list at most {}", VERIFYING_KEYS_MAX - 1);
        checks.refuse("auth.token_public_keys", "too many keys", action);
    }
    for (key, problem) in crate::token_keys::problems(config.auth.key_files()) {
        checks.refuse(key, problem.to_string(), problem.action());
    }
}

fn hls(config: &Config, checks: &mut Checks<'_>) {
    for (key, problem) in crate::url_keys::problems(config.hls.url_key_files()) {
        checks.refuse(key, problem.to_string(), problem.action());
    }
    let header = &config.hls.country_header;
    if !header.is_empty() && HeaderName::from_str(header).is_err() {
        let action = "write the name of a header field, such as \"cf-ipcountry\"";
        checks.refuse(
            "hls.country_header",
            format!("\"{header}\" is none"),
            action,
        );
    }
}

fn whip_whep(config: &Config, checks: &mut Checks<'_>) {
    for (index, server) in config.ice_servers.iter().enumerate() {
        if let Err(error) = endpoint::ice_server(server) {
            let key = format!("{}.{index}.uri", key::ICE_SERVERS);
            checks.refuse(&key, error.to_string(), "");
        }
    }
    for origin in &config.http.allowed_origins {
        if origin != endpoint::ANY_ORIGIN && !is_origin(origin) {
            let action = "write origins such as \"https://example.com\", or \"*\" for any";
            checks.refuse(
                "http.allowed_origins",
                format!("\"{origin}\" is none"),
                action,
            );
        }
    }
}

/// Scheme and authority, and nothing after it (RFC 6454 section 6.2).
fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ', '*']))
}

fn streams(config: &Config, checks: &mut Checks<'_>) {
    let mut names = HashSet::new();
    for (index, stream) in config.streams.iter().enumerate() {
        let key = |name: &str| format!("{}.{index}.{name}", key::STREAMS);
        if let Err(error) = RoomId::parse(&stream.name) {
            checks.refuse(&key("name"), error.to_string(), "choose another name");
        }
        if !names.insert(stream.name.as_str()) {
            let what = format!("\"{}\" is there twice", stream.name);
            checks.refuse(&key("name"), what, "remove one of them");
        }
        if stream.players == Some(0) {
            let what = "nobody could play it by WHEP";
            checks.refuse(&key("players"), what, "write 1 or more");
        }
        // The key itself is never repeated: this text ends in terminals and logs.
        if let Some(text) = &stream.key
            && let Err(error) = StreamKey::parse(text.expose_secret())
        {
            checks.refuse(&key("key"), error.to_string(), "choose another key");
        }
    }
}
