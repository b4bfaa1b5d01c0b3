//! GStreamer's webrtcbin publishes and plays.

use std::error::Error;
use std::time::Duration;

use freshet_interop::codec::Codec;
use freshet_interop::player::Player;
use freshet_interop::publisher::Publisher;
use freshet_interop::server::{KEY, Server};
use freshet_interop::session::{Refused, when_live};

/// Two seconds of pictures, and time to come by them on a machine that compiles at the same time.
const N_EACH: usize = 60;
const WITHIN: Duration = Duration::from_secs(30);

async fn publishes_and_plays(codec: Codec, name: &str) -> Result<(), Box<dyn Error>> {
    let server = Server::start(name).await?;
    let publisher = Publisher::start(&server.whip_url(), KEY, codec).await?;
    let mut player = when_live(WITHIN, async || {
        Player::start(&server.whep_url(), codec).await
    })
    .await?;
    player.sees_and_hears(N_EACH, WITHIN).await?;
    player.close().await?;
    publisher.close().await?;
    Ok(())
}

#[tokio::test]
async fn vp8_from_webrtcbin_to_webrtcbin() -> Result<(), Box<dyn Error>> {
    publishes_and_plays(Codec::Vp8, "vp8").await
}

#[tokio::test]
async fn vp9_from_webrtcbin_to_webrtcbin() -> Result<(), Box<dyn Error>> {
    publishes_and_plays(Codec::Vp9, "vp9").await
}

#[tokio::test]
async fn h264_from_webrtcbin_to_webrtcbin() -> Result<(), Box<dyn Error>> {
    publishes_and_plays(Codec::H264, "h264").await
}

#[tokio::test]
async fn a_wrong_key_is_refused() -> Result<(), Box<dyn Error>> {
    let server = Server::start("wrong-key").await?;
    let refused = Publisher::start(&server.whip_url(), "not-the-key-0001", Codec::Vp8).await;
    let error = refused.map(|_| ()).unwrap_err();
    let refused: &Refused = error.downcast_ref().expect("the server answers");
    assert_eq!(refused.status.as_u16(), 401);
    Ok(())
}
