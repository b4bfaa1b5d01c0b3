//! The HTTP ports.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use sfu_net::addresses::interface_addresses;
use tokio::net::{TcpListener, TcpSocket};

use crate::addresses::{self, Addresses};
use crate::config::settings::Config;
use crate::http::HttpServer;

/// A port cannot be had. The operator must act.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {address} ([{section}] listen): {error}; choose another, or stop who has it"
)]
pub(crate) struct ListenError {
    section: &'static str,
    address: SocketAddr,
    error: std::io::Error,
}

/// Connections that wait to be accepted: a crowd that arrives at once, as players do after a break. Past it the kernel drops
/// the SYN, and the client sends it again a second later. The kernel takes no more than `net.core.somaxconn` says.
const BACKLOG: u32 = 4_096;

/// Ports that are bound and not yet served: a client that connects waits.
pub(crate) struct Listeners {
    http: TcpListener,
    https: Option<TcpListener>,
    http_address: SocketAddr,
    https_address: Option<SocketAddr>,
}

/// A port that is listened on, also right after another server had it.
fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn bind(
    section: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), ListenError> {
    let failed = |error| ListenError {
        section,
        address,
        error,
    };
    let listener = listener(address).map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    Ok((listener, real))
}

impl Listeners {
    pub(crate) fn bind(config: &Config) -> Result<Self, ListenError> {
        let (http, http_address) = bind("http", config.http.listen)?;
        if !config.https.enabled {
            return Ok(Self {
                http,
                https: None,
                http_address,
                https_address: None,
            });
        }
        let (https, https_address) = bind("https", config.https.listen)?;
        Ok(Self {
            http,
            https: Some(https),
            http_address,
            https_address: Some(https_address),
        })
    }

    pub(crate) fn https_port(&self) -> Option<u16> {
        self.https_address.map(|address| address.port())
    }

    /// The real addresses, for people and programs.
    pub(crate) fn addresses(&self, config: &Config, ice: Vec<SocketAddr>) -> Addresses {
        // Without the interfaces, links name what is listened on.
        let interfaces = interface_addresses().unwrap_or_default();
        let domains = &config.acme.domains;
        let url = addresses::url(self.http_address, self.https_address, domains, &interfaces);
        Addresses {
            http: self.http_address,
            https: self.https_address,
            ice,
            url,
        }
    }

    /// Lets the clients in.
    pub(crate) fn serve(self, server: &HttpServer, tls: Option<Arc<ServerConfig>>) {
        server.tasks.spawn(server.clone().listen(self.http, None));
        if let (Some(https), Some(tls)) = (self.https, tls) {
            server.tasks.spawn(server.clone().listen(https, Some(tls)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};
    use std::time::Duration;

    use super::*;

    /// The kernel sends a SYN that was dropped again after a second.
    const BEFORE_THE_SECOND_SYN: Duration = Duration::from_millis(500);

    #[tokio::test]
    async fn a_crowd_that_arrives_at_once_waits_to_be_accepted() {
        let listener = listener((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let crowd = (0..400).map(|_| TcpStream::connect_timeout(&address, BEFORE_THE_SECOND_SYN));
        let crowd: Result<Vec<TcpStream>, _> = crowd.collect();
        assert_eq!(crowd.unwrap().len(), 400);
    }
}
