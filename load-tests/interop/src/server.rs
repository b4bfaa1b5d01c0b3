//! A `freshet serve` of one's own: ports that the kernel chose, a data folder that goes away.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a start may take, on a machine that compiles at the same time.
const START_MAX: Duration = Duration::from_secs(20);

/// The key of the server's one stream.
pub const KEY: &str = "interop-key-0001";

/// The name of the server's one stream.
pub const STREAM: &str = "interop";

/// A running server. It ends with this value.
pub struct Server {
    _process: Child,
    folder: PathBuf,
    http: String,
}

impl Server {
    /// Starts the binary that `FRESHET_BIN` names and waits until it says where it listens.
    pub async fn start(name: &str) -> Result<Self, Box<dyn Error>> {
        let binary =
            env::var("FRESHET_BIN").map_err(|_| "set FRESHET_BIN to the freshet binary")?;
        let folder = env::temp_dir().join(format!("freshet-interop-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let config = folder.join("freshet.toml");
        fs::write(&config, configuration())?;
        let mut process = Command::new(binary)
            .args(["serve", "--print-addresses", "--data"])
            .arg(folder.join("data"))
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process
            .stdout
            .take()
            .ok_or("the server's output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let http = timeout(START_MAX, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(http) = http_address(&line) {
                    return Ok(http);
                }
            }
            Err::<String, Box<dyn Error>>("the server ended before it listened".into())
        })
        .await??;
        Ok(Self {
            _process: process,
            folder,
            http,
        })
    }

    /// Where a publisher posts its offer.
    pub fn whip_url(&self) -> String {
        format!("http://{}/whip/{STREAM}", self.http)
    }

    /// Where a player posts its offer.
    pub fn whep_url(&self) -> String {
        format!("http://{}/whep/{STREAM}", self.http)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What is left in the temporary folder harms nobody; a panic in a drop would hide the failure.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Media on every address of the namespace that the tests run in: GStreamer's ICE leaves loopback out.
fn configuration() -> String {
    format!(
        "[http]\nlisten = \"127.0.0.1:0\"\n[https]\nlisten = \"127.0.0.1:0\"\n[sfu]\nlisten = \"0.0.0.0:0\"\n\
         [[streams]]\nname = \"{STREAM}\"\nkey = \"{KEY}\"\npublic = true\n"
    )
}

/// The HTTP address in the line of addresses that the server prints.
fn http_address(line: &str) -> Option<String> {
    let addresses: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(addresses.get("http")?.as_str()?.to_owned())
}
