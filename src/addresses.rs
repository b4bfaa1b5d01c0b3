//! Where this server is reached: the ports that it got, for programs and for people.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::settings::Config;
use crate::data_dir::{DataDir, DataError, write_atomically};

/// The file in the data folder that says where the running server is. Removed when it ends.
const FILE: &str = "addresses.json";

/// Real addresses: a port 0 of the configuration is the port that the kernel gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) https: Option<SocketAddr>,
    /// What is put into candidates.
    pub(crate) ice: Vec<SocketAddr>,
    /// What links begin with.
    pub(crate) url: String,
}

impl Addresses {
    /// One line of JSON, as `--print-addresses` prints it and the file holds it.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Keeps them for other commands.
    pub(crate) fn keep(&self, data: &DataDir) -> Result<(), DataError> {
        write_atomically(&data.file(FILE), self.json().as_bytes())
    }

    /// The server that kept them is gone.
    pub(crate) fn forget(data: &DataDir) {
        // It is gone already, or the folder is: either way nobody is misled.
        let _ = std::fs::remove_file(data.file(FILE));
    }

    /// What links begin with: the running server's word, or a guess from the configuration.
    pub(crate) fn url_of(data: &DataDir, config: &Config) -> String {
        read(&data.file(FILE)).map_or_else(
            || {
                let https = config.https.enabled.then_some(config.https.listen);
                url(config.http.listen, https, &config.acme.domains, &[])
            },
            |kept| kept.url,
        )
    }
}

fn read(path: &Path) -> Option<Addresses> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// What links begin with. On this machine plain HTTP will do, for browsers trust loopback with a camera; beyond it
/// only HTTPS has one.
pub(crate) fn url(
    http: SocketAddr,
    https: Option<SocketAddr>,
    domains: &[String],
    interfaces: &[IpAddr],
) -> String {
    if let (Some(domain), Some(https)) = (domains.first(), https) {
        return match https.port() {
            443 => format!("https://{domain}"),
            port => format!("https://{domain}:{port}"),
        };
    }
    let beyond = |listen: SocketAddr| {
        let ip = listen.ip();
        let of_family = |candidate: &&IpAddr| candidate.is_ipv4() == ip.is_ipv4() || ip.is_ipv6();
        let first = interfaces
            .iter()
            .filter(|candidate| !candidate.is_loopback())
            .find(of_family);
        if ip.is_unspecified() {
            first.copied()
        } else {
            (!ip.is_loopback()).then_some(ip)
        }
    };
    if let Some(https) = https
        && let Some(ip) = beyond(https)
    {
        return format!("https://{}", SocketAddr::new(ip, https.port()));
    }
    let ip = http.ip();
    let ip = if ip.is_unspecified() {
        IpAddr::from([127, 0, 0, 1])
    } else {
        ip
    };
    format!("http://{}", SocketAddr::new(ip, http.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_plain_on_this_machine_and_https_beyond_it() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let lan: Vec<IpAddr> = ["127.0.0.1", "192.0.2.7"]
            .map(|ip| ip.parse().unwrap())
            .to_vec();
        let domain = ["live.example".to_owned()];
        for (http, https, domains, expected) in [
            (
                "127.0.0.1:8080",
                Some("127.0.0.1:8443"),
                &[][..],
                "http://127.0.0.1:8080",
            ),
            ("[::1]:8080", None, &[][..], "http://[::1]:8080"),
            (
                "0.0.0.0:8080",
                Some("0.0.0.0:8443"),
                &[][..],
                "https://192.0.2.7:8443",
            ),
            ("0.0.0.0:8080", None, &[][..], "http://127.0.0.1:8080"),
            (
                "192.0.2.7:80",
                Some("192.0.2.7:443"),
                &[][..],
                "https://192.0.2.7:443",
            ),
            (
                "0.0.0.0:80",
                Some("0.0.0.0:443"),
                &domain[..],
                "https://live.example",
            ),
            (
                "0.0.0.0:80",
                Some("0.0.0.0:8443"),
                &domain[..],
                "https://live.example:8443",
            ),
        ] {
            let url = url(at(http), https.map(at), domains, &lan);
            assert_eq!(url, expected, "{http} {https:?}");
        }
    }
}
