//! What an operator may set: one TOML file, every key of which an environment variable overrides.
//!
//! [`load`] reads [`file`], lays [`env`] over it, and has [`validate`] look at the whole. What it finds wrong is a
//! list of [`problem::Problem`]s, each with its place and what to do.

pub(crate) mod env;
pub(crate) mod file;
pub(crate) mod key;
pub(crate) mod problem;
pub(crate) mod proxies;
pub(crate) mod validate;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use self::problem::Problems;

/// The whole configuration. Its `Default` is what `freshet serve` does without a file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) node: Node,
    pub(crate) http: Http,
    pub(crate) https: Https,
    pub(crate) acme: Acme,
    pub(crate) sfu: Sfu,
    pub(crate) auth: Auth,
    pub(crate) limits: Limits,
    pub(crate) log: Log,
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
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Human,
    Json,
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
}

fn secret<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(text).map(|text| Some(SecretString::from(text)))
}

impl PartialEq for StaticStream {
    fn eq(&self, other: &Self) -> bool {
        let key = |stream: &Self| {
            stream
                .key
                .as_ref()
                .map(|key| key.expose_secret().to_owned())
        };
        (&self.name, self.public, key(self)) == (&other.name, other.public, key(other))
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
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
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Human,
        }
    }
}

/// The name of the file that is read when none is named.
pub(crate) const DEFAULT_FILE: &str = "freshet.toml";

/// A configuration and where it is from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// `None` when there is no file.
    pub(crate) file: Option<PathBuf>,
}

/// Reads the named file, or `./freshet.toml` where it exists, and the environment, and checks both.
pub(crate) fn load(
    named: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Loaded, Problems> {
    let implied = Path::new(DEFAULT_FILE);
    let file = named.or_else(|| implied.exists().then_some(implied));
    let text = match file {
        Some(path) => file::read(path)?,
        None => String::new(),
    };
    let source = file::Source::parse(file, &text)?;
    let overrides = env::overrides(environment)?;
    let config = env::lay_over(&source, &overrides)?;
    let problems = validate::check(&config, &source, &overrides);
    if problems.is_empty() {
        Ok(Loaded {
            config,
            file: file.map(Path::to_owned),
        })
    } else {
        Err(problems)
    }
}
