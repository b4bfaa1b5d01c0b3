//! The settings, section by section, and what each is without a file.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use whip_whep_core::limits::{
    FAILED_AUTHS_PER_CLIENT, PLAYERS_PER_STREAM_MAX, PUBLISH_SESSIONS_PER_HOLDER_MAX,
    SESSION_URLS_MAX, STREAM_STARTS,
};

use super::hls::{Hls, Latency};
use super::log::Log;
use super::transcode::{Rung, Transcode};
use crate::token_keys::KeyFiles;

/// The whole configuration. Its `Default` is what `freshet serve` does without a file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) node: Node,
    pub(crate) http: Http,
    pub(crate) https: Https,
    pub(crate) acme: Acme,
    pub(crate) sfu: Sfu,
    pub(crate) hls: Hls,
    pub(crate) transcode: Transcode,
    pub(crate) auth: Auth,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) compat: Compat,
    pub(crate) log: Log,
    pub(crate) ice_servers: Vec<IceServer>,
    pub(crate) rungs: Vec<Rung>,
    pub(crate) streams: Vec<StaticStream>,
}

/// `[node]`: this process.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Node {
    /// The folder of everything that this server keeps.
    pub(crate) data: PathBuf,
    /// What this process does.
    pub(crate) roles: Vec<String>,
    /// After SIGTERM: for how long `/ready` says no before sessions are closed.
    pub(crate) drain_secs: u64,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) listen: SocketAddr,
    /// Addresses or prefixes of proxies whose `X-Forwarded-*` headers are believed.
    pub(crate) trusted_proxies: Vec<String>,
    /// Origins of web pages that may use WHIP and WHEP, and exchange play tokens for signed URLs; `*` is any.
    pub(crate) allowed_origins: Vec<String>,
}

/// `[https]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Https {
    pub(crate) enabled: bool,
    pub(crate) listen: SocketAddr,
    /// PEM files; empty: ACME where configured, else self-signed.
    pub(crate) certificate: PathBuf,
    pub(crate) private_key: PathBuf,
    /// More names for the self-signed certificate.
    pub(crate) names: Vec<String>,
}

/// `[acme]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Acme {
    pub(crate) domains: Vec<String>,
    pub(crate) email: String,
    pub(crate) accept_terms: bool,
    pub(crate) directory: String,
    /// PEM file of the root that signs the directory's own HTTPS; empty: the system's roots.
    pub(crate) root: PathBuf,
}

/// `[sfu]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sfu {
    pub(crate) listen: SocketAddr,
    pub(crate) advertise: Vec<String>,
    pub(crate) workers: usize,
}

/// `[auth]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    /// File with the HS256 secret; empty: one is made in the data folder.
    pub(crate) token_secret: PathBuf,
    /// PEM files of Ed25519 public keys whose tokens are accepted too.
    pub(crate) token_public_keys: Vec<PathBuf>,
    /// PEM file of the Ed25519 key that `freshet token issue` signs with; empty: the HS256 secret.
    pub(crate) token_private_key: PathBuf,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    /// Of all streams together.
    pub(crate) sessions: usize,
    /// By WHEP, of streams that do not say.
    pub(crate) players_per_stream: usize,
    pub(crate) publish_sessions_per_holder: usize,
    pub(crate) stream_starts_per_minute: u32,
    pub(crate) failed_auths_per_minute: u32,
    pub(crate) joins_per_second_and_client: u32,
}

/// `[metrics]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Metrics {
    /// Addresses or prefixes that `/metrics` answers.
    pub(crate) allow: Vec<String>,
}

/// `[compat]`: what old or unusual clients need.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Compat {
    /// Take PATCHes without `If-Match`, with an unquoted tag, without ICE credentials, or as JSON.
    pub(crate) lenient_patch: bool,
}

/// One `[[ice_servers]]` of the file: a STUN or TURN server that clients are told about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IceServer {
    pub(crate) uri: String,
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) password: Option<SecretString>,
}

impl PartialEq for IceServer {
    fn eq(&self, other: &Self) -> bool {
        let parts = |server: &Self| {
            (
                server.uri.clone(),
                server.username.clone(),
                exposed(&server.password),
            )
        };
        parts(self) == parts(other)
    }
}

/// One `[[streams]]` of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticStream {
    pub(crate) name: String,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) key: Option<SecretString>,
    #[serde(default)]
    pub(crate) public: bool,
    /// In place of `hls.latency`.
    #[serde(default)]
    pub(crate) latency: Option<Latency>,
    /// In place of `limits.players_per_stream`.
    #[serde(default)]
    pub(crate) players: Option<usize>,
}

fn secret<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(text).map(|text| Some(SecretString::from(text)))
}

fn exposed(secret: &Option<SecretString>) -> Option<String> {
    secret
        .as_ref()
        .map(|secret| secret.expose_secret().to_owned())
}

impl PartialEq for StaticStream {
    fn eq(&self, other: &Self) -> bool {
        let parts = |stream: &Self| {
            let key = exposed(&stream.key);
            let said = (stream.latency, stream.players);
            (stream.name.clone(), stream.public, said, key)
        };
        parts(self) == parts(other)
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Auth {
    /// The files of the keys.
    pub(crate) fn key_files(&self) -> KeyFiles<'_> {
        KeyFiles {
            secret: &self.token_secret,
            public_keys: &self.token_public_keys,
            private_key: &self.token_private_key,
        }
    }
}

impl Default for Node {
    fn default() -> Self {
        Self {
            data: PathBuf::from("freshet-data"),
            roles: Vec::new(),
            drain_secs: 0,
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: loopback(8080),
            trusted_proxies: Vec::new(),
            allowed_origins: vec!["*".to_owned()],
        }
    }
}

impl Default for Https {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: loopback(8443),
            certificate: PathBuf::new(),
            private_key: PathBuf::new(),
            names: Vec::new(),
        }
    }
}

impl Default for Acme {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            email: String::new(),
            accept_terms: false,
            directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            root: PathBuf::new(),
        }
    }
}

impl Default for Sfu {
    fn default() -> Self {
        Self {
            listen: loopback(8189),
            advertise: Vec::new(),
            workers: 0,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 256,
            sessions: SESSION_URLS_MAX,
            players_per_stream: PLAYERS_PER_STREAM_MAX,
            publish_sessions_per_holder: PUBLISH_SESSIONS_PER_HOLDER_MAX,
            stream_starts_per_minute: STREAM_STARTS.burst,
            failed_auths_per_minute: FAILED_AUTHS_PER_CLIENT.burst,
            joins_per_second_and_client: 20,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            allow: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
        }
    }
}
