//! Janus, with its video room behind WHIP and WHEP.

mod api;
mod shim;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use freshet_load::endpoint::Endpoint;
use whip_whep_client::client::Client;
use whip_whep_client::connection::{BuildError, Trust};

use crate::process::{Folder, Server};
use api::{Api, ApiError};
use shim::Shim;

/// Looks at whether Janus answers, and the time between two of them: five seconds in all, where it takes a tenth.
const LOOKS_MAX: u32 = 50;
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Janus, running, with its shim.
#[derive(Debug)]
pub struct Janus {
    server: Server,
    shim: Shim,
    // Dropped after the process that reads it.
    _folder: Folder,
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Operator: the program is not installed, or a file cannot be written.
    #[error("{0}")]
    System(#[from] io::Error),
    /// It does not answer as its documentation says.
    #[error("{0}")]
    Api(#[from] ApiError),
    /// It ended, or did not answer in time.
    #[error("Janus does not answer")]
    NoAnswer,
    /// No client of the shim can be made.
    #[error("{0}")]
    Client(#[from] BuildError),
}

impl Janus {
    /// Starts it, with its media at this address, which must not be loopback: Janus ignores that.
    pub async fn start(program: &Path, address: IpAddr) -> Result<Self, StartError> {
        let folder = Folder::new("freshet-peers-janus")?;
        let port = free_port()?;
        folder.write("janus.jcfg", &general(address))?;
        folder.write("janus.transport.http.jcfg", &http(port))?;
        folder.write("janus.plugin.videoroom.jcfg", "general: { }\n")?;
        let path = folder.path().display().to_string();
        let arguments = ["--configs-folder", &path, "--debug-level", "2"];
        let mut server = Server::start(program, &arguments, Stdio::null())?;
        let url = format!("http://127.0.0.1:{port}/janus");
        let api = connect(&mut server, &url).await?;
        let shim = Shim::start(api).await?;
        Ok(Self {
            server,
            shim,
            _folder: folder,
        })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Where to publish and to play.
    pub fn endpoints(&self) -> Result<(Endpoint, Endpoint), StartError> {
        let endpoint = |what: &str| {
            let client = Client::new(&Trust::System, None)?;
            let url = format!("http://{}/{what}", self.shim.address());
            Ok::<_, BuildError>(Endpoint::new(client, url))
        };
        Ok((endpoint("whip")?, endpoint("whep")?))
    }
}

/// A session of its API, as soon as it takes one.
async fn connect(server: &mut Server, url: &str) -> Result<Api, StartError> {
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    for _ in 0..LOOKS_MAX {
        looks.tick().await;
        if server.has_ended()? {
            break;
        }
        match Api::connect(url).await {
            Ok(api) => return Ok(api),
            Err(ApiError::Http(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StartError::NoAnswer)
}

/// A port that nobody has. Janus takes no 0: between our look and its bind another could take it, and then it ends at once.
fn free_port() -> io::Result<u16> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(TcpListener::bind(any)?.local_addr()?.port())
}

/// One event loop, because it has one CPU: with its default of a thread for each session it costs half as much again.
fn general(address: IpAddr) -> String {
    format!(
        r#"general: {{
    session_timeout = 0
    event_loops = 1
}}
nat: {{
    ice_enforce_list = "{address}"
}}
transports: {{
    disable = "libjanus_websockets.so,libjanus_rabbitmq.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so"
}}
plugins: {{
    disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so"
}}
"#
    )
}

fn http(port: u16) -> String {
    format!(
        r#"general: {{
    json = "compact"
    base_path = "/janus"
    http = true
    ip = "127.0.0.1"
    port = {port}
    https = false
}}
admin: {{
    admin_http = false
}}
"#
    )
}
