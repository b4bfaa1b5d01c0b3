//! `freshet serve`

use std::net::{IpAddr, SocketAddr};

use super::output::{Failure, say};
use super::place::Place;
use crate::compose;
use crate::config::settings::Config;
use crate::logging::LogFormat;
use crate::roles::Role;

/// Run the server.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    place: Place,
    /// What this process does: sfu, bridge, signaling; all without it
    #[arg(long, value_name = "ROLES", value_delimiter = ',', value_parser = role)]
    roles: Vec<String>,
    /// Listen on this IP address in place of the configuration's; a port is HTTP's, and port 0 is any free port for
    /// every listener
    #[arg(long, value_name = "ADDR", value_parser = parse_listen)]
    listen: Option<Listen>,
    /// Print one line of JSON with the real addresses when they are open
    #[arg(long)]
    print_addresses: bool,
    /// Log in JSON, one object per line
    #[arg(long)]
    log_json: bool,
    /// error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", value_parser = ["error", "warn", "info", "debug", "trace"])]
    log_level: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Listen {
    ip: IpAddr,
    http_port: Option<u16>,
}

fn parse_listen(text: &str) -> Result<Listen, String> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(Listen {
            ip,
            http_port: None,
        });
    }
    text.parse::<SocketAddr>()
        .map(|address| Listen {
            ip: address.ip(),
            http_port: Some(address.port()),
        })
        .map_err(|_| "write an IP address, such as 0.0.0.0, with or without a port".to_owned())
}

fn role(name: &str) -> Result<String, String> {
    match Role::parse(name) {
        Some(role) => Ok(role.label().to_owned()),
        None => Err(format!(
            "the roles of this build are {}",
            Role::ALL.map(Role::label).join(", ")
        )),
    }
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let loaded = self
            .place
            .load_and_override(|config| self.override_config(config))?;
        let config = loaded.config;
        crate::logging::start(&config.log.level, config.log.format);
        let is_unconfigured = loaded.file.is_none();
        let print_addresses = self.print_addresses;
        compose::run(config, is_unconfigured, move |started| {
            if print_addresses {
                say(started.addresses.json());
            }
            say(started);
        })?;
        Ok(())
    }

    fn override_config(&self, config: &mut Config) {
        if let Some(listen) = self.listen {
            for address in [
                &mut config.http.listen,
                &mut config.https.listen,
                &mut config.sfu.listen,
            ] {
                address.set_ip(listen.ip);
            }
            if let Some(port) = listen.http_port {
                config.http.listen.set_port(port);
            }
            if listen.http_port == Some(0) {
                config.https.listen.set_port(0);
                config.sfu.listen.set_port(0);
            }
        }
        if !self.roles.is_empty() {
            config.node.roles.clone_from(&self.roles);
        }
        if self.log_json {
            config.log.format = LogFormat::Json;
        }
        if let Some(level) = &self.log_level {
            config.log.level.clone_from(level);
        }
    }
}
