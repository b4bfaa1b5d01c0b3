//! What the configuration says about WHIP and WHEP, in their own terms.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use whip_whep_core::cors::AllowedOrigins;
use whip_whep_core::endpoint::Config as EndpointConfig;
use whip_whep_core::limits::{Limits, POSTS_PER_CLIENT};
use whip_whep_core::link_header::{Credential, IceServer, InvalidIceServer};
use whip_whep_core::rate::Rate;

use super::settings::{self, Config};

/// The entry of `http.allowed_origins` that stands for every page.
pub(super) const ANY_ORIGIN: &str = "*";

const MINUTE: Duration = Duration::from_secs(60);

/// The endpoints' configuration, of one that has been checked.
pub(crate) fn config(config: &Config) -> EndpointConfig {
    let limits = &config.limits;
    EndpointConfig {
        // Entries that are wrong were refused with the configuration.
        ice_servers: config
            .ice_servers
            .iter()
            .filter_map(|server| ice_server(server).ok())
            .collect(),
        allowed_origins: allowed_origins(config),
        lenient_patch: config.compat.lenient_patch,
        limits: Limits {
            posts_per_client: joins(limits.joins_per_second_and_client),
            failed_auths_per_client: Rate::new(limits.failed_auths_per_minute, MINUTE),
            stream_starts: Rate::new(limits.stream_starts_per_minute, MINUTE),
            publish_sessions_per_holder: limits.publish_sessions_per_holder,
            sessions: limits.sessions,
            players_per_stream: limits.players_per_stream,
            ..Limits::default()
        },
    }
}

pub(super) fn ice_server(server: &settings::IceServer) -> Result<IceServer, InvalidIceServer> {
    let credential = server.password.as_ref().map(|password| Credential {
        username: server.username.clone(),
        password: password.expose_secret().to_owned(),
    });
    IceServer::new(&server.uri, credential)
}

/// Which pages may send bearers.
pub(crate) fn allowed_origins(config: &Config) -> AllowedOrigins {
    let origins = &config.http.allowed_origins;
    if origins.iter().any(|origin| origin == ANY_ORIGIN) {
        AllowedOrigins::Any
    } else {
        AllowedOrigins::List(origins.to_vec())
    }
}

/// So many a second, and the same burst that the endpoint's own limit has: what is earned in its window.
fn joins(per_second: u32) -> Rate {
    let window = POSTS_PER_CLIENT.window;
    let burst = u128::from(per_second) * window.as_millis() / 1_000;
    Rate::new(u32::try_from(burst).unwrap_or(u32::MAX).max(1), window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_endpoints_own() {
        let ours = config(&Config::default());
        assert_eq!(ours.limits, Limits::default());
        assert_eq!(ours.allowed_origins, AllowedOrigins::Any);
        assert!(ours.ice_servers.is_empty() && !ours.lenient_patch);
    }

    #[test]
    fn a_listed_origin_is_not_any() {
        let of = |listed: &[String]| {
            let mut config = Config::default();
            config.http.allowed_origins = listed.to_vec();
            allowed_origins(&config)
        };
        let listed = ["https://stage.example".to_owned()];
        assert_eq!(of(&listed), AllowedOrigins::List(listed.to_vec()));
        assert_eq!(of(&[]), AllowedOrigins::List(Vec::new()));
    }
}
