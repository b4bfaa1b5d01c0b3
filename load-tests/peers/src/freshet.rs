//! Freshet, with one worker and one stream.

use std::io::{self, BufRead, BufReader};
use std::net::IpAddr;
use std::path::Path;
use std::process::Stdio;

use freshet_load::endpoint::Endpoint;
use whip_whep_client::client::Client;
use whip_whep_client::connection::{BuildError, Trust};

use crate::process::{Folder, Server};

/// The stream's key; it opens nothing but this process's own stream.
const KEY: &str = "bench-key-0001";

/// Freshet, running.
#[derive(Debug)]
pub struct Freshet {
    server: Server,
    http: String,
    // Dropped after the process that writes into it.
    _folder: Folder,
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Operator: the program is not there, or a file cannot be written.
    #[error("{0}")]
    System(#[from] io::Error),
    /// It printed no address.
    #[error("the server said no address")]
    NoAddress,
    /// No client of it can be made.
    #[error("{0}")]
    Client(#[from] BuildError),
}

impl Freshet {
    /// Starts it, with its media at this address.
    pub fn start(program: &Path, address: IpAddr) -> Result<Self, StartError> {
        let folder = Folder::new("freshet-peers-freshet")?;
        folder.write("freshet.toml", &configuration(address))?;
        let path = |file: &str| folder.path().join(file).display().to_string();
        let (config, data) = (path("freshet.toml"), path("data"));
        let arguments = [
            "serve",
            "--config",
            &config,
            "--data",
            &data,
            "--log-level",
            "warn",
            "--print-addresses",
        ];
        let mut server = Server::start(program, &arguments, Stdio::piped())?;
        let output = server.output().ok_or(StartError::NoAddress)?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let addresses: serde_json::Value =
            serde_json::from_str(&line).map_err(|_| StartError::NoAddress)?;
        let http = addresses.get("http").and_then(|http| http.as_str());
        let http = http.ok_or(StartError::NoAddress)?.to_owned();
        Ok(Self {
            server,
            http,
            _folder: folder,
        })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Where to publish and to play.
    pub fn endpoints(&self) -> Result<(Endpoint, Endpoint), StartError> {
        let url = |what: &str| format!("http://{}/{what}/bench", self.http);
        let publishing = Client::new(&Trust::System, Some(KEY))?;
        let playing = Client::new(&Trust::System, None)?;
        Ok((
            Endpoint::new(publishing, url("whip")),
            Endpoint::new(playing, url("whep")),
        ))
    }
}

/// One worker, because it has one CPU; and room for a crowd from one address, which is what a generator is.
fn configuration(address: IpAddr) -> String {
    format!(
        r#"[http]
listen = "127.0.0.1:0"
[https]
enabled = false
[sfu]
listen = "{address}:0"
workers = 1
[hls]
latency = "ultra-low"
[limits]
connections_per_address = 8192
joins_per_second_and_client = 1000
[[streams]]
name = "bench"
key = "{KEY}"
public = true
"#
    )
}
