//! GStreamer's webrtcbin as a WHIP publisher of colour bars and a tone.

use std::error::Error;

use gstreamer::prelude::*;
use gstreamer_webrtc::{WebRTCRTPTransceiver, WebRTCRTPTransceiverDirection};

use crate::codec::Codec;
use crate::session::Session;
use crate::webrtcbin::Pipeline;

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
             videotestsrc is-live=true pattern=smpte ! \
             video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! {} ! peer. \
             audiotestsrc is-live=true wave=sine freq=440 ! \
             audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay pt=97 ! peer.",
            codec.encode()
        ))?;
        for index in 0..2_i32 {
            let transceiver: Option<WebRTCRTPTransceiver> = pipeline
                .webrtcbin
                .emit_by_name("get-transceiver", &[&index]);
            let transceiver = transceiver.ok_or("webrtcbin has a transceiver for each pad")?;
            transceiver.set_property("direction", WebRTCRTPTransceiverDirection::Sendonly);
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
