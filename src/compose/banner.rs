//! What a person who typed `freshet serve` reads.

use std::fmt;
use std::path::PathBuf;

use signaling_auth::stream_key::StreamKey;

use crate::addresses::Addresses;

/// The stream that a server without a configuration makes.
pub(crate) const DEMO: &str = "demo";

/// A server that is open.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) addresses: Addresses,
    /// The demo stream's key, where there is one that may be shown.
    pub(crate) demo: Option<StreamKey>,
    /// Of the certificate that HTTPS shows, where nobody else vouches for it.
    pub(crate) fingerprint: Option<String>,
    pub(crate) data: PathBuf,
}

impl fmt::Display for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.addresses.url;
        writeln!(f, "Freshet {} is open at {url}", env!("CARGO_PKG_VERSION"))?;
        if let Some(key) = &self.demo {
            let key = key.expose();
            writeln!(f)?;
            writeln!(f, "  publish  {url}/studio/{DEMO}#key={key}")?;
            writeln!(f, "  watch    {url}/watch/{DEMO}")?;
            writeln!(f, "  OBS      {url}/whip/{DEMO}   bearer token {key}")?;
        } else {
            writeln!(f)?;
            writeln!(
                f,
                "  streams  those of the configuration, and of `freshet stream create NAME`"
            )?;
            writeln!(f, "  publish  {url}/studio/NAME#key=KEY")?;
            writeln!(f, "  watch    {url}/watch/NAME")?;
        }
        writeln!(f)?;
        if let Some(https) = self.addresses.https {
            // An address that stands for all of them is no link.
            if https.ip().is_unspecified() {
                writeln!(f, "  HTTPS    port {} of every address", https.port())?;
            } else {
                writeln!(f, "  HTTPS    https://{https}")?;
            }
        }
        if let Some(fingerprint) = &self.fingerprint {
            writeln!(
                f,
                "           self-signed; compare its SHA-256 fingerprint when the browser asks:"
            )?;
            writeln!(f, "           {fingerprint}")?;
        }
        let ice: Vec<String> = self.addresses.ice.iter().map(ToString::to_string).collect();
        if !ice.is_empty() {
            writeln!(f, "  media    {} (UDP and TCP)", ice.join(", "))?;
        }
        write!(f, "  data     {}", self.data.display())
    }
}
