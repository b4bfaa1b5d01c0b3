//! A publisher of H.264 and Opus, so that there is something to watch.

use std::net::IpAddr;

use sfu_net::clock::Clock;

use crate::endpoint::Endpoint;
use crate::frame_publisher::FramePublisher;
use crate::joining::open;
use crate::pictures::PictureSource;
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

/// Publishes pictures that a decoder can show, and silence; with the session URL, whose event stream tells a publisher what is
/// wrong with them.
pub async fn publish_frames(
    whip: &Endpoint,
    source: Box<dyn PictureSource>,
    local: IpAddr,
    clock: Clock,
) -> Result<(FramePublisher, String), RunError> {
    let role = Role::FramePublisher(source.codec());
    let joined = open(whip, role, local, clock).await?;
    let publisher = FramePublisher::start(joined.session, source, clock)?;
    Ok((publisher, joined.url))
}
