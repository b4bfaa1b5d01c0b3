//! A publisher of H.264 and Opus, so that there is something to watch.

use std::net::IpAddr;

use sfu_net::clock::Clock;

use crate::endpoint::Endpoint;
use crate::joining::open;
use crate::publisher::{Media, Publisher};
use crate::run_error::RunError;
use crate::session::Role;

/// Publishes from this address, until the publisher is told to leave.
pub async fn publish(
    whip: &Endpoint,
    media: Media,
    local: IpAddr,
    clock: Clock,
) -> Result<Publisher, RunError> {
    let role = Role::Publisher(media.encodings);
    let joined = open(whip, role, local, clock).await?;
    Ok(Publisher::start_with(joined.session, media, clock)?)
}
