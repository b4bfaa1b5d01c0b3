//! Addresses: those listened on, those advertised, those believed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sfu_server::Advertised;
use sfu_server::config::WORKERS_MAX;

use super::Checks;
use crate::config::families;
use crate::config::networks::Networks;
use crate::config::settings::Config;

/// Where it listens, what it advertises, and whom it believes.
pub(super) fn check(config: &Config, checks: &mut Checks<'_>) {
    let Config {
        http,
        https,
        sfu,
        metrics,
        ..
    } = config;
    if https.enabled && collide(http.listen, https.listen) {
        checks.refuse(
            "https.listen",
            "is the address of [http] too",
            "give it another port",
        );
    }
    let sharing = [
        ("http", http.listen, true),
        ("https", https.listen, https.enabled),
    ];
    for (name, listen, is_on) in sharing {
        // The SFU listens on TCP too.
        if is_on && collide(sfu.listen, listen) {
            let what = format!("is the address of [{name}] too");
            checks.refuse("sfu.listen", what, "give it another port");
        }
    }
    for entry in &sfu.advertise {
        match entry.parse::<Advertised>() {
            Err(error) => checks.refuse("sfu.advertise", format!("\"{entry}\": {error}"), ""),
            Ok(address) => {
                if let Some(why) = unreachable(address) {
                    let action = "write an address that clients can send to";
                    checks.refuse("sfu.advertise", format!("\"{entry}\" {why}"), action);
                } else if !families::listens_for(sfu.listen, address.ip) {
                    let what =
                        format!("\"{entry}\" is of a family that sfu.listen does not listen for");
                    let action =
                        "let sfu.listen be \"[::]:8189\", which is both, or remove the entry";
                    checks.refuse("sfu.advertise", what, action);
                }
            }
        }
    }
    let lists = [
        ("http.trusted_proxies", &http.trusted_proxies),
        ("metrics.allow", &metrics.allow),
    ];
    for (key, entries) in lists {
        if let Err(entry) = Networks::parse(entries) {
            let action = "write IP addresses or prefixes, such as \"10.0.0.0/8\"";
            checks.refuse(key, format!("\"{entry}\" is neither"), action);
        }
    }
    if sfu.workers > WORKERS_MAX {
        let action = format!("write 0 (one per core) to {WORKERS_MAX}");
        checks.refuse("sfu.workers", "too many", action);
    }
}

fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let same_ip = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && same_ip
}

/// Why nobody could send media there.
fn unreachable(address: Advertised) -> Option<&'static str> {
    let ip = address.ip.to_canonical();
    if ip.is_unspecified() {
        Some("is no machine's address")
    } else if ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
        Some("is many machines' address")
    } else if address.port == Some(0) {
        Some("has no port")
    } else {
        None
    }
}
