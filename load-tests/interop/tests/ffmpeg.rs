//! ffmpeg publishes over WHIP, and GStreamer's webrtcbin plays it.

use std::error::Error;
use std::time::Duration;

use freshet_interop::codec::Codec;
use freshet_interop::ffmpeg::{Dtls, Ffmpeg};
use freshet_interop::player::Player;
use freshet_interop::server::{KEY, Server};
use freshet_interop::session::when_live;
use tokio::time::timeout;

/// Two seconds of pictures, and time to come by them on a machine that compiles at the same time.
const N_EACH: usize = 60;
const WITHIN: Duration = Duration::from_secs(30);

async fn is_seen_and_heard(name: &str, dtls: Dtls) -> Result<(), Box<dyn Error>> {
    let server = Server::start(name).await?;
    let _ffmpeg = Ffmpeg::publish(&server.whip_url(), KEY, dtls)?;
    let mut player = when_live(WITHIN, async || {
        Player::start(&server.whep_url(), Codec::H264Baseline).await
    })
    .await?;
    player.sees_and_hears(N_EACH, WITHIN).await?;
    player.close().await?;
    Ok(())
}

#[tokio::test]
async fn h264_from_ffmpeg_as_it_comes_to_webrtcbin() -> Result<(), Box<dyn Error>> {
    is_seen_and_heard("ffmpeg", Dtls::Passive).await
}

#[tokio::test]
async fn h264_from_ffmpeg_that_begins_dtls_to_webrtcbin() -> Result<(), Box<dyn Error>> {
    is_seen_and_heard("ffmpeg-active", Dtls::Active).await
}

#[tokio::test]
async fn ffmpeg_with_a_wrong_key_is_turned_away() -> Result<(), Box<dyn Error>> {
    let server = Server::start("ffmpeg-wrong-key").await?;
    let mut ffmpeg = Ffmpeg::publish(&server.whip_url(), "not-the-key-0001", Dtls::Passive)?;
    let status = timeout(WITHIN, ffmpeg.ended()).await.unwrap()?;
    assert!(!status.success());
    Ok(())
}
