//! GStreamer's webrtcbin as a WHIP publisher of colour bars and a tone.

use std::error::Error;

use gstreamer::prelude::*;
use gstreamer_webrtc::{WebRTCRTPTransceiver, WebRTCRTPTransceiverDirection};

use crate::session::Session;
use crate::webrtcbin::Pipeline;

/// What a publisher may encode its bars with.
#[derive(Clone, Copy, Debug)]
pub enum Codec {
    /// libvpx.
    Vp8,
    /// OpenH264, Constrained Baseline.
    H264,
}

impl Codec {
    /// The elements from raw pictures to RTP. The payload types are the publisher's own choice.
    fn encode(self) -> &'static str {
        match self {
            Self::Vp8 => {
                "vp8enc deadline=1 cpu-used=8 target-bitrate=1000000 keyframe-max-dist=60 ! \
                 rtpvp8pay picture-id-mode=15-bit ! \
                 application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000"
            }
            Self::H264 => {
                "openh264enc complexity=low bitrate=1000000 gop-size=60 ! \
                 video/x-h264,profile=constrained-baseline ! h264parse ! \
                 rtph264pay config-interval=-1 aggregate-mode=zero-latency ! \
                 application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000"
            }
        }
    }
}

/// A publisher that is live. It stops with this value, and says so only when closed.
pub struct Publisher {
    _pipeline: Pipeline,
    session: Session,
}

impl Publisher {
    /// Publishes until closed or dropped.
    pub async fn start(endpoint: &str, key: &str, codec: Codec) -> Result<Self, Box<dyn Error>> {
        let pipeline = Pipeline::parse(&format!(
            "webrtcbin name=peer bundle-policy=max-bundle \
             videotestsrc is-live=true pattern=smpte ! video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! \
             {} ! peer. \
             audiotestsrc is-live=true wave=sine freq=440 ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay ! \
             application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000 ! peer.",
            codec.encode()
        ))?;
        for index in 0..2_i32 {
            let transceiver: Option<WebRTCRTPTransceiver> = pipeline
                .webrtcbin
                .emit_by_name("get-transceiver", &[&index]);
            transceiver
                .ok_or("webrtcbin has a transceiver for each linked pad")?
                .set_property("direction", WebRTCRTPTransceiverDirection::Sendonly);
        }
        let session = pipeline.connect(endpoint, Some(key)).await?;
        Ok(Self {
            _pipeline: pipeline,
            session,
        })
    }

    /// Ends the session by DELETE.
    pub async fn close(self) -> Result<(), Box<dyn Error>> {
        self.session.close().await
    }
}
